"""Calls into an ASGI app of the same process, without a connection.

The app cannot tell such a call from one that came through a server: it runs in a
context of its own, it is told of the client's disconnect, and what it raises becomes
the answer a server would have given.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import unquote

from modular_api.clients.errors import ClientTimeout, PeerUnavailable
from modular_api.clients.loop_thread import LoopThread, run_in_loop
from modular_api.clients.wire import EncodedRequest, Response

log = logging.getLogger(__name__)

Message: TypeAlias = MutableMapping[str, Any]
AsgiApp: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[Message]],
        Callable[[Message], Awaitable[None]],
    ],
    Awaitable[None],
]
"""An ASGI 3 application. Spelled out, for Starlette is slow to import."""

_COMMON_HEADERS = ((b"host", b"localhost"), (b"accept", b"*/*"))


class AsgiTransport:
    """Calls one app. Its lifespan is the business of whoever owns the app.

    The whole answer is awaited, background tasks of the route included, so an
    endless stream never answers.

    Args:
        app: the ASGI app.
        state: lifespan state of the running app; each call gets a shallow copy, as
            from a server.
        loop: where the app runs. Synchronous calls from other threads are made there;
            without it, and from the loop's own thread, in a loop of the transport.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        state: Mapping[str, Any] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._app = app
        self._state = state
        self._loop = loop
        self._loop_thread = LoopThread()

    async def send(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        """Call the app in a task, so that it sees a copy of the caller's context."""
        exchange = _Exchange(request)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.create_task(self._run(exchange))
        except TimeoutError as error:
            raise ClientTimeout(str(request), timeout_s) from error
        return exchange.response()

    def send_sync(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        """Call the app in its loop, or in a loop of our own thread."""
        coroutine = self.send(request, timeout_s)
        if self._loop is not None and _waits_for_others(self._loop):
            return run_in_loop(coroutine, self._loop)
        return self._loop_thread.run(coroutine)

    async def aclose(self) -> None:
        """Stop the thread of synchronous calls, if there was one."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Stop the thread of synchronous calls, if there was one."""
        self._loop_thread.close()

    async def _run(self, exchange: _Exchange) -> None:
        try:
            await self._app(
                self._scope(exchange.request), exchange.receive, exchange.send
            )
        except Exception:
            # A server logs this and answers 500, and so must we.
            log.exception("%s raised in the called app", exchange.request)
            exchange.fail()

    def _scope(self, request: EncodedRequest) -> dict[str, Any]:
        scope: dict[str, Any] = {
            "type": "http",
            # 2.4 and later: `send` fails after a disconnect, nobody has to listen.
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(request.path),
            "raw_path": request.path.encode("ascii"),
            "query_string": request.query.encode("ascii"),
            "root_path": "",
            "headers": [
                *_COMMON_HEADERS,
                *(
                    (name.encode("latin-1"), value.encode("latin-1"))
                    for name, value in request.headers
                ),
            ],
            "client": ("127.0.0.1", 0),
            "server": ("localhost", 80),
        }
        if self._state is not None:
            scope["state"] = dict(self._state)
        return scope


class _Exchange:
    """One request and what the app answers to it."""

    def __init__(self, request: EncodedRequest) -> None:
        self.request = request
        self._received = False
        self._complete = asyncio.Event()
        self._start: Message | None = None
        self._body: list[bytes] = []

    async def receive(self) -> Message:
        if not self._received:
            self._received = True
            return {
                "type": "http.request",
                "body": self.request.body,
                "more_body": False,
            }
        await self._complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            # To HEAD a server answers without the body.
            if self.request.method != "HEAD":
                self._body.append(message.get("body", b""))
            if not message.get("more_body", False):
                self._complete.set()

    def fail(self) -> None:
        """Answer 500 where the app has not begun to answer."""
        if self._start is None:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            self._start = {"status": 500, "headers": headers}
            self._body = [b"Internal Server Error"]
            self._complete.set()

    def response(self) -> Response:
        """Raises: PeerUnavailable: the app stopped in the middle of its answer."""
        if self._start is None or not self._complete.is_set():
            raise PeerUnavailable(
                str(self.request), "the app in this process", "its answer breaks off"
            )
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in self._start.get("headers", ())
        }
        return Response(self._start["status"], headers, b"".join(self._body))


def _waits_for_others(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the loop runs in another thread: in its own one we would wait for ever."""
    try:
        return loop.is_running() and asyncio.get_running_loop() is not loop
    except RuntimeError:
        return loop.is_running()
