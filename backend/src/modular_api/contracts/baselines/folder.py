"""The documents in a folder: a promise, a module's specs, or a tree of modules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from modular_api.contracts.documents import Baseline
from modular_api.contracts.errors import NothingToCompareWith, UnusableDocument
from modular_api.contracts.names import KINDS, ContractName, name_of_path


def read_folder(folder: Path) -> Baseline:
    """Return the documents in a folder and the folders below it.

    Raises:
        NothingToCompareWith: there is none.
        UnusableDocument: one cannot be read, or two are of one contract.
    """
    against = str(folder)
    found: dict[ContractName, Path] = {}
    for path in _candidates(folder.resolve()):
        name = name_of_path(path.parts)
        if name is None:
            continue
        if name in found:
            reason = f"{name} lies in {found[name]} and in {path}; name one's folder"
            raise UnusableDocument(against, reason)
        found[name] = path
    if not found:
        endings = " or ".join(f"*_{kind}.json" for kind in KINDS)
        raise NothingToCompareWith(against, f"the folder holds no file like {endings}")
    return Baseline(against, {name: _content(path) for name, path in found.items()})


def _candidates(folder: Path) -> Iterable[Path]:
    files = (path for kind in KINDS for path in folder.rglob(f"*_{kind}.json"))
    return sorted(
        path
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableDocument(str(path), error.strerror or str(error)) from error
