"""Import a module's declaration from its folder."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from modular_api.module.declaration import Module
from modular_api.registry.discovery import Candidate
from modular_api.registry.faults import (
    MissingDeclaration,
    ModuleFromElsewhere,
    ModuleImportFailed,
)
from modular_api.types import ModuleName


@dataclass(frozen=True)
class LoadedModule:
    """A declaration and what its folder says of it."""

    name: ModuleName
    declaration: Module
    description: str
    directory: Path


def load(candidate: Candidate) -> LoadedModule:
    """Import a module's package and its `module.py`.

    Raises: ModuleImportFailed, ModuleFromElsewhere, MissingDeclaration.
    """
    package_name = package_of(candidate)
    package = _import(candidate, package_name)
    return LoadedModule(
        name=candidate.name,
        declaration=_declaration(candidate, package_name),
        description=inspect.cleandoc(package.__doc__ or ""),
        directory=candidate.directory,
    )


def package_of(candidate: Candidate) -> str:
    """Return the dotted name a module's package is imported by."""
    return f"{parent_package(candidate.directory.parent)}.{candidate.name}"


def _declaration(candidate: Candidate, package_name: str) -> Module:
    name, directory = candidate.name, candidate.directory
    if not (directory / "module.py").is_file():
        raise MissingDeclaration(name, directory, "there is no module.py")
    source = _import(candidate, f"{package_name}.module")
    declaration = getattr(source, "module", None)
    if not isinstance(declaration, Module):
        found = (
            "module.py has no name `module`"
            if declaration is None
            else f"`module` in module.py is a {type(declaration).__name__}"
        )
        raise MissingDeclaration(name, directory, found)
    return declaration


def _import(candidate: Candidate, name: str) -> ModuleType:
    """Import a part of a module and make sure that it is this module's."""
    try:
        imported = importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: it would end the app silently
        raise ModuleImportFailed(candidate.name, candidate.directory, error) from error
    place = _place_of(imported)
    if place and not _lies_in(place, candidate.directory):
        raise ModuleFromElsewhere(candidate.name, candidate.directory, place)
    return imported


def parent_package(folder: Path) -> str:
    """Return the name below which the packages of `folder` are imported.

    A folder that is importable already keeps its real name, or every class in it would
    exist twice. Any other, and one whose name leads to the code of another folder, gets
    a package of its own, made here, so that relative imports between and inside its
    modules work.
    """
    folder = folder.resolve()
    search_path = tuple(entry or os.getcwd() for entry in sys.path)
    name = _importable_name(folder, search_path)
    if name is None or _is_taken(name, folder):
        return _synthetic_package(folder)
    return name


@lru_cache
def _importable_name(folder: Path, search_path: tuple[str, ...]) -> str | None:
    """Return the dotted name of a folder, where there is one.

    Asked for every module of the folder at every start; it depends on nothing else than
    the search path and what lies there, which stays while a process runs.
    """
    for entry in _above(folder, search_path):
        name = ".".join(folder.relative_to(entry).parts)
        try:
            spec = importlib.util.find_spec(name)
        except KeyboardInterrupt:
            raise
        except BaseException:  # a parent package's own code may raise anything
            continue
        found = (spec.submodule_search_locations if spec else None) or ()
        places = [Path(place).resolve() for place in found]
        if places and places[0] == folder and not _is_overlaid(folder, places[1:]):
            return name
    return None


def _is_overlaid(folder: Path, others: Sequence[Path]) -> bool:
    """Tell whether a later part of a namespace package has code that goes first.

    That is a package with an `__init__.py` where the one in `folder` has none.
    """
    return any(
        (other / entry.name / "__init__.py").is_file()
        and not (entry / "__init__.py").is_file()
        for other in others
        for entry in folder.iterdir()
    )


def _is_taken(name: str, folder: Path) -> bool:
    """Tell whether code of another folder was imported by the names of this one's.

    The search path may have been another one then.
    """
    package = sys.modules.get(name)
    if package is None:
        return False
    place = next(iter(getattr(package, "__path__", ())), None)
    if place is None or Path(place).resolve() != folder:
        return True
    for stem in {entry.stem for entry in folder.iterdir()}:
        imported = sys.modules.get(f"{name}.{stem}")
        place = _place_of(imported) if imported else None
        own = (folder / stem, folder / f"{stem}.py")
        if place and not any(_lies_in(place, entry) for entry in own):
            return True
    return False


def _place_of(imported: ModuleType) -> Path | None:
    """Return the file of an imported module, or the folder where it has no file."""
    file = getattr(imported, "__file__", None)
    place = file or next(iter(getattr(imported, "__path__", ())), None)
    return Path(place) if place else None


def _lies_in(place: Path, parent: Path) -> bool:
    """Tell whether a path is another one or below it, whatever links lead there."""
    return place.is_relative_to(parent) or place.resolve().is_relative_to(
        parent.resolve()
    )


def _above(folder: Path, search_path: Sequence[str]) -> Sequence[Path]:
    """Entries of the path above `folder`, nearest first, where a dotted name exists."""
    entries = {Path(entry).resolve() for entry in search_path}
    above = [e for e in entries if e != folder and folder.is_relative_to(e)]
    named = [
        e
        for e in above
        if all(part.isidentifier() for part in folder.relative_to(e).parts)
    ]
    return sorted(named, key=lambda entry: len(entry.parts), reverse=True)


def _synthetic_package(folder: Path) -> str:
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    name = f"modular_api_modules_{digest}"
    if name not in sys.modules:
        package = ModuleType(name, f"Modules of {folder}.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name
