"""Find the packages in a folder that are modules, without importing any of them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modular_api.registry.faults import BadModuleName, DuplicateModule, RegistryFault
from modular_api.types import ModuleName

_NAME = re.compile(r"[a-z][a-z0-9_]*")

RESERVED_NAMES = frozenset({"asyncapi", "docs", "openapi"})
"""Names the app answers itself below `/api/<version>/`."""


@dataclass(frozen=True)
class Candidate:
    """A folder that wants to be a module."""

    name: ModuleName
    directory: Path


def find_candidates(
    folders: Iterable[Path],
) -> tuple[dict[ModuleName, Candidate], list[RegistryFault]]:
    """Return the modules below `folders` by name, sorted, and what is wrong with them.

    A module is a folder with an `__init__.py` or a `module.py` whose name does not
    start with `_` or `.`. What is left of a removed module, a bare `__pycache__` for
    example, is none.
    """
    found: dict[ModuleName, Candidate] = {}
    faults: list[RegistryFault] = []
    for directory in _package_folders(folders):
        name = ModuleName(directory.name)
        if why := _why_no_name(name):
            faults.append(BadModuleName(name, directory, why))
        elif name in found:
            faults.append(DuplicateModule(name, found[name].directory, directory))
        else:
            found[name] = Candidate(name, directory)
    return dict(sorted(found.items())), faults


def _package_folders(folders: Iterable[Path]) -> Sequence[Path]:
    return [
        entry
        for folder in folders
        for entry in sorted(folder.iterdir())
        if not entry.name.startswith(("_", "."))
        and ((entry / "__init__.py").is_file() or (entry / "module.py").is_file())
    ]


def _why_no_name(name: str) -> str | None:
    if not _NAME.fullmatch(name):
        return "is not made of lower-case letters, digits and underscores"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return "is a word of Python"
    if name in RESERVED_NAMES:
        return "is taken by the app's own pages"
    return None
