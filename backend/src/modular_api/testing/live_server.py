"""A real server for tests: uvicorn in a thread, started and stopped in milliseconds."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from modular_api.listening import listen
from modular_api.serving.config import server_config
from modular_api.testing.coroutine_thread import CoroutineThread
from modular_api.testing.errors import LiveServerError
from modular_api.testing.uvicorn_server import EventServer

_REACHABLE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where a client reaches a server that listens on every address."""


class LiveServer:
    """Serves an ASGI app on a real socket, from `start` to `stop`.

        with LiveServer(app) as server:
            httpx.get(f"{server.base_url}/api/v1/broker/health")

    The socket listens before uvicorn sees it, so no other process can take its port in
    between. `start` returns when the lifespan has started and connections are
    accepted; when the lifespan fails, it raises at once. No signal handler is
    installed and no logging configured. A stopped server can be started again, then
    on a new port unless one was given.

    Args:
        app: any ASGI application.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        startup_timeout_s: how long the lifespan may take to start.
        shutdown_timeout_s: how long `stop` waits for running requests before it
            cancels them, and again for the lifespan to end.
        uvicorn_options: passed on to `uvicorn.Config`; requests and sockets
            are served as by `modular-api run` unless these say otherwise.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        startup_timeout_s: float = 10.0,
        shutdown_timeout_s: float = 3.0,
        **uvicorn_options: Any,
    ) -> None:
        self._app = app
        self._host = host
        self._wanted_port = port
        self._startup_timeout_s = startup_timeout_s
        self._shutdown_timeout_s = shutdown_timeout_s
        # Starlette always speaks the lifespan protocol; to "auto" an error before its
        # first message would mean that it does not, and the app would run half
        # started.
        self._options = {
            "lifespan": "on" if isinstance(app, Starlette) else "auto",
            **uvicorn_options,
        }
        self._running: _Running | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._now.port

    @property
    def base_url(self) -> str:
        """Its address for HTTP: `http://127.0.0.1:43567`, without a slash."""
        return f"http{self._now.tls}://{self._authority}"

    @property
    def ws_url(self) -> str:
        """Its address for WebSockets: `ws://127.0.0.1:43567`, without a slash."""
        return f"ws{self._now.tls}://{self._authority}"

    def client(self, **options: Any) -> httpx.Client:
        """Return a client of this server, to be closed by the caller.

        Args:
            options: passed on to `httpx.Client`. Proxies of the environment are left
                aside unless `trust_env` is given: they could not reach this server.
        """
        return httpx.Client(**self._client_options(options))

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        """Return an async client of this server, to be closed by the caller.

        Args:
            options: passed on to `httpx.AsyncClient`, as in `client`.
        """
        return httpx.AsyncClient(**self._client_options(options))

    def start(self) -> None:
        """Serve, and return as soon as requests are answered.

        Raises:
            LiveServerError: the app's lifespan failed (its error is the cause) or was
                too slow, or the server runs already.
            PortTaken: somebody listens on the wanted port; CannotListen: the address
                is impossible.
        """
        if self._running is not None:
            raise LiveServerError(f"The server runs already, at {self.base_url}.")
        config = server_config(self._app, **self._options)
        listener = listen(self._host, self._wanted_port, backlog=config.backlog)
        try:
            self._running = _Running(config, listener, self._shutdown_timeout_s)
            self._running.start(self._startup_timeout_s)
        except BaseException:
            self._running = None
            listener.close()
            raise

    def stop(self) -> None:
        """Stop serving; do nothing if the server does not run.

        New connections are refused, running requests get `shutdown_timeout_s` to end
        and are cancelled then, at last the lifespan is ended.

        Raises: LiveServerError: the lifespan failed while stopping or was too slow, or
            the app blocks the event loop.
        """
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _client_options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"base_url": self.base_url, "trust_env": False} | options

    @property
    def _now(self) -> _Running:
        if self._running is None:
            raise LiveServerError(
                "The server has no address: it is not running. Call `start()`, or use "
                "it in a `with` statement."
            )
        return self._running

    @property
    def _authority(self) -> str:
        host = _REACHABLE.get(self._host, self._host)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


class _Running:
    """One start of a server: its socket, its uvicorn, its thread."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, drain_timeout_s: float
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self.tls = "s" if config.is_ssl else ""
        self._server = EventServer(config, drain_timeout_s=drain_timeout_s)
        self._thread = CoroutineThread(
            lambda ready: self._server.serve_on(listener, ready),
            name=f"LiveServer-{self.port}",
            loop_factory=config.get_loop_factory(),
        )

    def start(self, timeout_s: float) -> None:
        try:
            self._thread.start(timeout_s)
        except TimeoutError as error:
            raise LiveServerError(
                f"The app did not start: {error}. Look for an `await` before the "
                "`yield` of its lifespan, or raise `startup_timeout_s`."
            ) from (self._server.lifespan_error or error)

    def stop(self) -> None:
        self._thread.call(self._server.request_stop)
        try:
            self._thread.join(self._server.longest_stop_s)
        except TimeoutError as error:
            raise LiveServerError(
                f"The server did not stop: {error}. A handler that waits without "
                "`await` stops every other; make it a plain `def`."
            ) from None
