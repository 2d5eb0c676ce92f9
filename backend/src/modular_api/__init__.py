"""A modular FastAPI application factory with specs, contracts and typed clients.

Names are loaded when they are first used: a generated client needs this package's
`clients` alone, and must not pay for FastAPI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modular_api.lazy import lazy_attributes

if TYPE_CHECKING:
    from modular_api.app.factory import AppFactory
    from modular_api.app.modular_app import ModularApp
    from modular_api.codegen.mode import GenerationMode
    from modular_api.errors import (
        ConfigurationError,
        ModularError,
        ModuleLifespanError,
        ServiceNotRunning,
    )
    from modular_api.model import AppModel
    from modular_api.module.declaration import Module
    from modular_api.module.idempotency import idempotent
    from modular_api.module.module_app import ModuleApp
    from modular_api.module.service import Service
    from modular_api.module.sqlite_store import SqliteStore
    from modular_api.problems import Problem, problem_response
    from modular_api.registry.faults import RegistryError
    from modular_api.registry.registry import ModuleRegistry

__all__ = [
    "AppFactory",
    "AppModel",
    "ConfigurationError",
    "GenerationMode",
    "ModularApp",
    "ModularError",
    "Module",
    "ModuleApp",
    "ModuleLifespanError",
    "ModuleRegistry",
    "Problem",
    "RegistryError",
    "Service",
    "ServiceNotRunning",
    "SqliteStore",
    "idempotent",
    "problem_response",
]

_HOMES = {
    "AppFactory": ".app.factory",
    "AppModel": ".model",
    "ConfigurationError": ".errors",
    "GenerationMode": ".codegen.mode",
    "ModularApp": ".app.modular_app",
    "ModularError": ".errors",
    "Module": ".module.declaration",
    "ModuleApp": ".module.module_app",
    "ModuleLifespanError": ".errors",
    "ModuleRegistry": ".registry.registry",
    "Problem": ".problems",
    "RegistryError": ".registry.faults",
    "Service": ".module.service",
    "ServiceNotRunning": ".errors",
    "SqliteStore": ".module.sqlite_store",
    "idempotent": ".module.idempotency",
    "problem_response": ".problems",
}

if not TYPE_CHECKING:
    __getattr__ = lazy_attributes(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
