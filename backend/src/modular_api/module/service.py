"""How a handler gets the service of the module it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.types import Scope

from modular_api.errors import ServiceNotRunning
from modular_api.types import MODULE_KEY

ServiceFactory: TypeAlias = Callable[[], AbstractAsyncContextManager[Any]]
"""A class or callable; what it returns is entered by the module's lifespan.

The value of `__aenter__` is the service the handlers see.
"""

SERVICES_KEY = "modular_api.services"
"""Key of the lifespan state that maps module names to running services."""

VERSION_STATES_KEY = "modular_api.version_states"
"""Key of the lifespan state that maps (module, version) to what its lifespan yielded."""


def service_of(scope: Scope) -> Any:
    """Return the running service of the module this request was routed to.

    Raises: ServiceNotRunning: the request came in without a lifespan, or the module
        declares no service.
    """
    module: str = scope.get(MODULE_KEY, "")
    services: Mapping[str, Any] | None = scope.get("state", {}).get(SERVICES_KEY)
    try:
        return (services or {})[module]
    except KeyError:
        raise ServiceNotRunning(module, app_runs=services is not None) from None


async def _service(connection: HTTPConnection) -> Any:
    return service_of(connection.scope)


Service: Any = Depends(_service)
"""Marks a parameter as the module's service: `data: Annotated[MarketData, Service]`."""
