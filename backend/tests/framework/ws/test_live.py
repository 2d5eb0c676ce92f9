"""Sockets on a real server, where closing and stalling are not what TestClient shows."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from websockets.exceptions import ConnectionClosed

from modular_api.testing import LiveServer
from modular_api.ws import Limits, WsRouter
from modular_api.ws.serving import uvicorn_options

Make = Callable[..., Any]


class Text(BaseModel):
    """A text."""

    text: str


class News(WsRouter[None, Text]):
    """Published over HTTP."""


def publishing() -> APIRouter:
    """Return routes that publish in the server's loop."""
    http = APIRouter()

    @http.post("/publish")
    async def publish(
        news: Annotated[News, Depends(News.running)], count: int, size: int = 1
    ) -> None:
        for number in range(count):
            news.publish(None, Text(text="x" * size))
            if number % 100 == 0:
                await asyncio.sleep(0)

    return http


def closed(client: Any) -> ConnectionClosed:
    """Read to the end of a connection and return how it ended."""
    with pytest.raises(ConnectionClosed) as caught:
        _read_on(client)
    return caught.value


def _read_on(client: Any) -> None:
    while True:
        client.receive()


@pytest.fixture(params=["our protocol", "uvicorn's own"])
def server(request: pytest.FixtureRequest, sockets: Make) -> Any:
    """The app on our WebSocket protocol, and on the one uvicorn has."""
    app = sockets(
        News("news"),
        routers={"v1": publishing()},
        ws_limits=Limits(close_timeout_s=0.5),
    )
    own: dict[str, Any] = (
        {} if request.param == "our protocol" else {"ws": "websockets-sansio"}
    )
    with LiveServer(app, **own) as running:
        running.app = app  # type: ignore[attr-defined] # for the tests below
        yield running


def publish(server: LiveServer, count: int, size: int = 1) -> None:
    """Let the server publish."""
    with server.client() as http:
        path = f"/api/v1/market/publish?count={count}&size={size}"
        assert http.post(path, timeout=30).status_code == 200


def test_updates_arrive_in_order(server: LiveServer, connected: Make) -> None:
    """Those sent at once and those that waited."""
    with connected(server) as client:
        client.ask("news.subscribe")
        publish(server, 200)
        assert [client.receive()["offset"] for _ in range(200)] == [*range(1, 201)]


def test_a_client_that_never_reads_is_cut_and_its_memory_freed(
    server: LiveServer, connected: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The one beside it gets everything: more than 8 MB are pushed meanwhile."""
    app = server.app  # type: ignore[attr-defined] # set by the fixture
    runtime = app.modules_apps[0].ws_versions[0]._latest()
    with connected(server) as reader, _stalled(server) as stalled:
        reader.ask("news.subscribe")
        _until(lambda: runtime.followers("news") == 2)
        for round_ in range(90):
            publish(server, 100, 1_000)
            offsets = [reader.receive()["offset"] for _ in range(100)]
            assert offsets[0] == round_ * 100 + 1
        assert offsets[-1] == 9_000
        _until(lambda: len(runtime.connections) == 1, within_s=5)
        assert runtime.followers("news") == 1
        assert stalled.fileno() >= 0
    assert "reads too slowly" in caplog.text


def _stalled(server: LiveServer) -> socket.socket:
    """Subscribe and never read; a small window, so that little is buffered."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", server.port))
    raw.sendall(
        b"GET /api/v1/market/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert b"101" in raw.recv(4096)
    raw.sendall(_masked(0x81, json.dumps({"type": "news.subscribe"}).encode()))
    return raw


def _masked(first: int, data: bytes) -> bytes:
    """Write a client's frame, masked with zeros."""
    if len(data) < 126:
        return bytes((first, 0x80 | len(data))) + bytes(4) + data
    return bytes((first, 0x80 | 127)) + struct.pack(">Q", len(data)) + bytes(4) + data


def _until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.005)


def test_a_stop_drains_first_and_closes_with_1012(
    sockets: Make, connected: Make
) -> None:
    """The reason tells when to come back, and what waits is still delivered."""
    app = sockets(News("news"), routers={"v1": publishing()})
    seen: list[Any] = []
    with LiveServer(app) as server, connected(server) as client:
        client.ask("news.subscribe")
        runtime = app.modules_apps[0].ws_versions[0]._latest()
        drain = runtime.service.drain

        async def draining() -> None:
            await drain()
            seen.append(len(runtime.connections))
            runtime.routers["news"].publish(None, Text(text="last"))

        runtime.service.drain = draining
        server.stop()
        assert client.receive()["payload"] == {"text": "last"}
        end = closed(client)
    assert seen == [1]
    assert end.rcvd is not None
    assert end.rcvd.code == 1012
    assert 500 <= int(end.rcvd.reason.removeprefix("retry_after_ms=")) <= 3_000


def test_a_request_in_hand_is_answered_before_the_close(
    sockets: Make, connected: Make
) -> None:
    """A stop does not swallow answers."""
    from fastws import OperationRouter

    router = OperationRouter()
    began = []

    @router.send("work", reply="work.response")
    async def work() -> str:
        began.append(1)
        await asyncio.sleep(0.1)
        return "done"

    with LiveServer(sockets(router)) as server, connected(server) as client:
        client.send("work")
        _until(lambda: bool(began))
        server.stop()
        assert client.receive()["payload"] == "done"
        assert closed(client).rcvd.code == 1012  # type: ignore[union-attr] # it has one


def test_a_request_that_takes_too_long_does_not_stop_the_close(
    sockets: Make, connected: Make
) -> None:
    """It has half of the time; then the client is told to come back all the same."""
    from fastws import OperationRouter

    router = OperationRouter()
    began = []

    @router.send("work", reply="work.response")
    async def work() -> None:
        began.append(1)
        await asyncio.sleep(30)

    app = sockets(router, ws_limits=Limits(close_timeout_s=0.2))
    server = LiveServer(app, shutdown_timeout_s=0.5)
    server.start()
    with connected(server) as client:
        client.send("work")
        _until(lambda: bool(began))
        server.stop()
        end = closed(client)
    assert end.rcvd is not None
    assert end.rcvd.code == 1012


def test_an_oversized_message_closes_with_1009(
    sockets: Make, connected: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Even one so long that much of it comes after the close."""
    with LiveServer(sockets(News("news"))) as server:
        with connected(server) as client:
            with suppress(ConnectionClosed):
                client.socket.send("x" * 8_000_000)
            end = closed(client)
    assert end.rcvd is not None
    assert end.rcvd.code == 1009
    assert "closed with code 1009" in caplog.text


def test_invalid_utf8_closes_with_1007(server: LiveServer, connected: Make) -> None:
    """As the protocol demands."""
    with connected(server) as client:
        client.socket.send(b"\xff\xfe", text=True)
        end = closed(client)
    assert end.rcvd is not None
    assert end.rcvd.code == 1007


def test_a_refused_handshake_is_a_403(sockets: Make, connected: Make) -> None:
    """Before the socket is accepted there are HTTP statuses."""
    from fastapi import HTTPException
    from websockets.exceptions import InvalidStatus

    def nobody() -> None:
        raise HTTPException(401, "No.")

    app = sockets(News("news"), dependencies=[Depends(nobody)])
    with LiveServer(app) as server:
        with pytest.raises(InvalidStatus) as caught, connected(server):
            pass
    assert caught.value.response.status_code == 403


def test_pings_limits_and_compression_are_set_for_every_server() -> None:
    """20 s pings, 1 MiB messages, no deflate."""
    options = uvicorn_options()
    assert options["ws_ping_interval"] == options["ws_ping_timeout"] == 20.0
    assert options["ws_max_size"] == 1024 * 1024
    assert options["ws_per_message_deflate"] is False


def test_compression_is_declined(sockets: Make, connected: Make) -> None:
    """It doubles the CPU time of a message."""
    with LiveServer(sockets(News("news"))) as server:
        with connected(server, compression="deflate") as client:
            assert client.socket.protocol.extensions == []


async def test_the_response_comes_fast(sockets: Make, connected: Make) -> None:
    """Not a benchmark: it only notices a sleep or a poll on the way."""
    with LiveServer(sockets(News("news"))) as server, connected(server) as client:
        took = []
        for _ in range(50):
            start = time.perf_counter()
            client.ask("news.subscribe")
            took.append(time.perf_counter() - start)
    assert sorted(took)[25] < 0.02
