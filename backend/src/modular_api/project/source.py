"""Which app a command works on, and how it is built."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from modular_api.errors import ModularError
from modular_api.project.errors import (
    AppImportFailed,
    AppNotFound,
    ModulesAreFixed,
    NoSource,
)
from modular_api.project.settings import ContractSettings, Settings, folder_or_package

if TYPE_CHECKING:
    from modular_api.app.modular_app import ModularApp
    from modular_api.codegen.mode import GenerationMode


@dataclass(frozen=True)
class AppSource:
    """Says where an app comes from; plain data, so another process can build it too.

    Attributes:
        app: an import string, `module:attribute`; None where `modules_dir` is set.
        modules_dir: a folder of modules, or the name of a package.
        modules: exactly these modules; None for all.
        import_folders: what is importable, nearest first: the current folder, and the
            project's.
        contracts: what an app does about its promise at start, where the project says.
        typescript: the folder of its TypeScript clients, where the project says.
        allowed_losses: what the clients of the modules in `modules_dir` may lack.
    """

    app: str | None = None
    modules_dir: Path | str | None = None
    modules: tuple[str, ...] | None = None
    include_uses: bool = False
    import_folders: tuple[Path, ...] = ()
    contracts: ContractSettings | None = None
    typescript: Path | None = None
    allowed_losses: tuple[str, ...] = ()

    def create_app(self, generation: GenerationMode | None = None) -> ModularApp:
        """Build the app.

        Args:
            generation: in place of what a factory does about generated files; an app
                that is built already keeps its own.
        Raises: AppNotFound, AppImportFailed, ModulesAreFixed; RegistryError and
            whatever else the framework raises while an app is built.
        """
        app = self._app_from(self._found(), generation)
        if self.contracts is not None:
            from modular_api.app.contract_check import ContractCheck

            app.contracts = ContractCheck(self.contracts.folder, self.contracts.policy)
        return app

    def module_folders(self) -> dict[str, Path]:
        """Return the folders of the modules by name, importing none where it can.

        Raises: as `create_app`; UnknownModule in a RegistryError.
        """
        from modular_api.app.factory import AppFactory
        from modular_api.registry.faults import RegistryError, UnknownModule

        found = self._found()
        if not isinstance(found, AppFactory):
            app = self._app_from(found, None)
            return {m.name: m.directory for m in app.modules_apps if m.directory}
        folders = {str(name): at for name, at in found.registry.directories().items()}
        wanted = folders if self.modules is None else self.modules
        unknown = [
            UnknownModule(name, given_in="--modules", known=list(folders))
            for name in wanted
            if name not in folders
        ]
        if unknown:
            raise RegistryError(unknown)
        return {name: folders[name] for name in wanted}

    def _found(self) -> object:
        """Return what the source names: an app, a factory, or something else."""
        from modular_api.app.factory import AppFactory

        self.make_importable()
        if self.modules_dir is not None:
            return AppFactory(self.modules_dir, allowed_losses=self.allowed_losses)
        assert self.app is not None
        return _load(self.app)

    def make_importable(self) -> None:
        """Put the folders the app's code stands in on `sys.path`."""
        new = [str(folder) for folder in self.import_folders]
        sys.path[:0] = [folder for folder in new if folder not in sys.path]

    def _app_from(self, found: object, generation: GenerationMode | None) -> ModularApp:
        from modular_api.app.factory import AppFactory
        from modular_api.app.modular_app import ModularApp

        if isinstance(found, AppFactory):
            return found.create_app(
                self.modules, include_uses=self.include_uses, generation=generation
            )
        target = self.app or ""
        if not isinstance(found, ModularApp):
            raise AppNotFound(
                target,
                f"it is a {type(found).__name__}, expected a ModularApp, an AppFactory "
                "or a callable that returns one of them",
            )
        if self.modules is not None or self.include_uses:
            raise ModulesAreFixed(target)
        return found


def choose_source(
    settings: Settings,
    *,
    app: str | None = None,
    modules_dir: str | None = None,
    modules: str | None = None,
    include_uses: bool = False,
) -> AppSource:
    """Put the project's settings and the command line together.

    The command line wins. The settings' `modules` belong to the settings' app: they
    count only where the command line names neither an app nor a folder.

    Raises: NoSource.
    """
    if app and modules_dir:
        raise NoSource("--app and --modules-dir exclude each other; leave out one.")
    named = None if modules is None else _names(modules)
    cwd = Path.cwd()
    import_folders = (cwd, *([settings.folder] if settings.folder else []))
    if app or modules_dir:
        folder = folder_or_package(modules_dir, cwd) if modules_dir else None
        return AppSource(
            app,
            folder,
            named,
            include_uses,
            import_folders,
            allowed_losses=settings.allowed_losses,
        )
    if settings.app is None and settings.modules_dir is None:
        raise NoSource(
            "Nothing says which app is meant: pass --modules-dir DIR or --app "
            "MODULE:ATTR, or write modules_dir or app into [tool.modular_api] of "
            "pyproject.toml."
        )
    return AppSource(
        settings.app,
        settings.modules_dir,
        settings.modules if named is None else named,
        include_uses,
        import_folders,
        settings.contracts,
        settings.typescript,
        settings.allowed_losses,
    )


def _names(text: str) -> tuple[str, ...]:
    """Split `a,b`; an empty text means no module at all."""
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _load(target: str) -> object:
    """Import what an import string names; call it if it is no app and no factory."""
    from modular_api.app.factory import AppFactory
    from modular_api.app.modular_app import ModularApp

    try:
        found = _import(target)
        # An app is callable, too: that is how servers talk to it.
        if callable(found) and not isinstance(found, ModularApp | AppFactory):
            return found()
        return found
    except ModularError:
        raise
    except Exception as error:
        raise AppImportFailed(target, error) from error


def _import(target: str) -> object:
    name, _, attribute = target.partition(":")
    if not name or not attribute:
        raise AppNotFound(target, "expected 'module:attribute', as in 'main:app'")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            why = (
                f"there is no module '{error.name}' in the current folder or installed"
            )
            raise AppNotFound(target, why) from error
        raise
    try:
        return reduce(getattr, attribute.split("."), module)
    except AttributeError as error:
        why = f"module '{name}' has no attribute '{attribute}'"
        raise AppNotFound(target, why) from error
