"""Serve an app in this process until it is asked to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from modular_api.app.draining import drain_app
from modular_api.serving.config import server_config
from modular_api.serving.lifespan import AppLifespan

log = logging.getLogger(__name__)

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    app: ASGIApp,
    listener: socket.socket,
    *,
    on_ready: Callable[[], None],
    grace_s: int,
) -> None:
    """Run the app's lifespan and answer requests; return after a stop as asked.

    SIGINT and SIGTERM let running requests end, for `grace_s` seconds at most, then stop
    the app. A second SIGINT does not wait. While the app is still starting the first
    signal cancels the start, which stops what had started.

    Args:
        listener: a socket that listens.
        on_ready: called once the app has started and is being served.

    Raises: whatever the app's lifespan raises. KeyboardInterrupt: a second signal came
        while the app was starting.
    """
    config = server_config(app, lifespan="on", timeout_graceful_shutdown=grace_s)
    config.lifespan_class = AppLifespan
    server = _Server(config, on_ready)
    try:
        server.run(sockets=[listener])
    except asyncio.CancelledError:
        if not server.should_exit:
            raise  # nobody asked for it
        log.info("stopped while the app was starting")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._cancel_start: Callable[[], object] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        start = asyncio.current_task()
        assert start is not None
        loop = asyncio.get_running_loop()
        self._cancel_start = lambda: loop.call_soon_threadsafe(start.cancel)
        await super().startup(sockets)
        self._cancel_start = None
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain the app first: uvicorn closes its sockets without a word."""
        await drain_app(self.lifespan.state)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the stop signals over.

        uvicorn raises them again after it has stopped, so that the process seems
        killed; a stop that was asked for and went well is a success here.
        """
        before = {kind: signal.signal(kind, self.handle_exit) for kind in _STOP_SIGNALS}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.started:
            super().handle_exit(sig, frame)
        elif self.should_exit or self._cancel_start is None:
            raise KeyboardInterrupt
        else:
            self.should_exit = True
            self._cancel_start()
