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
from modular_api.registry.faults import MissingDeclaration, ModuleImportFailed
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

    Raises: ModuleImportFailed, MissingDeclaration.
    """
    package_name = package_of(candidate)
    try:
        package = importlib.import_module(package_name)
    except Exception as error:
        raise ModuleImportFailed(candidate.name, candidate.directory, error) from error
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
    try:
        source = importlib.import_module(f"{package_name}.module")
    except Exception as error:
        raise ModuleImportFailed(name, directory, error) from error
    declaration = getattr(source, "module", None)
    if not isinstance(declaration, Module):
        found = (
            "module.py has no name `module`"
            if declaration is None
            else f"`module` in module.py is a {type(declaration).__name__}"
        )
        raise MissingDeclaration(name, directory, found)
    return declaration


def parent_package(folder: Path) -> str:
    """Return the name below which the packages of `folder` are imported.

    A folder that is importable already keeps its real name, or every class in it would
    exist twice. Any other gets a package of its own, made here, so that relative
    imports between and inside its modules work.
    """
    folder = folder.resolve()
    search_path = tuple(entry or os.getcwd() for entry in sys.path)
    return _importable_name(folder, search_path) or _synthetic_package(folder)


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
        except Exception:  # a parent package's own code may raise anything
            continue
        places = spec.submodule_search_locations if spec else None
        if places and folder in (Path(place).resolve() for place in places):
            return name
    return None


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
