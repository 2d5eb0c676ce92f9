"""The versions of the tools that generate, found without importing them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from modular_api.codegen.errors import GeneratorMissing

_PACKAGE = Path(__file__).parents[1]
_VERSION = re.compile(r"^Version: (.+)$", re.MULTILINE)


@cache
def installed_version(distribution: str) -> str:
    """Return the version of an installed distribution.

    Raises: GeneratorMissing: it is not installed.
    """
    try:
        text = metadata.distribution(distribution).read_text("METADATA") or ""
    except metadata.PackageNotFoundError:
        raise GeneratorMissing(distribution) from None
    # `metadata.version` parses the whole file, long description included: 2.5 ms
    # where the expression takes 0.3 ms, on every start.
    found = _VERSION.search(text)
    if found is None:
        raise GeneratorMissing(distribution)
    return found[1].strip()


def sources(*names: str) -> tuple[Path, ...]:
    """Return files and folders by their names below `modular_api`."""
    return tuple(_PACKAGE / name for name in names)


def source_digest(paths: Iterable[Path]) -> str:
    """Return a short hash of source files and of all files below source folders.

    It serves as a version, because a number that is raised by hand would be forgotten.
    """
    digest = hashlib.sha256()
    for root in paths:
        for file in _source_files(root):
            name = file.relative_to(root.parent).as_posix()
            content = hashlib.sha256(file.read_bytes()).digest()
            digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:12]


def _source_files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
