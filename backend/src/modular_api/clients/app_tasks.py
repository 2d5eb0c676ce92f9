"""What an app in this process goes on with when its client has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

_CLOSE_TIMEOUT_S = 5.0


class AppTasks:
    """Owns the tasks in which an app serves the calls and sockets of one transport.

    An app may still be handling a request when its client has gone. As behind a server
    it comes to its end.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self, coroutine: Coroutine[Any, Any, None], context: Context | None = None
    ) -> asyncio.Task[None]:
        """Run in the running loop, in a copy of the caller's context or in another."""
        task = asyncio.create_task(coroutine, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Wait for all of it, a few seconds; then cancel it.

        What runs in the loop of another thread is cancelled at once.
        """
        here = asyncio.get_running_loop()
        own = set()
        for task in tuple(self._tasks):
            loop = task.get_loop()
            if loop is here:
                own.add(task)
            elif loop.is_running():
                loop.call_soon_threadsafe(task.cancel)
        if own:
            _, late = await asyncio.wait(own, timeout=_CLOSE_TIMEOUT_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_CLOSE_TIMEOUT_S)
