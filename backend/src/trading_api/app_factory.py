"""The trading app's factory: modular_api's, pointed at the trading modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modular_api import AppFactory as _AppFactory
from modular_api import ModularApp, ModuleRegistry
from modular_api.app.contract_check import ContractCheck

__all__ = ["AppFactory", "ModularApp", "ModuleRegistry"]

MODULES_DIR = Path(__file__).parent / "modules"
CACHE_DIR = Path(__file__).parents[2] / ".local" / "cache" / "formatted"
CONTRACTS_DIR = Path(__file__).parents[2] / "contracts"


class AppFactory(_AppFactory):
    """Makes trading apps; another folder of modules can be passed, as in tests."""

    def __init__(self, modules_dir: Path | str = MODULES_DIR, **options: Any) -> None:
        options.setdefault("title", "Trading API")
        options.setdefault("mend", "make generate")
        options.setdefault("cache_dir", CACHE_DIR)
        if modules_dir == MODULES_DIR:
            options.setdefault("contracts", ContractCheck(CONTRACTS_DIR))
        super().__init__(modules_dir, **options)
