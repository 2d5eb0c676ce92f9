"""A connection into an ASGI app of the same process, without a network.

The app cannot tell it from one that came through a server. What it sends waits in a
queue; a client that does not read makes it wait, as TCP does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from typing import Any, TypeAlias

from modular_api.clients.app_tasks import AppTasks
from modular_api.clients.asgi_exchange import Message
from modular_api.clients.channels.channel import Disconnected
from modular_api.clients.errors import ClientTimeout
from modular_api.clients.socket_errors import HandshakeRefused

log = logging.getLogger(__name__)

AsgiApp: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

_QUEUED_MESSAGES = 64


async def connect(
    app: AsgiApp,
    path: str,
    headers: Mapping[str, str],
    timeout_s: float | None,
    *,
    running: AppTasks,
    state: Mapping[str, Any] | None = None,
) -> AsgiChannel:
    """Connect to a socket of an app.

    Args:
        running: owns the task in which the app serves the connection.
        state: the app's lifespan state; the connection gets a shallow copy.

    Raises: HandshakeRefused, ClientTimeout
    """
    channel = AsgiChannel(app, _scope(path, headers, state), running)
    try:
        async with asyncio.timeout(timeout_s):
            await channel.open()
    except TimeoutError as error:
        await channel.aclose()
        raise ClientTimeout(f"GET {path}", timeout_s) from error
    except BaseException:
        await channel.aclose()
        raise
    return channel


class AsgiChannel:
    """Runs the app for one connection, in a task and a context of its own."""

    def __init__(self, app: AsgiApp, scope: dict[str, Any], running: AppTasks) -> None:
        self._app = app
        self._scope = scope
        self._running = running
        self._to_app: asyncio.Queue[Message] = asyncio.Queue(_QUEUED_MESSAGES)
        self._from_app: asyncio.Queue[Message] = asyncio.Queue(_QUEUED_MESSAGES)
        self._aborted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ended: Disconnected | None = None

    async def open(self) -> None:
        """Let the app accept. Raises: HandshakeRefused."""
        self._to_app.put_nowait({"type": "websocket.connect"})
        # A context of its own: a request's would live as long.
        self._task = self._running.start(self._run(), Context())
        answer = await self._next()
        if answer is None or answer["type"] == "websocket.close":
            raise HandshakeRefused(self._scope["path"], 403 if answer else 500)
        if answer["type"] == "websocket.http.response.start":
            raise HandshakeRefused(self._scope["path"], answer["status"])

    async def send(self, text: str) -> None:
        """Hand a message to the app."""
        if self._ended is not None or self._aborted.is_set():
            raise self._ended or Disconnected(1006)
        await self._to_app.put({"type": "websocket.receive", "text": text})

    async def receive(self) -> str:
        """Return what the app sends next; binary messages are ignored."""
        while self._ended is None:
            message = await self._next()
            if message is None:
                self._ended = Disconnected(1006, "the app has gone")
            elif message["type"] == "websocket.close":
                code, reason = message.get("code", 1000), message.get("reason")
                self._ended = Disconnected(code, reason or "")
                self._leave(code)
            elif message["type"] == "websocket.send" and message.get("text"):
                return str(message["text"])
        raise self._ended

    def abort(self) -> None:
        """Leave the app at once."""
        self._aborted.set()
        self._leave(1006)

    async def aclose(self) -> None:
        """Leave the app and let it end by itself, as behind a server."""
        self._ended = self._ended or Disconnected(1000)
        self._aborted.set()
        self._leave(1000)

    def _leave(self, code: int) -> None:
        """Tell the app that the client has gone; what waits for it is dropped."""
        while self._to_app.full():
            self._to_app.get_nowait()
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": code})

    async def _next(self) -> Message | None:
        """Return the app's next message; None if it has ended, or was left."""
        if not self._from_app.empty():
            return self._from_app.get_nowait()
        assert self._task is not None
        message = asyncio.ensure_future(self._from_app.get())
        aborted = asyncio.ensure_future(self._aborted.wait())
        try:
            await asyncio.wait(
                {message, aborted, self._task}, return_when=asyncio.FIRST_COMPLETED
            )
            if message.done():
                return message.result()
            return None if self._from_app.empty() else self._from_app.get_nowait()
        finally:
            message.cancel()
            aborted.cancel()

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._to_app.get, self._take)
        except Exception:
            # A server logs this and drops the connection, and so must we.
            log.exception("the socket %s raised in this process", self._scope["path"])

    async def _take(self, message: Message) -> None:
        if self._aborted.is_set() or self._ended is not None:
            raise OSError("the client has gone")  # as of ASGI 2.4
        if not self._from_app.full():
            self._from_app.put_nowait(message)
            return
        put = asyncio.ensure_future(self._from_app.put(message))
        aborted = asyncio.ensure_future(self._aborted.wait())
        try:
            await asyncio.wait({put, aborted}, return_when=asyncio.FIRST_COMPLETED)
            if not put.done():
                raise OSError("the client has gone")
        finally:
            put.cancel()
            aborted.cancel()


def _scope(
    path: str, headers: Mapping[str, str], state: Mapping[str, Any] | None
) -> dict[str, Any]:
    scope: dict[str, Any] = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            *(
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in headers.items()
            ),
        ],
        "client": ("127.0.0.1", 0),
        "server": ("localhost", 80),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    if state is not None:
        scope["state"] = dict(state)
    return scope
