"""The rule inside a package: import from the defining module, never from a face.

A face is an `__init__.py` that re-exports. Code below it that imports through it depends
on everything the face loads, and on the order in which it loads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modular_api.boundaries.imports import Import
from modular_api.boundaries.sources import SourceFile, read_sources
from modular_api.boundaries.violation import Violation


def face_violations(package: Path) -> list[Violation]:
    """Return every import inside the package that goes through one of its faces."""
    return sorted(_violations(package.resolve()))


def _violations(package: Path) -> Iterator[Violation]:
    for source in read_sources(package, package.name):
        if isinstance(source, Violation):
            yield source
        else:
            yield from _through_faces(source, package)


def _through_faces(source: SourceFile, package: Path) -> Iterator[Violation]:
    for imported in source.imports:
        if _is_face(imported, package):
            why = f"{imported.module} is a face; import from the module that defines it"
            yield source.violation(imported, why)


def _is_face(imported: Import, package: Path) -> bool:
    parts = imported.module.split(".")
    folder = package.joinpath(*parts[1:])
    if parts[0] != package.name or not (folder / "__init__.py").is_file():
        return False
    submodule = folder / (imported.name or "")
    takes_submodule = imported.name and (
        submodule.with_suffix(".py").is_file() or submodule.is_dir()
    )
    return not takes_submodule
