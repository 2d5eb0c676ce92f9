"""The server of an instance: it takes a socket over from another, and hands it on."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import uvicorn
from starlette.routing import Router

from modular_api.app.draining import drain_app
from modular_api.app.health import SERVER_KEY, health_routes
from modular_api.app.modular_app import ModularApp
from modular_api.deploy.instance.documents import documents_route
from modular_api.deploy.instance.stacks import write_stacks
from modular_api.serving.accepting import stop_accepting
from modular_api.serving.config import server_config
from modular_api.serving.lifespan import AppLifespan

log = logging.getLogger(__name__)

_TICK_S = 1.0
_LOOK_S = 0.02
_FORCE_S = 0.5
_KEEP_ALIVE_S = 75.0
"""Longer than clients keep an idle connection, so that they close it and not we."""


class InstanceServer(uvicorn.Server):
    """Serves until it is told to drain, and loses no request meanwhile.

    It answers about its health on a socket of its own, from before the app starts.

    SIGTERM and SIGINT drain: no more connections are accepted, and who waits in the
    queue is left to the process in the other slot. Sockets are closed with 1012,
    requests in flight end. Every response asks for its connection to be closed. One
    that is idle stays open for `linger_s`: whoever keeps connections for a shorter time
    closes it first, and no request meets a closed one. A second signal ends the process
    at once. SIGQUIT writes all stacks to stderr, then drains.

    Args:
        listener: shared with other processes.
        on_ready: called once requests are answered.
        about: what is told of this process beside its health.
        linger_s: since a connection fell idle.
        grace_s: for requests in flight; what is not done then is cancelled.
    """

    def __init__(
        self,
        app: ModularApp,
        listener: socket.socket,
        health: socket.socket,
        *,
        on_ready: Callable[[], None],
        about: dict[str, Any],
        linger_s: float,
        grace_s: float,
    ) -> None:
        config = server_config(
            app, lifespan="on", timeout_keep_alive=int(_KEEP_ALIVE_S)
        )
        config.lifespan_class = AppLifespan
        super().__init__(config)
        self._health_config = uvicorn.Config(
            Router([*health_routes(app), documents_route(app)]),
            lifespan="off",
            log_config=None,
            ws="none",
        )
        self._health_config.load()
        self._health_state = uvicorn.server.ServerState()
        self._listener = listener
        self._health = health
        self._on_ready = on_ready
        self._about = {"http": _parser_of(config), **about}
        self._linger_s = linger_s
        self._grace_s = grace_s
        self._stop_requested = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start: asyncio.Task[Any] | None = None

    def run_until_stopped(self) -> None:
        """Start the app, serve, drain, stop the app.

        Raises: whatever the app's lifespan raises.
        """
        try:
            self.run(sockets=[self._listener])
        except asyncio.CancelledError:
            if not self.should_exit:
                raise  # nobody asked for it
            log.info("stopped while the app was starting")

    def request_stop(self, *, grace_s: float | None = None) -> None:
        """Begin to drain; may be called from any thread, and in a signal handler.

        Args:
            grace_s: in place of the usual one; idle connections are not waited for.
        """
        if grace_s is not None:
            self._grace_s = grace_s
            self._linger_s = 0
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self._begin_stop)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer about health, start the app, then accept connections."""
        self._loop = asyncio.get_running_loop()
        self._start = asyncio.current_task()
        if self.should_exit:
            raise asyncio.CancelledError
        self.lifespan.state[SERVER_KEY] = self._about
        health = await self._serve_health(self._loop)
        await super().startup(sockets)
        self._start = None
        self.servers.append(health)
        self._on_ready()

    async def main_loop(self) -> None:
        """Wait for the stop; the tick only refreshes the Date header."""
        while not self._stop_requested.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._stop_requested.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then stop the app; health is answered until the end."""
        *servers, health = self.servers
        began = time.monotonic()
        log.info("draining %s connections", len(self.server_state.connections))
        await stop_accepting([self._listener])
        for server in servers:
            server.close()
        self._ask_to_close_connections()
        try:
            async with asyncio.timeout(self._grace_s):
                await asyncio.gather(
                    drain_app(self.lifespan.state), self._connections_end()
                )
        except TimeoutError:
            await self._cut_off()
        await self.lifespan.shutdown()
        health.close()
        for connection in tuple(self._health_state.connections):
            connection.shutdown()
        log.info("drained in %.2f s", time.monotonic() - began)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain; end at once when asked again."""
        if self.should_exit and sig != signal.SIGQUIT:
            os._exit(1)
        self.request_stop()  # first: a second signal may come while stacks are written
        if sig == signal.SIGQUIT:
            write_stacks(self._loop)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the stop signals over; a stop as asked is no death by signal."""
        kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
        before = {kind: signal.signal(kind, self.handle_exit) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _begin_stop(self) -> None:
        if self._start is not None:
            self._start.cancel()
        self._stop_requested.set()

    async def _serve_health(
        self, loop: asyncio.AbstractEventLoop
    ) -> asyncio.base_events.Server:
        config, state = self._health_config, self._health_state

        def new_connection() -> asyncio.Protocol:
            protocol: Any = config.http_protocol_class
            connection = protocol(
                config=config, server_state=state, app_state=self.lifespan.state
            )
            connection.access_log = False  # uvicorn's option silences the whole process
            return connection  # type: ignore[no-any-return] # uvicorn says no more of it

        server = await loop.create_server(new_connection, sock=self._health)
        return server

    def _ask_to_close_connections(self) -> None:
        """Let every response say that its connection ends."""
        state = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        for connection in tuple[Any, ...](state.connections):
            # A response that has begun cannot say so any more: its connection becomes
            # idle, and is left to the client for a while like the other idle ones.
            if _is_busy(connection) and not connection.cycle.response_started:
                connection.shutdown()

    async def _connections_end(self) -> None:
        """Return when no connection is left."""
        idle_since: dict[Any, float] = {}
        while self.server_state.connections or self.server_state.tasks:
            now = time.monotonic()
            for connection in tuple(self.server_state.connections):
                if _is_busy(connection):
                    idle_since.pop(connection, None)
                elif now - idle_since.setdefault(connection, now) >= self._linger_s:
                    connection.shutdown()
            await asyncio.sleep(_LOOK_S)

    async def _cut_off(self) -> None:
        """Cancel what is still running."""
        state = self.server_state
        log.warning(
            "cancelling %s requests that did not end within %g s",
            len(state.tasks),
            self._grace_s,
        )
        for task in tuple(state.tasks):
            task.cancel("the process stops")
        with suppress(TimeoutError):
            async with asyncio.timeout(_FORCE_S):
                await self._connections_end()
        for connection in tuple(state.connections):
            connection.transport.abort()


def _is_busy(connection: Any) -> bool:
    """Tell whether an HTTP connection is answering; a WebSocket counts as idle."""
    cycle = getattr(connection, "cycle", None)
    return cycle is not None and not cycle.response_complete


def _parser_of(config: uvicorn.Config) -> str:
    """Return what reads HTTP: `httptools` or `h11`."""
    module = config.http_protocol_class.__module__
    return module.rpartition(".")[2].removesuffix("_impl")
