"""Before the app stops: let modules finish, then send their clients away."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from modular_api.module.module_app import ModuleApp

log = logging.getLogger(__name__)

DRAIN_KEY = "modular_api.drain"
"""Key of the lifespan state with the app's Drain."""

HOOK_TIMEOUT_S = 5.0


class Drain:
    """Drains every module, once.

    A module whose service has an `async def drain(self)` is asked to bring its work to
    an end; then its sockets are closed with code 1012.

    A server that closes sockets by itself calls this first, with `drain_app`; else the
    end of the lifespan does.
    """

    def __init__(
        self, modules: Sequence[ModuleApp], services: Mapping[str, Any]
    ) -> None:
        self._modules = modules
        self._services = services
        self._is_done = False

    async def __call__(self) -> None:
        """Drain all modules at the same time."""
        if not self._is_done:
            self._is_done = True
            await asyncio.gather(*map(self._drain, self._modules))

    async def _drain(self, module: ModuleApp) -> None:
        hook = getattr(self._services.get(module.name), "drain", None)
        if hook is not None and inspect.iscoroutinefunction(hook):
            try:
                async with asyncio.timeout(HOOK_TIMEOUT_S):
                    await hook()
            except Exception:
                log.exception("the service of '%s' failed to drain", module.name)
        for socket in module.ws_versions:
            await socket.close_connections()


async def drain_app(state: Mapping[str, Any]) -> None:
    """Drain the app whose lifespan state this is; another one needs nothing."""
    drain = state.get(DRAIN_KEY)
    if isinstance(drain, Drain):
        await drain()
