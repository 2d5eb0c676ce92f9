"""The trading app's factory: modular_api's, pointed at the trading modules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modular_api import AppFactory as _AppFactory
from modular_api import GenerationMode, ModularApp, ModuleRegistry

__all__ = ["AppFactory", "ModularApp", "ModuleRegistry"]

MODULES_DIR = Path(__file__).parent / "modules"
CACHE_DIR = Path(__file__).parents[2] / ".local" / "cache" / "formatted"
CONTRACTS_DIR = Path(__file__).parents[2] / "contracts"


class AppFactory(_AppFactory):
    """Makes trading apps.

    Args:
        modules_dir: another folder of modules, as in tests, for which nothing was
            promised.
        generation: what a start does about generated files, as of any factory.
        peer_urls: where modules are that an app does not serve itself, by name.
    """

    def __init__(
        self,
        modules_dir: Path | str = MODULES_DIR,
        *,
        generation: GenerationMode | str | None = None,
        peer_urls: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            modules_dir,
            title="Trading API",
            generation=generation,
            cache_dir=CACHE_DIR,
            mend="make generate",
            contracts=CONTRACTS_DIR if modules_dir == MODULES_DIR else None,
            peer_urls=peer_urls or {},
        )
