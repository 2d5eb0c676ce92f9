"""One lifespan in the background, shared by clients of any event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Generic, TypeVar

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modular_api.testing.coroutine_thread import CoroutineThread
from modular_api.testing.crossing import call_in
from modular_api.testing.errors import BackgroundLifespanError, reason

_GOODBYE_S = 0.5
"""How long a WebSocket's handler may take to end after its peer has gone."""

App = TypeVar("App", bound=Starlette)


class LifespanInBackground(Generic[App]):
    """Runs an app's lifespan in a loop of its own, and every request in that loop too.

        with LifespanInBackground(app):
            TestClient(app).get("/")                             # its own loop
            AsyncClient(transport=ASGITransport(app=app), ...)   # the test's loop

    What the lifespan makes (locks, queues, connections) is bound to one loop, while
    each test client brings another. So the app's outermost layer, `middleware_stack`,
    is replaced meanwhile by one that carries each call over to the lifespan's loop.
    If the lifespan is started again, by `with TestClient(app)`, a server or a second
    LifespanInBackground, the running one is shared; it ends with the first.

    Args:
        app: a FastAPI or Starlette application.
        startup_timeout_s: how long the lifespan may take to start.
        shutdown_timeout_s: how long it may take to end.
    """

    def __init__(
        self,
        app: App,
        *,
        startup_timeout_s: float = 10.0,
        shutdown_timeout_s: float = 3.0,
    ) -> None:
        self._app = app
        self._startup_timeout_s = startup_timeout_s
        self._shutdown_timeout_s = shutdown_timeout_s
        self._lifespan = _Lifespan(app)
        self._thread: CoroutineThread | None = None

    def __enter__(self) -> App:
        """Start the lifespan and return the app.

        Raises: BackgroundLifespanError: it failed (its error is the cause) or was too
            slow.
        """
        if isinstance(self._app.middleware_stack, _Carrier):
            return self._app
        self._lifespan = _Lifespan(self._app)
        self._thread = CoroutineThread(self._lifespan.run, name="LifespanInBackground")
        try:
            self._thread.start(self._startup_timeout_s)
        except Exception as error:
            self._thread = None
            raise BackgroundLifespanError(
                f"The lifespan of {_name(self._app)} did not start: "
                f"{reason(error, '')}"
            ) from error
        return self._app

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel the running requests and end the lifespan.

        Raises: BackgroundLifespanError: it failed while ending, or was too slow.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.call(self._lifespan.request_end)
        try:
            thread.join(self._shutdown_timeout_s)
        except Exception as error:
            raise BackgroundLifespanError(
                f"The lifespan of {_name(self._app)} did not end well: "
                f"{reason(error, '')}"
            ) from error


class _Lifespan:
    """One run of an app's lifespan: the server's side of the protocol.

    Source: ASGI specification, Lifespan Protocol 2.0.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._state: dict[str, Any] = {}
        self._carrier: _Carrier | None = None
        self._begun = False
        self._end_requested = asyncio.Event()
        self._ready: Callable[[], None]

    async def run(self, ready: Callable[[], None]) -> None:
        """Start the lifespan, call `ready`, and end it once that is requested."""
        self._ready = ready
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self._state,
        }
        try:
            await self._app(scope, self._receive, self._send)
        finally:
            if self._carrier is not None:
                self._app.middleware_stack = self._carrier.app

    def request_end(self) -> None:
        """Begin to end; to be called in the lifespan's loop."""
        self._end_requested.set()

    async def _receive(self) -> Message:
        if not self._begun:
            self._begun = True
            return {"type": "lifespan.startup"}
        await self._end_requested.wait()
        if self._carrier is not None:
            await self._carrier.cancel_calls()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            direct = self._app.middleware_stack
            assert direct is not None  # it has just answered
            self._carrier = _Carrier(direct, self._state)
            self._app.middleware_stack = self._carrier
            self._ready()


class _Carrier:
    """Stands in front of an app and carries calls over to the lifespan's loop."""

    def __init__(self, app: ASGIApp, state: Mapping[str, Any]) -> None:
        self.app = app
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._calls: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._answer_lifespan(scope, receive, send)
            return
        scope["state"] = {**self._state, **scope.get("state", {})}
        if asyncio.get_running_loop() is self._loop:
            # One part of the app calls another, and awaits it in its own task.
            await self.app(scope, receive, send)
        else:
            # A server never cancels a WebSocket's handler, it tells of the disconnect.
            # The test client does both at the same time.
            grace_s = _GOODBYE_S if scope["type"] == "websocket" else 0.0
            await call_in(
                self._loop, self._counted, scope, receive, send, grace_s=grace_s
            )

    async def cancel_calls(self) -> None:
        """Cancel the calls that came from other loops, and wait for their end."""
        for call in self._calls:
            call.cancel("the app's lifespan ends")
        if self._calls:
            await asyncio.wait(set(self._calls))

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        try:
            await self.app(scope, receive, send)
        finally:
            self._calls.discard(call)

    async def _answer_lifespan(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        scope.setdefault("state", {}).update(self._state)
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


def _name(app: Starlette) -> str:
    title = getattr(app, "title", "")
    return f"{type(app).__name__} '{title}'" if title else type(app).__name__
