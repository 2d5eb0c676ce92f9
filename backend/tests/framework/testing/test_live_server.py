"""LiveServer: a real socket, ready at once, gone at once."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from modular_api.listening import CannotListen, PortTaken
from modular_api.testing import (
    LiveServer,
    LiveServerError,
    coroutine_thread,
    uvicorn_server,
)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Every test leaves as many server threads as there were before it."""

    def servers() -> set[threading.Thread]:
        return {t for t in threading.enumerate() if t.name.startswith("LiveServer")}

    before = servers()
    yield
    assert servers() <= before


def failing_app(error: Exception) -> FastAPI:
    """Return an app whose lifespan fails before its start."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise error
        yield

    return FastAPI(lifespan=lifespan)


class TestClients:
    """Any client reaches it."""

    def test_httpx_reaches_it(self, running_server: LiveServer) -> None:
        """The client it hands out knows the address."""
        with running_server.client() as client:
            assert client.get("/").json() == {"hello": "world"}

    async def test_async_httpx_reaches_it(self, running_server: LiveServer) -> None:
        """So does the asynchronous one."""
        async with running_server.async_client() as client:
            assert (await client.get("/")).json() == {"hello": "world"}

    async def test_aiohttp_reaches_it(self, fresh_server: LiveServer) -> None:
        """`base_url` is enough for aiohttp."""
        async with (
            aiohttp.ClientSession(fresh_server.base_url) as session,
            session.get("/") as response,
        ):
            assert await response.json() == {"hello": "world"}

    def test_requests_reaches_it(self, running_server: LiveServer) -> None:
        """`base_url` is enough for requests."""
        response = requests.get(f"{running_server.base_url}/", timeout=5)
        assert response.json() == {"hello": "world"}

    def test_curl_reaches_it(self, fresh_server: LiveServer) -> None:
        """Another process reaches it as well."""
        curl = subprocess.run(
            ["curl", "--silent", "--noproxy", "*", f"{fresh_server.base_url}/"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        assert curl.stdout == '{"hello":"world"}'

    def test_a_socket_reaches_it(self, running_server: LiveServer) -> None:
        """`ws_url` leads to the app's WebSockets."""
        with connect(f"{running_server.ws_url}/ws", proxy=None) as ws:
            ws.send("hello")
            assert str(ws.recv()).startswith("hello ")

    def test_proxies_of_the_environment_are_left_aside(
        self, running_server: LiveServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A proxy could not reach the loopback address of this machine."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        with running_server.client() as client:
            assert client.get("/").status_code == 200

    def test_its_clients_take_the_options_of_httpx(
        self, running_server: LiveServer
    ) -> None:
        """What is given to `client` wins over what it would have chosen."""
        with running_server.client(headers={"X-A": "b"}, timeout=1) as client:
            assert client.headers["X-A"] == "b"
            assert client.timeout.read == 1


class TestStart:
    """It is ready when `start` returns, or says at once why not."""

    def test_the_lifespan_has_started_before_the_first_request(
        self, server: LiveServer, plain_app: FastAPI
    ) -> None:
        """And it has ended when the server has stopped."""
        with server:
            assert plain_app.state.running
        assert not plain_app.state.running

    def test_a_lifespan_error_is_raised_at_once_with_its_cause(self) -> None:
        """Nobody waits for a server that will never come."""
        error = ValueError("no database")
        began = time.monotonic()
        with pytest.raises(LiveServerError, match="ValueError: no database") as failure:
            LiveServer(failing_app(error)).start()
        assert failure.value.__cause__ is error
        assert time.monotonic() - began < 5

    def test_an_app_whose_middleware_cannot_be_built_does_not_start(self) -> None:
        """Such an error comes before the lifespan's first message."""

        class Broken:
            def __init__(self, app: Any) -> None:
                raise TypeError("bad options")

        app = FastAPI()
        app.add_middleware(Broken)  # type: ignore[arg-type]  # broken on purpose
        with pytest.raises(LiveServerError, match="bad options"):
            LiveServer(app).start()

    def test_a_failure_without_an_exception_is_told_in_the_apps_words(self) -> None:
        """The protocol lets an app send a reason and return."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            message = {"type": "lifespan.startup.failed", "message": "out of licences"}
            await send(message)

        with pytest.raises(LiveServerError, match="out of licences"):
            LiveServer(app).start()

    def test_an_app_without_a_lifespan_is_served(self) -> None:
        """Any ASGI app will do, one that knows nothing but HTTP as well."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": 204})
            await send({"type": "http.response.body"})

        with LiveServer(app) as server, server.client() as client:
            assert client.get("/").status_code == 204

    def test_a_slow_lifespan_is_given_up_and_ended(self) -> None:
        """The error says how long it was waited for; nothing keeps running."""
        ended = threading.Event()

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            try:
                await asyncio.Event().wait()
                yield
            finally:
                ended.set()

        server = LiveServer(FastAPI(lifespan=lifespan), startup_timeout_s=0.05)
        with pytest.raises(LiveServerError, match=r"not within 0\.05 s"):
            server.start()
        assert ended.is_set()

    def test_a_lifespan_that_blocks_the_loop_is_named_by_its_line(self) -> None:
        """A thread cannot be killed, but one can say where it hangs."""
        release = threading.Event()

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            release.wait(10)
            yield

        server = LiveServer(FastAPI(lifespan=lifespan), startup_timeout_s=0.05)
        before = set(threading.enumerate())
        try:
            with pytest.raises(LiveServerError, match=rf"blocked at {__file__}:\d+"):
                server.start()
        finally:
            release.set()
            for thread in set(threading.enumerate()) - before:
                thread.join(5)

    def test_a_failed_start_frees_the_port(self) -> None:
        """So the next server can have it."""
        with LiveServer(FastAPI()) as other:
            port = other.port
        with pytest.raises(LiveServerError, match="no database"):
            LiveServer(failing_app(ValueError("no database")), port=port).start()
        with LiveServer(FastAPI(), port=port) as server:
            assert server.port == port

    def test_a_taken_port_is_refused(self) -> None:
        """By name, before anything of the app has run."""
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            with pytest.raises(
                PortTaken, match=f"127.0.0.1, port {port}: it is taken"
            ) as failure:
                LiveServer(failing_app(ValueError("ran")), port=port).start()
        assert failure.value.port == port

    def test_an_impossible_address_is_refused(self) -> None:
        """The system's own words are passed on."""
        with pytest.raises(CannotListen, match="Cannot listen on 203"):
            LiveServer(FastAPI(), host="203.0.113.1").start()

    def test_a_running_server_is_not_started_again(self, server: LiveServer) -> None:
        """The error names the address it runs at."""
        with (
            server,
            pytest.raises(LiveServerError, match=f"runs already.*{server.port}"),
        ):
            server.start()

    def test_it_has_no_address_before_its_start(self, server: LiveServer) -> None:
        """A port of 0 would be believed by somebody."""
        with pytest.raises(LiveServerError, match="not running"):
            _ = server.base_url

    def test_listening_on_every_address_it_names_a_reachable_one(self) -> None:
        """0.0.0.0 is no place to send a request to."""
        with LiveServer(FastAPI(), host="0.0.0.0") as server:
            assert server.base_url == f"http://127.0.0.1:{server.port}"
            assert server.ws_url == f"ws://127.0.0.1:{server.port}"

    def test_it_serves_over_ipv6(self, plain_app: FastAPI) -> None:
        """The address stands in brackets."""
        with LiveServer(plain_app, host="::1") as server, server.client() as client:
            assert server.base_url == f"http://[::1]:{server.port}"
            assert client.get("/").status_code == 200

    def test_options_reach_uvicorn(self, plain_app: FastAPI) -> None:
        """For example `root_path`."""
        with LiveServer(plain_app, headers=[("x-served-by", "us")]) as server:
            assert httpx.get(server.base_url).headers["x-served-by"] == "us"

    def test_signal_handlers_and_logging_stay_as_they_are(
        self, server: LiveServer
    ) -> None:
        """It is a guest in the process of the tests."""
        handlers = logging.getLogger("uvicorn").handlers[:]
        interrupt = signal.getsignal(signal.SIGINT)
        with server:
            assert signal.getsignal(signal.SIGINT) is interrupt
            assert logging.getLogger("uvicorn").handlers == handlers


class TestStop:
    """It stops gracefully for a while, then anyway."""

    def test_it_can_be_started_again(self, server: LiveServer) -> None:
        """The same object, the app's lifespan run anew."""
        for _ in range(3):
            with server, server.client() as client:
                assert client.get("/").status_code == 200

    def test_stopping_twice_does_nothing(self, server: LiveServer) -> None:
        """Nor does stopping what never ran."""
        server.stop()
        server.start()
        server.stop()
        server.stop()

    def test_a_stopped_server_refuses_connections(self, server: LiveServer) -> None:
        """Its socket is closed, not only ignored."""
        with server:
            url = server.base_url
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)

    def test_an_idle_connection_does_not_delay_the_stop(
        self, plain_app: FastAPI
    ) -> None:
        """Kept-alive connections are closed at once, not waited for."""
        server = LiveServer(plain_app, shutdown_timeout_s=30)
        server.start()
        with server.client() as client:
            client.get("/")
            began = time.monotonic()
            server.stop()
        assert time.monotonic() - began < 5

    def test_a_running_request_is_answered(self, plain_app: FastAPI) -> None:
        """Within the deadline a request is worth more than a fast stop."""
        begun, release = threading.Event(), threading.Event()

        @plain_app.get("/slow")
        def slow() -> str:
            begun.set()
            release.wait(10)
            return "done"

        server = LiveServer(plain_app, shutdown_timeout_s=10)
        server.start()
        answers: list[str] = []
        url = f"{server.base_url}/slow"
        client = threading.Thread(target=lambda: answers.append(httpx.get(url).text))
        client.start()
        assert begun.wait(5)
        stop = threading.Thread(target=server.stop)
        stop.start()
        release.set()
        stop.join(10)
        client.join(10)
        assert answers == ['"done"']

    def test_a_hanging_request_is_cancelled_at_the_deadline(
        self, server: LiveServer, plain_app: FastAPI
    ) -> None:
        """Its cleaning up runs, then the lifespan's."""
        server.start()
        url = f"{server.base_url}/hang"
        client = threading.Thread(target=lambda: requests.get(url, timeout=10))
        client.start()
        assert plain_app.state.hanging.wait(5)
        began = time.monotonic()
        server.stop()
        assert 0.2 <= time.monotonic() - began < 2
        assert plain_app.state.hung_up.is_set()
        assert not plain_app.state.running
        client.join(5)

    def test_an_open_socket_is_closed_with_going_away(self, server: LiveServer) -> None:
        """Its peer learns that the server restarts (1012), and need not guess."""
        server.start()
        with connect(f"{server.ws_url}/ws", proxy=None) as ws:
            ws.send("hello")
            ws.recv()
            server.stop()
            with pytest.raises(ConnectionClosed) as closed:
                ws.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012

    def test_a_peer_that_does_not_read_is_dropped(self, server: LiveServer) -> None:
        """What is left to write would otherwise keep the connection open for ever."""
        writing = threading.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": 200})
            body = {"type": "http.response.body", "body": b"x" * 2**20}
            while True:
                writing.set()
                await send({**body, "more_body": True})

        server = LiveServer(app, shutdown_timeout_s=0.1)
        server.start()
        with socket.create_connection(("127.0.0.1", server.port)) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert writing.wait(5)
            began = time.monotonic()
            server.stop()
            assert time.monotonic() - began < 3

    def test_a_lifespan_that_fails_while_stopping_is_reported(self) -> None:
        """A test that breaks the shutdown should be red."""

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            yield
            raise ValueError("unsaved orders")

        server = LiveServer(FastAPI(lifespan=lifespan))
        server.start()
        with pytest.raises(LiveServerError, match="stopping: ValueError: unsaved"):
            server.stop()

    def test_a_lifespan_that_never_ends_is_given_up(self) -> None:
        """It is cancelled at the deadline, and reported."""

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            yield
            await asyncio.Event().wait()

        server = LiveServer(FastAPI(lifespan=lifespan), shutdown_timeout_s=0.05)
        server.start()
        with pytest.raises(LiveServerError, match=r"did not end within 0\.05 s"):
            server.stop()

    def test_a_server_that_ended_by_itself_can_be_stopped(
        self, plain_app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """uvicorn leaves after `limit_max_requests`; the stop then finds nothing."""
        monkeypatch.setattr(uvicorn_server, "_TICK_S", 0.01)
        server = LiveServer(plain_app, limit_max_requests=1)
        before = set(threading.enumerate())
        server.start()
        (thread,) = set(threading.enumerate()) - before
        with server.client() as client:
            client.get("/")
        thread.join(5)
        assert not plain_app.state.running
        server.stop()

    @pytest.mark.parametrize("loop", ["auto", "asyncio"])
    def test_a_handler_that_blocks_the_loop_is_named_by_its_line(
        self, loop: str, plain_app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing else can stop such a server, so the test must learn of it."""
        monkeypatch.setattr(uvicorn_server, "_FORCE_S", 0.05)
        monkeypatch.setattr(coroutine_thread, "_CANCEL_TIMEOUT_S", 0.05)
        blocked, release = threading.Event(), threading.Event()

        @plain_app.get("/block")
        async def block() -> None:
            blocked.set()
            release.wait(10)

        before = set(threading.enumerate())
        server = LiveServer(plain_app, shutdown_timeout_s=0.05, loop=loop)
        server.start()
        peer = socket.create_connection(("127.0.0.1", server.port))
        peer.sendall(b"GET /block HTTP/1.1\r\nHost: a\r\n\r\n")
        assert blocked.wait(5)
        with pytest.raises(LiveServerError, match=rf"blocked at {__file__}:\d+"):
            server.stop()
        release.set()
        peer.close()
        for thread in set(threading.enumerate()) - before:
            thread.join(5)


@pytest.mark.slow
def test_200_servers_of_8_processes_start_without_a_clash(tmp_path: Path) -> None:
    """No port is taken twice, whoever starts at the same moment."""
    script = tmp_path / "start_25_servers.py"
    script.write_text(
        "from fastapi import FastAPI\n"
        "from modular_api.testing import LiveServer\n"
        "import httpx\n"
        "servers = [LiveServer(FastAPI(title=str(n))) for n in range(25)]\n"
        "for server in servers:\n"
        "    server.start()\n"
        "for n, server in enumerate(servers):\n"
        "    with server.client() as client:\n"
        "        title = client.get('/openapi.json').json()['info']['title']\n"
        "    assert title == str(n), (title, n)\n"
        "    server.stop()\n"
    )
    command = [sys.executable, "-W", "error", str(script)]
    processes = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(8)
    ]
    complaints = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, complaints
