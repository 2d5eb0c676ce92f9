"""What a running manager can be asked for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from modular_api.deploy.manager.errors import ControlFailed
from modular_api.deploy.manager.operating.reporting import status_of
from modular_api.deploy.manager.supervising.supervisor import Supervisor


class Commands:
    """Does what comes in over the control socket.

    A stop is answered before it is done: who asked sees its end when the manager's
    lock is free.

    Args:
        ends: this process ends with a stop, as it is for the manager alone.
    """

    def __init__(self, supervisor: Supervisor, *, ends: bool = False) -> None:
        self._supervisor = supervisor
        self._ends = ends
        self._stopping: asyncio.Task[None] | None = None
        self._table: Mapping[str, Callable[..., Awaitable[dict[str, Any]]]] = {
            "status": self.status,
            "stop": self.stop,
            "restart": self.restart,
            "reload": self.reload,
        }

    @property
    def is_stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopping is not None

    async def __call__(
        self, command: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Do one command. Raises: ModularError: what went wrong."""
        if command not in self._table:
            raise ControlFailed(f"There is no command '{command}'.")
        return await self._table[command](**arguments)

    async def status(self) -> dict[str, Any]:
        """Tell how everything is."""
        return await status_of(self._supervisor)

    async def stop(self, deadline_s: float | None = None) -> dict[str, Any]:
        """Begin to stop; tell which process ends with that, if any does."""
        if self._stopping is None:
            stop = self._supervisor.stop(deadline_s)
            self._stopping = asyncio.create_task(stop)
        elif deadline_s == 0:
            await self._supervisor.kill()
        return {"ending": os.getpid() if self._ends else None}

    async def restart(
        self, server: str | None = None, force: bool = False
    ) -> dict[str, Any]:
        """Let new processes take over."""
        await self._supervisor.restart(server, force=force)
        return await status_of(self._supervisor)

    async def reload(self) -> dict[str, Any]:
        """Read the configuration again, and do what differs."""
        await self._supervisor.reload()
        return await status_of(self._supervisor)
