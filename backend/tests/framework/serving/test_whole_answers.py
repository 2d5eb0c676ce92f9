"""An answer is written at once, head and body, and what is streamed does not wait."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from modular_api.serving.whole_answers import MOST_WAITING_BYTES, JoinedWrites
from modular_api.testing import LiveServer

PARSERS = pytest.mark.parametrize("parser", ["h11", "httptools"])
LONG = bytes(range(256)) * 8 * 1024
"""More than waits for the end of a turn, and than a socket takes at once."""


class Recording(asyncio.Transport):
    """A transport whose peer takes everything; it notes what was written together."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closing = False

    def writelines(self, pieces: object) -> None:
        assert isinstance(pieces, list)
        self.writes.append(b"".join(pieces))

    def write_eof(self) -> None:
        self.writes.append(b"<end>")

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.writes.append(b"<closed>")
        self.closing = True

    def abort(self) -> None:
        self.closing = True


@pytest.fixture
async def recording() -> Recording:
    return Recording()


@pytest.fixture
async def joined(recording: Recording) -> JoinedWrites:
    return JoinedWrites(recording, asyncio.get_running_loop())


async def test_what_is_written_within_one_turn_is_one_write(
    joined: JoinedWrites, recording: Recording
) -> None:
    joined.write(b"head ")
    joined.writelines([b"and ", b"body"])
    assert recording.writes == []
    await asyncio.sleep(0)
    joined.write(b"next")
    await asyncio.sleep(0)
    assert recording.writes == [b"head and body", b"next"]


async def test_much_is_written_without_waiting(
    joined: JoinedWrites, recording: Recording
) -> None:
    """Else nobody would notice that the peer does not read."""
    joined.write(b"head ")
    joined.write(bytes(MOST_WAITING_BYTES))
    assert [len(data) for data in recording.writes] == [5 + MOST_WAITING_BYTES]
    joined.write(b"rest")
    await asyncio.sleep(0)
    assert recording.writes[1:] == [b"rest"]


async def test_a_close_is_the_last_to_be_written(
    joined: JoinedWrites, recording: Recording
) -> None:
    joined.write(b"bye")
    joined.write_eof()
    joined.write(b"!")
    joined.close()
    await asyncio.sleep(0)
    assert recording.writes == [b"bye", b"<end>", b"!", b"<closed>"]


async def test_an_abort_loses_what_is_waiting(
    joined: JoinedWrites, recording: Recording
) -> None:
    joined.write(b"too late")
    joined.abort()
    await asyncio.sleep(0)
    assert recording.writes == []


async def slow_body(scope: Scope, receive: Receive, send: Send) -> None:
    """Let a moment pass between the head and the body, as middleware may."""
    headers = [(b"Content-Length", b"4")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b"body"})


async def failing_body(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-length", b"4")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    raise RuntimeError("no body")


async def slow_stream(request: Request) -> Response:
    async def items() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.05)
        yield b"item"

    return StreamingResponse(items())


async def long_answer(request: Request) -> Response:
    return Response(LONG)


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


APP = Starlette(
    routes=[
        Route("/slow-stream", slow_stream),
        Route("/long", long_answer),
        Route("/hello", hello, methods=["GET", "HEAD", "POST"]),
    ]
)


def first_piece(server: LiveServer, path: str) -> bytes:
    """Return what a client of its own reads first."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return client.recv(65536)


@PARSERS
def test_a_head_waits_for_its_body(parser: str) -> None:
    with LiveServer(slow_body, http=parser) as server:
        assert first_piece(server, "/").endswith(b"\r\n\r\nbody")


@PARSERS
def test_the_head_of_a_stream_does_not_wait(parser: str) -> None:
    """Its first item may take long, and clients wait for the head alone."""
    with LiveServer(APP, http=parser) as server:
        assert first_piece(server, "/slow-stream").endswith(b"\r\n\r\n")


@PARSERS
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_answers_stay_as_they_are(parser: str, loop: str) -> None:
    with LiveServer(APP, http=parser, loop=loop) as server, server.client() as client:
        assert client.get("/long").content == LONG
        assert client.get("/slow-stream").text == "item"
        assert client.post("/hello", content=LONG).text == "hello"
        head = client.head("/hello")
        assert (head.headers["content-length"], head.content) == ("5", b"")
        closed = client.get("/hello", headers={"Connection": "close"})
        assert closed.text == "hello"


def test_an_app_that_fails_after_the_head_breaks_its_answer_off() -> None:
    """As with uvicorn alone, and as in process."""
    with (
        LiveServer(failing_body) as server,
        server.client() as client,
        pytest.raises(httpx.RemoteProtocolError, match="0 bytes, expected 4"),
    ):
        client.get("/")
