"""Draining loses nothing: what a client of an instance sees while it stops."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any

import pytest
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from modular_api import Module
from modular_api.app.modular_app import ModularApp
from modular_api.deploy.instance.server import InstanceServer
from modular_api.listening import listen

LINGER_S = 0.2


class Work:
    """A module with requests that end when a test says so."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()

    def module(self) -> Module:
        router = APIRouter()

        @router.get("/quick")
        async def quick() -> str:
            return "done"

        @router.post("/slow")
        async def slow() -> str:
            self.begun.set()
            await asyncio.to_thread(self.release.wait, 5)
            return "done"

        @router.get("/half")
        async def half() -> StreamingResponse:
            async def parts() -> AsyncIterator[str]:
                yield "one "
                self.begun.set()
                await asyncio.to_thread(self.release.wait, 5)
                yield "two"

            return StreamingResponse(parts())

        @router.api_route("/events", methods=["GET", "POST"])
        async def events() -> StreamingResponse:
            async def parts() -> AsyncIterator[str]:
                yield "data: 1\n\n"
                self.begun.set()
                await asyncio.to_thread(self.release.wait, 5)
                yield "data: 2\n\n"

            return StreamingResponse(parts(), media_type="text/event-stream")

        @router.get("/native", response_class=EventSourceResponse)
        async def native() -> AsyncIterator[int]:
            yield 1
            self.begun.set()
            await asyncio.Event().wait()

        @router.websocket("/raw")
        async def raw(socket: WebSocket) -> None:
            await socket.accept()
            with suppress(WebSocketDisconnect):
                await socket.receive_text()

        return Module(routers={"v1": router})


class Running:
    """A server in a loop of its own, as in a process of its own."""

    def __init__(self, loop_factory: Any, *, grace_s: float) -> None:
        self.work = Work()
        self.listener = listen("127.0.0.1", 0)
        self.other_slot = self.listener.dup()
        self.health = listen("127.0.0.1", 0)
        self.port: int = self.listener.getsockname()[1]
        self.health_port: int = self.health.getsockname()[1]
        self.loop_name = ""
        self.clients: list[http.client.HTTPConnection] = []
        self._ready = threading.Event()
        self._loop_factory = loop_factory
        app = ModularApp([self.work.module().create_app("work")])
        self.server = InstanceServer(
            app,
            self.listener,
            self.health,
            on_ready=self._ready.set,
            about={"slot": "blue"},
            linger_s=LINGER_S,
            grace_s=grace_s,
        )
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        assert self._ready.wait(5)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._loop_factory) as runner:
            self.loop_name = type(runner.get_loop()).__module__
            runner.run(self.server._serve([self.listener]))

    def client(self, port: int | None = None) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, 5)
        connection.connect()
        self.clients.append(connection)
        return connection

    def wait_until_it_drains(self) -> None:
        """Ask it, on its private address."""
        wait_until(
            lambda: get(self.client(self.health_port), "/health/ready")[0] == 503
        )

    def stop(self) -> None:
        self.server.request_stop()

    def join(self) -> None:
        self.thread.join(5)
        assert not self.thread.is_alive()


@contextmanager
def running(loop_factory: Any, *, grace_s: float = 3) -> Iterator[Running]:
    one = Running(loop_factory, grace_s=grace_s)
    try:
        yield one
    finally:
        one.work.release.set()
        one.stop()
        one.thread.join(5)
        for client in one.clients:
            client.close()
        for listener in (one.listener, one.other_slot, one.health):
            listener.close()


def _uvloop() -> Any:
    return pytest.importorskip("uvloop").new_event_loop()


@pytest.fixture(params=[asyncio.new_event_loop, _uvloop], ids=["asyncio", "uvloop"])
def loop_factory(request: pytest.FixtureRequest) -> Any:
    """Both loops close sockets in ways of their own."""
    return request.param


def get(client: http.client.HTTPConnection, path: str) -> tuple[int, str | None]:
    """Return status and Connection header of an answer."""
    client.request("GET", path)
    answer = client.getresponse()
    answer.read()
    return answer.status, answer.getheader("connection")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def is_closed(client: http.client.HTTPConnection) -> bool:
    """Tell whether the server has closed an idle connection."""
    client.sock.settimeout(0)
    try:
        return client.sock.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    finally:
        client.sock.settimeout(5)


def test_a_request_in_flight_is_answered(loop_factory: Any) -> None:
    """And the answer says that the connection ends."""
    with running(loop_factory) as one:
        client = one.client()
        client.request("POST", "/api/v1/work/slow")
        assert one.work.begun.wait(5)
        one.stop()
        one.wait_until_it_drains()
        one.work.release.set()
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, b'"done"')
        assert answer.getheader("connection") == "close"
        one.join()


def test_an_idle_connection_may_be_used_until_it_was_idle_for_long(
    loop_factory: Any,
) -> None:
    """A request on it is answered and told to be the last; else it is closed at last."""
    with running(loop_factory) as one:
        used, unused = one.client(), one.client()
        for client in (used, unused):
            assert get(client, "/api/v1/work/quick") == (200, None)
        began = time.monotonic()
        one.stop()
        one.wait_until_it_drains()
        assert get(used, "/api/v1/work/quick") == (200, "close")
        assert not is_closed(unused)
        one.join()
        assert time.monotonic() - began >= LINGER_S
        assert is_closed(unused)


def test_a_response_that_has_begun_leaves_its_connection_open_for_a_while(
    loop_factory: Any,
) -> None:
    """Its head did not say that the connection ends, so the client may use it again."""
    with running(loop_factory) as one:
        client = one.client()
        client.request("GET", "/api/v1/work/half")
        answer = client.getresponse()
        assert one.work.begun.wait(5)
        one.stop()
        one.wait_until_it_drains()
        time.sleep(LINGER_S)
        one.work.release.set()
        assert answer.read() == b"one two"
        assert get(client, "/api/v1/work/quick") == (200, "close")


def test_who_connects_while_it_drains_is_left_to_the_other_slot(
    loop_factory: Any,
) -> None:
    """The connection waits in the queue of the socket that both processes have."""
    with running(loop_factory) as one:
        one.stop()
        one.join()
        client = one.client()
        client.request("GET", "/api/v1/work/quick")
        one.other_slot.settimeout(5)
        accepted, _ = one.other_slot.accept()
        with accepted:
            assert b"GET /api/v1/work/quick" in accepted.recv(1000)


@pytest.mark.parametrize(
    ("method", "path", "received"),
    [
        ("GET", "events", b"data: 1\n\n"),
        ("GET", "native", b"data: 1\n\n"),
        ("POST", "events", b"data: 1\n\ndata: 2\n\n"),
    ],
)
def test_event_streams_end_where_their_client_comes_back(
    method: str, path: str, received: bytes, loop_factory: Any
) -> None:
    """Properly, between two events; any other stream is a request in flight."""
    with running(loop_factory) as one:
        client = one.client()
        client.request(method, f"/api/v1/work/{path}")
        answer = client.getresponse()
        assert one.work.begun.wait(5)
        one.stop()
        one.wait_until_it_drains()
        if method == "POST":
            one.work.release.set()
        assert answer.read() == received


def test_sockets_are_closed_with_1012(loop_factory: Any) -> None:
    """Also those that are no generated router's."""
    with running(loop_factory) as one:
        with connect(f"ws://127.0.0.1:{one.port}/api/v1/work/raw") as socket_:
            one.stop()
            with pytest.raises(ConnectionClosed):
                socket_.recv(5)
            assert socket_.close_code == 1012


def test_what_does_not_end_is_cancelled(loop_factory: Any) -> None:
    """After the grace, so that a process ends before it is killed."""
    with running(loop_factory, grace_s=0.2) as one:
        client = one.client()
        client.request("POST", "/api/v1/work/slow")
        assert one.work.begun.wait(5)
        began = time.monotonic()
        one.stop()
        assert client.getresponse().status == 500
        assert 0.2 <= time.monotonic() - began < 1.5


def test_it_tells_what_it_runs_on(loop_factory: Any) -> None:
    """The loop, the parser, the slot: over the socket of its own."""
    with running(loop_factory) as one:
        client = one.client(one.health_port)
        client.request("GET", "/health/ready")
        about = json.load(client.getresponse())
        assert about["loop"] == one.loop_name.partition(".")[0]
        assert about["http"] == ("httptools" if find_spec("httptools") else "h11")
        assert about["slot"] == "blue"


def test_a_stop_before_the_start_starts_nothing() -> None:
    """A manager may change its mind while the app is being imported."""
    with listen("127.0.0.1", 0) as listener, listen("127.0.0.1", 0) as health:
        ready: list[bool] = []
        server = InstanceServer(
            ModularApp([]),
            listener,
            health,
            on_ready=lambda: ready.append(True),
            about={},
            linger_s=0,
            grace_s=1,
        )
        before = signal.getsignal(signal.SIGTERM)
        server.request_stop()
        server.run_until_stopped()
        assert not ready
        assert signal.getsignal(signal.SIGTERM) is before
