"""The modules of a folder: which there are, and which of them an app takes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from modular_api.errors import ConfigurationError
from modular_api.registry.discovery import Candidate, find_candidates
from modular_api.registry.faults import (
    ModuleImportFailed,
    ModulesFolderMissing,
    RegistryError,
    RegistryFault,
    UnknownModule,
    UnreadableFolder,
)
from modular_api.registry.loading import LoadedModule, load, package_of
from modular_api.registry.missing_clients import (
    CLIENT_FOLDER,
    forget,
    whose_client_is_missing,
)
from modular_api.registry.start_order import find_cycles, start_order
from modular_api.types import ModuleName

ModulesDir: TypeAlias = Path | str | Sequence[Path | str]
"""A folder, the dotted name of a package, or several of them."""

MakeClient: TypeAlias = Callable[[LoadedModule], None]


class ModuleRegistry:
    """Finds modules in folders and loads those that are wanted.

    Nothing is imported before `load`, and then only what was asked for.

    Args:
        modules_dir: a folder as a Path or a string with a path, the dotted name of an
            importable package, or several of these.
    """

    def __init__(self, modules_dir: ModulesDir) -> None:
        self._places: tuple[Path | str, ...] = (
            (modules_dir,)
            if isinstance(modules_dir, (str, Path))
            else tuple(modules_dir)
        )

    def names(self) -> list[ModuleName]:
        """Return the names of all modules there are, sorted; imports none of them.

        Raises: RegistryError: a folder is missing, or has packages of impossible names.
        """
        return list(self.directories())

    def directories(self) -> dict[ModuleName, Path]:
        """Return the folders of all modules by name, sorted; imports none of them.

        Raises: RegistryError: a folder is missing, or has packages of impossible names.
        """
        candidates, faults = self._candidates()
        if faults:
            raise RegistryError(faults)
        return {name: candidate.directory for name, candidate in candidates.items()}

    def load(
        self,
        enabled: Sequence[str] | None = None,
        *,
        include_uses: bool = False,
        make_client: MakeClient | None = None,
    ) -> list[LoadedModule]:
        """Import the enabled modules and return them in the order they start.

        Args:
            enabled: exactly these; None takes all there are, `[]` none.
            include_uses: also take the modules these use, and those they use.
            make_client: makes the generated client of a module that another one imports
                and that is not there yet.

        Raises:
            RegistryError: with every fault of every module.
            ConfigurationError: `enabled` is a string.
        """
        if isinstance(enabled, str):
            names = enabled.replace(",", " ").split()
            raise ConfigurationError(
                f"enabled_module_names is the string {enabled!r}, expected a list of "
                f"names; pass {names!r}."
            )
        candidates, faults = self._candidates()
        wanted = list(candidates) if enabled is None else list(dict.fromkeys(enabled))
        loaded: dict[str, LoadedModule] = {}
        for name in wanted:  # grows while modules with their `uses` are taken along
            candidate = candidates.get(ModuleName(name))
            if candidate is None:
                given_in = "enabled_module_names"
                faults.append(
                    UnknownModule(name, given_in=given_in, known=list(candidates))
                )
                continue
            try:
                loaded[name] = _load(candidate, candidates, make_client)
            except RegistryFault as fault:
                faults.append(fault)
                continue
            uses = loaded[name].declaration.uses
            faults += _unknown_uses(name, uses, candidates)
            if include_uses:
                wanted += [used for used in uses if _is_new(used, wanted, candidates)]
        order = _start_order(loaded.values(), faults)
        if faults:
            raise RegistryError(faults)
        return [loaded[name] for name in order]

    def _candidates(
        self,
    ) -> tuple[dict[ModuleName, Candidate], list[RegistryFault]]:
        folders: list[Path] = []
        missing: list[RegistryFault] = []
        for place in self._places:
            try:
                folders.append(_folder_of(place))
            except RegistryFault as fault:
                missing.append(fault)
        candidates, faults = find_candidates(folders)
        return candidates, missing + faults


def _load(
    candidate: Candidate,
    candidates: Mapping[ModuleName, Candidate],
    make_client: MakeClient | None,
    waiting: frozenset[str] = frozenset(),
) -> LoadedModule:
    """Load a module; where another one's client is missing, make that and try again.

    Args:
        waiting: modules whose import waits for the client of this one.
    """
    waiting |= {candidate.name}
    package = package_of(candidate)
    made: set[str] = set()
    while True:
        try:
            return load(candidate)
        except ModuleImportFailed as fault:
            parent = package.rpartition(".")[0]
            peer = whose_client_is_missing(fault.cause, parent)
            peer_candidate = candidates.get(ModuleName(peer or ""))
            if make_client is None or peer_candidate is None:
                raise
            if peer in made or peer in waiting:
                raise
            made.add(peer_candidate.name)
            make_client(_load(peer_candidate, candidates, make_client, waiting))
            forget(f"{package_of(peer_candidate)}.{CLIENT_FOLDER}")
            forget(package)


def _unknown_uses(
    name: str, uses: Iterable[str], known: Iterable[str]
) -> list[RegistryFault]:
    names = list(known)
    return [
        UnknownModule(used, given_in=f"the `uses` of module '{name}'", known=names)
        for used in uses
        if used not in names
    ]


def _is_new(name: str, wanted: Sequence[str], known: Iterable[str]) -> bool:
    return name in known and name not in wanted


def _start_order(
    modules: Iterable[LoadedModule], faults: list[RegistryFault]
) -> list[str]:
    uses: dict[str, Sequence[str]] = {m.name: m.declaration.uses for m in modules}
    cycles = find_cycles(uses)
    faults += cycles
    return [] if cycles else start_order(uses)


def _folder_of(place: Path | str) -> Path:
    """Return the folder a Path, a string with a path or a package name stands for.

    Raises: ModulesFolderMissing, UnreadableFolder.
    """
    path = Path(place)
    try:
        if path.is_dir():
            return path.resolve()
    except OSError as error:
        raise UnreadableFolder(path, error) from error
    if isinstance(place, Path) or not place.replace(".", "_").isidentifier():
        why = "it is a file" if path.exists() else "it does not exist"
        raise ModulesFolderMissing(str(path), why)
    try:
        spec = importlib.util.find_spec(place)
    except ImportError as error:
        raise ModulesFolderMissing(f"'{place}'", str(error)) from error
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise ModulesFolderMissing(f"'{place}'", "no such package can be imported")
    return Path(folders[0]).resolve()
