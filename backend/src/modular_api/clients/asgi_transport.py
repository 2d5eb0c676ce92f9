"""Calls into an ASGI app of the same process, without a connection.

The app cannot tell such a call from one that came through a server: it runs in a
context of its own, it is told of the client's disconnect, and what it raises becomes
the answer a server would have given.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    MutableMapping,
)
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import unquote

from modular_api.clients.app_tasks import AppTasks
from modular_api.clients.asgi_exchange import (
    Message,
    StreamedExchange,
    WholeExchange,
)
from modular_api.clients.errors import ClientTimeout
from modular_api.clients.loop_thread import LoopThread, run_in_loop
from modular_api.clients.wire import (
    AsyncStreamedResponse,
    EncodedRequest,
    Response,
    StreamedResponse,
    SyncStreamedResponse,
)

if TYPE_CHECKING:
    from modular_api.clients.channels.channel import Channel

log = logging.getLogger(__name__)

AsgiApp: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[Message]],
        Callable[[Message], Awaitable[None]],
    ],
    Awaitable[None],
]
"""An ASGI 3 application; written out here because Starlette is slow to import."""

T = TypeVar("T")

GRACE_S = 1.0
"""How long an app may take to end a stream that nobody reads any more."""

_COMMON_HEADERS = ((b"host", b"localhost"), (b"accept", b"*/*"))


class AsgiTransport:
    """Calls one app, whose lifespan is run by the owner of the app.

    `send` awaits the whole answer, background tasks of the route included, so an
    endless stream never answers to it; `stream` gives its chunks as they are written.

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
        self._running = AppTasks()

    async def send(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        """Call the app in a task, so that it sees a copy of the caller's context.

        When the time is up, or the caller is cancelled, the app is told that the client
        is gone, and comes to its own end: a call that acts is not cut off half way.
        """
        exchange = WholeExchange(request)
        running = self._running.start(self._run(exchange))
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(running)
        except TimeoutError as error:
            raise ClientTimeout(str(request), timeout_s) from error
        finally:
            exchange.leave()
        return exchange.response()

    def send_sync(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        """Call the app in its loop, or in a loop of our own thread."""
        return self._run_sync(self.send(request, timeout_s))

    @asynccontextmanager
    async def stream(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> AsyncIterator[AsyncStreamedResponse]:
        """Call the app in a task, and read its answer as it is written.

        If the block is left before the end, the app is told that the client has gone,
        and is cancelled if it has not ended `GRACE_S` later.
        """
        exchange = StreamedExchange(request)
        running = asyncio.create_task(self._run_streamed(exchange))
        try:
            try:
                async with asyncio.timeout(timeout_s):
                    status, headers = await exchange.head()
            except TimeoutError as error:
                raise ClientTimeout(str(request), timeout_s) from error
            async with aclosing(exchange.chunks()) as chunks:
                yield StreamedResponse(status, headers, chunks)
        finally:
            exchange.leave()
            await _ended(running, within_s=_grace_s(exchange))

    @contextmanager
    def stream_sync(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> Iterator[SyncStreamedResponse]:
        """Do the same for plain code, each step in the loop that `send_sync` uses."""
        stream = self.stream(request, timeout_s)
        answer = self._run_sync(stream.__aenter__())
        try:
            chunks = self._chunks_sync(answer.chunks)
            yield StreamedResponse(answer.status_code, answer.headers, chunks)
        finally:
            self._run_sync(stream.__aexit__(None, None, None))

    def _chunks_sync(self, chunks: AsyncIterator[bytes]) -> Iterator[bytes]:
        async def next_chunk() -> bytes | None:
            return await anext(chunks, None)

        while (chunk := self._run_sync(next_chunk())) is not None:
            yield chunk

    def _run_sync(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run in the app's loop, or in a loop of our own thread."""
        if self._loop is not None and _waits_for_others(self._loop):
            return run_in_loop(coroutine, self._loop)
        return self._loop_thread.run(coroutine)

    async def connect(
        self, path: str, headers: Mapping[str, str], timeout_s: float | None
    ) -> Channel:
        """Connect to a socket of the app, in the running loop."""
        from modular_api.clients.channels import asgi

        return await asgi.connect(
            self._app,
            path,
            headers,
            timeout_s,
            running=self._running,
            state=self._state,
        )

    async def aclose(self) -> None:
        """Wait for what the app goes on with; end the thread of synchronous calls."""
        await self._running.aclose()
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Stop the thread of synchronous calls, if there was one."""
        self._loop_thread.close()

    async def _run(self, exchange: WholeExchange) -> None:
        scope = self._scope(exchange.request)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            # A server logs this and answers 500, and so must we.
            log.exception("%s raised in the called app", exchange.request)
            exchange.fail()

    async def _run_streamed(self, exchange: StreamedExchange) -> None:
        scope = self._scope(exchange.request)
        # Below 2.4 Starlette listens for the disconnect itself, and so also ends a
        # stream that has nothing to write. uvicorn announces 2.3, too.
        scope["asgi"]["spec_version"] = "2.3"
        failed = False
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            failed = True
            # An error that a disconnect causes is not the app's fault.
            level = logging.DEBUG if exchange.left else logging.ERROR
            log.log(
                level, "%s raised in the called app", exchange.request, exc_info=True
            )
        except BaseException:
            exchange.break_off()
            raise
        await exchange.end(failed=failed)

    def _scope(self, request: EncodedRequest) -> dict[str, Any]:
        scope: dict[str, Any] = {
            "type": "http",
            # From 2.4 on `send` fails after a disconnect, and the app need not listen.
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


def _grace_s(exchange: StreamedExchange) -> float | None:
    """Return how long the app may go on; for background tasks as long as they need."""
    if exchange.complete:
        return None
    return GRACE_S if exchange.has_begun else 0.0


async def _ended(task: asyncio.Task[None], *, within_s: float | None) -> None:
    """Wait for the app to end, and cancel it if it takes longer, or if we are."""
    try:
        await asyncio.wait([task], timeout=within_s)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])


def _waits_for_others(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the loop runs in another thread; waiting in its own would never end."""
    try:
        return loop.is_running() and asyncio.get_running_loop() is not loop
    except RuntimeError:
        return loop.is_running()
