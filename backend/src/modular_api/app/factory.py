"""The composition root: from a folder of modules to an app."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modular_api.app.contract_check import ContractCheck
from modular_api.app.generation import Generation, new_engine
from modular_api.app.modular_app import ModularApp
from modular_api.codegen.errors import GeneratorMissing
from modular_api.codegen.mode import GenerationMode
from modular_api.codegen.python_target import PythonClient
from modular_api.errors import ConfigurationError
from modular_api.module.module_app import ModuleApp
from modular_api.registry.faults import ModuleNotBindable, RegistryError
from modular_api.registry.loading import LoadedModule
from modular_api.registry.registry import ModuleRegistry, ModulesDir

log = logging.getLogger(__name__)


class AppFactory:
    """Makes apps of the modules in a folder; every app binds its own copy of them.

    Args:
        modules_dir: a folder, the dotted name of a package, or several of these.
        title, version, description: of the apps, as in FastAPI.
        generation: what a start does about the generated files of the modules; None
            decides by their place: nothing where they are installed in site-packages
            or cannot be written, else `auto`.
        allowed_losses: what the generated clients may lack, each as the error that
            refused it prints it.
        cache_dir: where formatted texts are kept between generations; None for nowhere.
        contracts: what a start does about the promise: a check, or the promise's folder
            for a check with the default policy; None for nothing.
        mend: the command an error names as the one that brings files up to date.
        app_options: everything else a ModularApp takes, for example `middleware`.
    """

    def __init__(
        self,
        modules_dir: ModulesDir,
        *,
        title: str = "Modular API",
        version: str = "0.1.0",
        description: str = "",
        generation: GenerationMode | str | None = None,
        allowed_losses: Iterable[str] = (),
        cache_dir: Path | None = None,
        mend: str = "modular-api generate",
        contracts: ContractCheck | Path | None = None,
        **app_options: Any,
    ) -> None:
        self.registry = ModuleRegistry(modules_dir)
        self.generation = Generation(
            mode=_mode(generation),
            engine=new_engine(
                allowed_losses=allowed_losses,
                cache_folder=cache_dir,
                mend=mend,
                tolerate_unwritable=generation is None,
            ),
        )
        self._app_options = {
            "title": title,
            "version": version,
            "description": description,
            "contracts": (
                ContractCheck(contracts) if isinstance(contracts, Path) else contracts
            ),
            **app_options,
        }

    def create_app(
        self,
        enabled_module_names: Sequence[str] | None = None,
        *,
        include_uses: bool = False,
        generation: GenerationMode | None = None,
        peer_urls: Mapping[str, str] | None = None,
    ) -> ModularApp:
        """Load modules and mount them in a new app.

        Args:
            enabled_module_names: exactly these modules; None for all, `[]` for none.
            include_uses: take also the modules these declare in `uses`.
            generation: for this app, in place of the factory's.
            peer_urls: where modules are that are not mounted here; for this app, in
                place of the factory's.

        Raises:
            RegistryError: with every fault found; nothing was started.
            ConfigurationError: `enabled_module_names` is a string.
        """
        chosen = replace(
            self.generation, mode=generation or self.generation.mode, early=[]
        )

        def make_client(module: LoadedModule) -> None:
            """Generate what another module imports at its top."""
            chosen.make_early(_bind(module))

        may_write = chosen.mode in (None, GenerationMode.AUTO)
        loaded = self.registry.load(
            enabled_module_names,
            include_uses=include_uses,
            make_client=make_client if may_write else None,
        )
        options = dict(self._app_options)
        if peer_urls is not None:
            options["peer_urls"] = peer_urls
        return ModularApp(_bind_all(loaded), generation=chosen, **options)


def _mode(generation: GenerationMode | str | None) -> GenerationMode | None:
    """Return the mode asked for, or `off` where nothing asked and nothing generates.

    Raises: ConfigurationError: there is no such mode.
    """
    if generation is not None:
        try:
            return GenerationMode(generation)
        except ValueError:
            modes = ", ".join(repr(mode.value) for mode in GenerationMode)
            raise ConfigurationError(
                f"generation is {generation!r}, expected one of {modes} or None."
            ) from None
    try:
        PythonClient().tools()
    except GeneratorMissing as error:
        log.warning("Nothing is generated: %s", error)
        return GenerationMode.OFF
    return None


def _bind_all(loaded: Iterable[LoadedModule]) -> list[ModuleApp]:
    """Bind every module.

    Raises: RegistryError: with every module that cannot be bound.
    """
    modules: list[ModuleApp] = []
    faults: list[ModuleNotBindable] = []
    for module in loaded:
        try:
            modules.append(_bind(module))
        except ModuleNotBindable as fault:
            faults.append(fault)
    if faults:
        raise RegistryError(faults)
    return modules


def _bind(module: LoadedModule) -> ModuleApp:
    """Bind one module. Raises: ModuleNotBindable."""
    try:
        return module.declaration.create_app(
            module.name, description=module.description, directory=module.directory
        )
    except Exception as error:
        raise ModuleNotBindable(module.name, module.directory, error) from error
