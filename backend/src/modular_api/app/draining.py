"""Before the app stops: let modules finish, then send their clients away."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
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
    an end; then its sockets are closed with code 1012. Event streams end at once.

    A server that closes sockets by itself calls this first, with `drain_app`; else the
    end of the lifespan does.

    Attributes:
        has_begun: from then on the app is not ready for more.
        started_at: when all modules were running, on the monotonic clock.
    """

    def __init__(
        self, modules: Sequence[ModuleApp], services: Mapping[str, Any]
    ) -> None:
        self._modules = modules
        self._services = services
        self.has_begun = False
        self.started_at = time.monotonic()
        self._streams: set[asyncio.Task[Any]] = set()
        self._ended: set[asyncio.Task[Any]] = set()

    def add_stream(self, task: asyncio.Task[Any]) -> None:
        """Remember a task that sends a stream without an end, to cancel it in time."""
        self._streams.add(task)
        if self.has_begun:
            self._end_streams()

    def remove_stream(self, task: asyncio.Task[Any]) -> None:
        """Forget it."""
        self._streams.discard(task)
        self._ended.discard(task)

    def has_ended(self, task: asyncio.Task[Any]) -> bool:
        """Tell whether it was cancelled here, and not by anybody else."""
        return task in self._ended

    async def __call__(self) -> None:
        """Drain all modules at the same time."""
        if not self.has_begun:
            self.has_begun = True
            self._end_streams()
            await asyncio.gather(*map(self._drain, self._modules))

    def _end_streams(self) -> None:
        for task in self._streams - self._ended:
            self._ended.add(task)
            task.cancel("the app drains")

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
