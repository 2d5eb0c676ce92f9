"""uvicorn driven by events, where uvicorn itself polls and sleeps."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modular_api.app.draining import drain_app
from modular_api.serving.accepting import stop_accepting
from modular_api.testing.errors import LiveServerError, reason

_TICK_S = 1.0
_FORCE_S = 1.0


class EventServer(uvicorn.Server):
    """Serves until `request_stop`, then drains for a limited time.

    uvicorn looks every 0.1 s whether it should stop, sleeps 0.1 s while stopping and
    looks every 0.1 s whether all connections are closed. Here each of these is an
    event, so that a start and a stop take milliseconds.

    Args:
        drain_timeout_s: how long running requests may take to end, and again how long
            the lifespan may; after that they are cancelled.
    """

    def __init__(self, config: uvicorn.Config, *, drain_timeout_s: float) -> None:
        if not config.loaded:
            config.load()
        self._witness = _LifespanWitness(config.loaded_app)
        config.loaded_app = self._witness
        super().__init__(config)
        self._connections = _Connections()
        self.server_state.connections = self._connections
        self._drain_timeout_s = drain_timeout_s
        self._stop_requested = asyncio.Event()

    async def serve_on(
        self, listener: socket.socket, ready: Callable[[], None]
    ) -> None:
        """Serve on a listening socket; call `ready` once requests are answered."""
        self._ready = ready
        try:
            await self.serve(sockets=[listener])
        finally:
            # Cancelled, uvicorn closes nothing.
            for server in getattr(self, "servers", ()):
                server.close()
            listener.close()
            self._connections.abort_all()
            await asyncio.sleep(0)  # uvloop closes in its next round

    def request_stop(self) -> None:
        """Begin to stop; to be called in the server's loop."""
        self._stop_requested.set()

    @property
    def longest_stop_s(self) -> float:
        """By when a requested stop has ended, unless the loop is blocked."""
        return 2 * self._drain_timeout_s + 2 * _FORCE_S

    @property
    def lifespan_error(self) -> BaseException | None:
        """What the app's lifespan raised, if it did."""
        return self._witness.error

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Run the app's lifespan up to its start, then accept connections.

        Raises: LiveServerError: the lifespan failed; its error is the cause.
        """
        try:
            await super().startup(sockets)
        except SystemExit:  # how uvicorn says that the lifespan failed
            said = self._witness.message.strip() or "it gave no reason"
            raise LiveServerError(
                f"The app failed while starting: {reason(self._witness.error, said)}"
            ) from self._witness.error
        self._ready()

    async def main_loop(self) -> None:
        """Wait for the stop; the tick only refreshes the Date header."""
        self.should_exit = await self.on_tick(0)
        while not self.should_exit:
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._stop_requested.wait()
                    return
            self.should_exit = await self.on_tick(0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain the app, stop accepting, let requests end, then end the lifespan.

        Raises: LiveServerError: the lifespan failed or was too slow.
        """
        await drain_app(self.lifespan.state)
        await stop_accepting(sockets or [])
        for server in self.servers:
            server.close()
        self._connections.close_all()
        if not await self._drained_within(self._drain_timeout_s):
            await self._force()
        await self._end_lifespan()

    async def _force(self) -> None:
        for task in set(self.server_state.tasks):
            task.cancel("the server stops")
        if not await self._drained_within(_FORCE_S / 2):
            # A peer that does not read never takes what is left to write.
            self._connections.abort_all()
            await self._drained_within(_FORCE_S / 2)

    async def _drained_within(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._drained()
        except TimeoutError:
            return False
        return True

    async def _drained(self) -> None:
        while self.server_state.tasks or self._connections:
            if self.server_state.tasks:
                await asyncio.wait(set(self.server_state.tasks))
            else:
                await self._connections.emptied.wait()

    async def _end_lifespan(self) -> None:
        known = self._witness.error  # a lifespan that is "not supported" has failed
        try:
            async with asyncio.timeout(self._drain_timeout_s):
                await self.lifespan.shutdown()
        except TimeoutError:
            raise LiveServerError(
                f"The app's lifespan did not end within {self._drain_timeout_s:g} s "
                "and was cancelled. Look for an `await` after its `yield`."
            ) from None
        if (error := self._witness.error) is not known and error is not None:
            raise LiveServerError(
                f"The app failed while stopping: {reason(error, '')}"
            ) from error


class _Connections(set[Any]):
    """uvicorn's set of open connections, telling when it is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.emptied = asyncio.Event()
        self.emptied.set()
        self._closing = False

    def add(self, connection: Any) -> None:
        super().add(connection)
        self.emptied.clear()
        if self._closing:
            # Accepted before the listener closed, made afterwards, or upgraded to a
            # WebSocket just now. It has no transport yet, hence soon and not at once.
            asyncio.get_running_loop().call_soon(connection.shutdown)

    def remove(self, connection: Any) -> None:
        super().remove(connection)
        self._tell()

    def discard(self, connection: Any) -> None:
        super().discard(connection)
        self._tell()

    def close_all(self) -> None:
        """Close the idle ones now, the others after their response."""
        self._closing = True
        for connection in tuple(self):
            connection.shutdown()

    def abort_all(self) -> None:
        """Drop every connection, with whatever it has still to write."""
        for connection in tuple(self):
            connection.transport.abort()

    def _tell(self) -> None:
        if not self:
            self.emptied.set()


class _LifespanWitness:
    """The app, remembering what went wrong in its lifespan.

    uvicorn logs the error of a lifespan and keeps no more of it than a flag.
    """

    def __init__(self, app: Any) -> None:
        self._app: ASGIApp = app
        self.error: BaseException | None = None
        self.message = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._watch(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noting_send(message: Message) -> None:
            self.message = message.get("message", self.message)
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except BaseException as error:
            self.error = error
            raise
