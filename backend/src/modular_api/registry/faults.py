"""What can be wrong with a folder of modules.

Every fault is collected; RegistryError is raised once and lists them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modular_api.errors import ConfigurationError, describe, place_of


class RegistryFault(ConfigurationError):
    """One thing that is wrong with a module or with a name given for one."""


class BadModuleName(RegistryFault):
    """A folder's name cannot be a module's name."""

    def __init__(self, name: str, directory: Path, why: str) -> None:
        self.name = name
        self.directory = directory
        super().__init__(
            f"Module folder {directory}: the name '{name}' {why}; rename the folder."
        )


class DuplicateModule(RegistryFault):
    """Two packages declare a module of the same name."""

    def __init__(self, name: str, first: Path, second: Path) -> None:
        self.name = name
        self.places = (first, second)
        super().__init__(
            f"Module '{name}' exists twice, in {first} and in {second}; "
            "rename or remove one."
        )


class MissingDeclaration(RegistryFault):
    """A package has no `module.py`, or that file has no `module = Module(...)`."""

    def __init__(self, name: str, directory: Path, found: str) -> None:
        self.name = name
        self.directory = directory
        super().__init__(
            f"Module '{name}': {found} in {directory}; write "
            "`module = Module(...)` in its module.py, or start the folder's name "
            "with an underscore if it is no module."
        )


class ModuleImportFailed(RegistryFault):
    """A module's code raised while it was imported."""

    def __init__(self, name: str, directory: Path, cause: BaseException) -> None:
        self.name = name
        self.place = place_of(cause, within=directory)
        self.cause = cause
        hint = ""
        if isinstance(cause, ImportError) and "client_generated" in (cause.name or ""):
            hint = "; generate the clients, for example with `modular-api generate`"
        super().__init__(
            f"Module '{name}' cannot be imported, at {self.place}: "
            f"{describe(cause)}{hint}"
        )


class ModuleFromElsewhere(RegistryFault):
    """Importing a module gave code that does not lie in the module's folder."""

    def __init__(self, name: str, directory: Path, place: Path) -> None:
        self.name = name
        self.directory = directory
        self.place = place
        super().__init__(
            f"Module '{name}' of {directory}: its import gave {place} instead; leave "
            "`__path__` and `sys.modules` alone in its package, or rename the folder."
        )


class ModuleNotBindable(RegistryFault):
    """No application can be made of what a module declares."""

    def __init__(self, name: str, directory: Path, cause: Exception) -> None:
        self.name = name
        self.directory = directory
        self.cause = cause
        super().__init__(
            f"Module '{name}' in {directory} cannot be made an application: "
            f"{describe(cause)}; change what its `Module(...)` declares."
        )


class UnknownModule(RegistryFault):
    """A name was given for which there is no module."""

    def __init__(self, name: str, *, given_in: str, known: Sequence[str]) -> None:
        self.name = name
        self.given_in = given_in
        names = ", ".join(known) or "none"
        super().__init__(
            f"There is no module '{name}', named in {given_in}; there are: {names}."
        )


class UsesCycle(RegistryFault):
    """Modules use one another in a circle, so none can start first."""

    def __init__(self, path: Sequence[str]) -> None:
        self.path = tuple(path)
        super().__init__(
            f"Modules use one another in a circle: {' → '.join(path)}; "
            "remove one of them from a `uses`."
        )


class ModulesFolderMissing(RegistryFault):
    """There is no folder where modules were looked for."""

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        super().__init__(
            f"There is no folder of modules at {where}: {why}; pass an existing "
            "folder or an importable package as modules_dir."
        )


class UnreadableFolder(RegistryFault):
    """A folder cannot be read, so it is unknown which modules are there."""

    def __init__(self, folder: Path, cause: OSError) -> None:
        self.folder = folder
        self.cause = cause
        super().__init__(
            f"Folder {folder} cannot be read: {cause.strerror or describe(cause)}; "
            "give this process the right to read it, or move the folder away."
        )


class RegistryError(ConfigurationError):
    """Modules cannot be loaded; `faults` holds every reason found."""

    def __init__(self, faults: Sequence[RegistryFault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        lines = "".join(f"\n  - {fault}" for fault in self.faults)
        super().__init__(
            f"{count} {'fault' if count == 1 else 'faults'} in the modules:{lines}"
        )
