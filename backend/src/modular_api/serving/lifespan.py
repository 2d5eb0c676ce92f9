"""The lifespan of the served app, with its errors left as they are."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Scope

from modular_api.serving.errors import StartRefused


class AppLifespan:
    """Starts and stops the app; what it raises is raised to whoever runs the server.

    uvicorn's own class logs such an error with its traceback and keeps no more of it
    than a flag. This one has the attributes and methods a uvicorn server calls.

    Source: ASGI, Lifespan Protocol 2.0.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        self.state: dict[str, Any] = {}
        self.should_exit = False
        self._app: ASGIApp = config.loaded_app
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._answer: Message = {"type": ""}
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Start the app; when cancelled, stop what was started so far.

        Raises: what the app raises. StartRefused: it only said that it failed.
        """
        scope: Scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        self._task = asyncio.create_task(self._run(scope))
        try:
            await self._ask("lifespan.startup")
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                error = self._task.exception()
                if isinstance(error, Exception):
                    raise error from None
            raise
        if self._answer["type"] != "lifespan.startup.complete":
            await self._task
            raise StartRefused(self._answer.get("message", ""))

    async def shutdown(self) -> None:
        """Stop the app.

        Raises: what the app raises.
        """
        if self._task is not None:
            await self._ask("lifespan.shutdown")
            await self._task

    async def _ask(self, kind: str) -> None:
        self._answered.clear()
        await self._messages.put({"type": kind})
        await self._answered.wait()

    async def _run(self, scope: Scope) -> None:
        try:
            await self._app(scope, self._messages.get, self._take_answer)
        finally:
            self._answered.set()

    async def _take_answer(self, message: Message) -> None:
        self._answer = message
        # A failure is raised right after it was told; the task's end sets the event.
        if not message["type"].endswith(".failed"):
            self._answered.set()
