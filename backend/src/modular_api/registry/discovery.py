"""Find the packages in a folder that are modules, without importing any of them."""

from __future__ import annotations

import keyword
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from modular_api.registry.faults import (
    BadModuleName,
    DuplicateModule,
    RegistryFault,
    UnreadableFolder,
)
from modular_api.types import ModuleName

_NAME = re.compile(r"[a-z][a-z0-9_]*")

RESERVED_NAMES = frozenset({"asyncapi", "docs", "openapi"})
"""Names the app answers itself below `/api/<version>/`."""


@dataclass(frozen=True)
class Candidate:
    """A folder that may be a module."""

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
    directories, faults = _package_folders(folders)
    for directory in directories:
        name = ModuleName(directory.name)
        if why := _why_no_name(name):
            faults.append(BadModuleName(name, directory, why))
        elif name in found:
            faults.append(DuplicateModule(name, found[name].directory, directory))
        else:
            found[name] = Candidate(name, directory)
    return dict(sorted(found.items())), faults


def _package_folders(
    folders: Iterable[Path],
) -> tuple[list[Path], list[RegistryFault]]:
    packages: list[Path] = []
    faults: list[RegistryFault] = []
    for folder in folders:
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            faults.append(UnreadableFolder(folder, error))
            continue
        for entry in entries:
            if entry.name.startswith(("_", ".")):
                continue
            try:
                if _is_package(entry):
                    packages.append(entry)
            except OSError as error:
                faults.append(UnreadableFolder(entry, error))
    return packages, faults


def _is_package(entry: Path) -> bool:
    if not entry.is_dir():
        return False
    names = {"__init__.py", "module.py"}.intersection(os.listdir(entry))
    return any((entry / name).is_file() for name in names)


def _why_no_name(name: str) -> str | None:
    if not _NAME.fullmatch(name):
        return "is not made of lower-case letters, digits and underscores"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return "is a word of Python"
    if name in RESERVED_NAMES:
        return "is taken by the app's own pages"
    return None
