"""Streams of items, carried from an app of this process and over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from modular_api.clients import answers, errors
from modular_api.clients.client import ModuleClient
from modular_api.clients.streams import Framing, ItemStream, SyncItemStream
from modular_api.clients.wire import Request, Response
from modular_api.testing.live_server import LiveServer

PREFIX = "/api/v1/feed"

app = FastAPI()

ended: dict[str, threading.Event] = {}
"""By name of a stream: whether the app has ended it."""


@app.get(f"{PREFIX}/numbers", response_class=EventSourceResponse)
async def numbers(count: int) -> AsyncIterable[int]:
    """Count, as events."""
    for number in range(count):
        yield number


@app.get(f"{PREFIX}/lines")
async def lines(count: int) -> AsyncIterable[dict[str, int]]:
    """Count, as JSON lines."""
    for number in range(count):
        yield {"n": number}


@app.get(f"{PREFIX}/endless", response_class=EventSourceResponse)
async def endless(name: str, pause_s: float = 0.0) -> AsyncIterable[int]:
    """Count until the reader goes; with a pause it is silent after the first item."""
    number = 0
    try:
        while True:
            yield number
            number += 1
            await asyncio.sleep(pause_s)
    finally:
        ended[name].set()


@app.get(f"{PREFIX}/events", response_class=EventSourceResponse)
async def events() -> AsyncIterable[ServerSentEvent]:
    """Events with all that an event may have."""
    yield ServerSentEvent(raw_data="a\nb", event="text", id="7", retry=250)
    yield ServerSentEvent(comment="only a comment")
    yield ServerSentEvent(data={"n": 1})


@app.get(f"{PREFIX}/breaks")
async def breaks() -> StreamingResponse:
    """Break off after the first line."""

    async def content() -> AsyncIterator[bytes]:
        yield b"1\n"
        raise RuntimeError("the stream is broken")

    return StreamingResponse(content(), media_type="application/jsonl")


@app.get(f"{PREFIX}/malformed")
async def malformed() -> StreamingResponse:
    """One good line, and one that is none."""
    return StreamingResponse(iter([b"1\nno json\n"]), media_type="application/jsonl")


@app.get(f"{PREFIX}/refused")
async def refused() -> None:
    """No stream at all."""
    raise HTTPException(404, "no such feed")


@app.get(f"{PREFIX}/raises")
async def raises() -> None:
    """A fault before the answer."""
    raise RuntimeError("raised before the stream")


@app.get(f"{PREFIX}/slow")
async def slow() -> None:
    """No head within the client's time."""
    await asyncio.sleep(0.3)


@app.get(f"{PREFIX}/page")
async def page() -> dict[str, int]:
    """An ordinary answer."""
    return {"n": 1}


def parse(response: Response) -> Any:
    """Read an answer as generated code does."""
    if response.status_code == 404:
        raise answers.DocumentedError
    raise answers.UndocumentedStatus


def parse_item(data: Any) -> Any:
    """Leave the item as it is."""
    return data


class FeedClient(ModuleClient):
    """What a generated client is, in short."""

    module_name = "feed"
    api_version = "v1"
    prefix = PREFIX

    def items(
        self, path: str, framing: Framing = "sse", **params: Any
    ) -> ItemStream[Any]:
        return self._stream(
            Request("get", path, params=params), parse, parse_item, framing
        )

    def items_sync(
        self, path: str, framing: Framing = "sse", **params: Any
    ) -> SyncItemStream[Any]:
        return self._stream_sync(
            Request("get", path, params=params), parse, parse_item, framing
        )


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """The app behind a real server."""
    with LiveServer(app) as server:
        yield server


@pytest.fixture(params=["in process", "over http"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[FeedClient]:
    """A client of the app itself, then of the server."""
    if request.param == "in process":
        made = FeedClient(app=app)
    else:
        server: LiveServer = request.getfixturevalue("server")
        made = FeedClient(base_url=server.base_url)
    async with made:
        yield made


@pytest.fixture
def stream_ended(request: pytest.FixtureRequest) -> Iterator[threading.Event]:
    """Set when the app has ended the stream of the test's own name."""
    event = ended[request.node.name] = threading.Event()
    yield event
    del ended[request.node.name]


async def told(event: threading.Event) -> bool:
    """Whether the event comes within reasonable time."""
    return await asyncio.to_thread(event.wait, 5)


async def test_items_arrive_in_both_framings(client: FeedClient) -> None:
    """Events and JSON lines, asynchronously and not."""
    assert [n async for n in client.items("/numbers", count=3)] == [0, 1, 2]
    rows = [row["n"] async for row in client.items("/lines", "jsonl", count=3)]
    assert rows == [0, 1, 2]
    assert [n async for n in client.items("/numbers", count=0)] == []

    def plain() -> list[Any]:
        return [
            list(client.items_sync("/numbers", count=3)),
            list(client.items_sync("/lines", "jsonl", count=2)),
        ]

    assert await asyncio.to_thread(plain) == [[0, 1, 2], [{"n": 0}, {"n": 1}]]


async def test_events_carry_type_id_and_retry(client: FeedClient) -> None:
    """Comments carry nothing."""
    async with client.items("/events", "events") as stream:
        assert stream.response.status_code == 200
        first, second = [event async for event in stream]
    assert (first.data, first.event, first.id, first.retry_ms) == (
        "a\nb",
        "text",
        "7",
        250,
    )
    assert (json.loads(second.data), second.event) == ({"n": 1}, "message")
    assert (stream.last_event_id, stream.retry_ms) == ("7", 250)


async def test_an_endless_stream_gives_its_items_as_they_come(
    client: FeedClient,
    request: pytest.FixtureRequest,
    stream_ended: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the app sees that its reader has left, while it is silent."""
    # It ends by itself: nobody has to cancel it.
    monkeypatch.setattr("modular_api.clients.asgi_transport.GRACE_S", 60)
    stream = client.items("/endless", name=request.node.name, pause_s=60)
    assert await asyncio.wait_for(anext(stream), 5) == 0
    assert not stream_ended.is_set()
    await asyncio.wait_for(stream.aclose(), 5)
    assert await told(stream_ended)


async def test_many_open_streams_keep_no_other_call_waiting(
    client: FeedClient, request: pytest.FixtureRequest, stream_ended: threading.Event
) -> None:
    """A module may relay to more readers than httpx has connections by default."""
    async with AsyncExitStack() as stack:
        for _ in range(110):
            stream = client.items("/endless", name=request.node.name, pause_s=60)
            assert await anext(await stack.enter_async_context(stream)) == 0
        async with asyncio.timeout(5):
            rows = [row["n"] async for row in client.items("/lines", "jsonl", count=2)]
        assert rows == [0, 1]


async def test_a_loop_that_breaks_ends_the_call(
    client: FeedClient, request: pytest.FixtureRequest, stream_ended: threading.Event
) -> None:
    """Nobody has to close a stream that nobody keeps."""
    async for _ in client.items("/endless", name=request.node.name, pause_s=60):
        break
    assert await told(stream_ended)


async def test_plain_code_may_leave_an_endless_stream(
    client: FeedClient, request: pytest.FixtureRequest, stream_ended: threading.Event
) -> None:
    """With the block that it reads the stream in."""

    def read() -> int:
        name = request.node.name
        with client.items_sync("/endless", name=name, pause_s=60) as stream:
            return next(stream)

    assert await asyncio.to_thread(read) == 0
    assert await told(stream_ended)


async def test_a_cancelled_reader_ends_the_call(
    client: FeedClient, request: pytest.FixtureRequest, stream_ended: threading.Event
) -> None:
    """While it waits for an item that does not come."""
    began = asyncio.Event()

    async def read() -> None:
        async for _ in client.items("/endless", name=request.node.name, pause_s=60):
            began.set()

    reader = asyncio.ensure_future(read())
    await asyncio.wait_for(began.wait(), 5)
    reader.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reader
    assert await told(stream_ended)


@pytest.mark.parametrize("begun", [True, False])
async def test_a_stream_is_not_read_on_after_a_cancelled_read(
    client: FeedClient,
    request: pytest.FixtureRequest,
    stream_ended: threading.Event,
    begun: bool,
) -> None:
    """It would look like a stream that ended, which the server did not say."""
    stream = client.items("/endless", name=request.node.name, pause_s=60)
    if begun:
        assert await anext(stream) == 0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.05)
        assert await told(stream_ended)
    else:
        read = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        read.cancel()
        with pytest.raises(asyncio.CancelledError):
            await read
    for _ in range(2):
        with pytest.raises(errors.ReadCancelled, match="GET /api/v1/feed/endless"):
            await anext(stream)
    await stream.aclose()


async def test_a_slow_reader_makes_the_app_wait(
    request: pytest.FixtureRequest, stream_ended: threading.Event
) -> None:
    """In process the app writes no further than its reader reads."""
    written = 0

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        nonlocal written
        head = [(b"content-type", b"application/jsonl")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        while written < 1000:
            line = {"type": "http.response.body", "body": b"1\n", "more_body": True}
            await send(line)
            written += 1
        await send({"type": "http.response.body"})

    async with FeedClient(app=counting).items("/any", "jsonl") as stream:
        await anext(stream)
        await asyncio.sleep(0.02)
        assert written < 5
        assert len([item async for item in stream]) == 999


async def test_an_error_status_is_the_typed_error_before_the_first_item(
    client: FeedClient,
) -> None:
    """Asked for by iterating, or by `async with`."""
    with pytest.raises(errors.NotFound, match="no such feed"):
        await anext(client.items("/refused"))
    with pytest.raises(errors.NotFound):
        async with client.items("/refused"):
            pass
    with pytest.raises(errors.NotFound):
        await asyncio.to_thread(lambda: next(client.items_sync("/refused")))
    with pytest.raises(errors.UnexpectedStatus) as caught:
        await anext(client.items("/raises"))
    assert caught.value.status == 500


async def test_an_answer_that_is_no_stream_is_malformed(client: FeedClient) -> None:
    """Its whole body is there to look at."""
    with pytest.raises(errors.MalformedResponse) as caught:
        await anext(client.items("/page"))
    assert caught.value.response.json() == {"n": 1}


async def test_a_stream_that_breaks_off_says_so(client: FeedClient) -> None:
    """It never looks like a stream that ended."""
    stream = client.items("/breaks", "jsonl")
    assert await anext(stream) == 1
    for _ in range(2):
        with pytest.raises(errors.PeerUnavailable, match="GET /api/v1/feed/breaks"):
            await anext(stream)

    def plain() -> None:
        with client.items_sync("/breaks", "jsonl") as stream:
            assert next(stream) == 1
            for _ in range(2):
                with pytest.raises(errors.PeerUnavailable):
                    next(stream)

    await asyncio.to_thread(plain)


async def test_an_item_that_cannot_be_read_is_shown(client: FeedClient) -> None:
    """After those before it."""
    stream = client.items("/malformed", "jsonl")
    assert await anext(stream) == 1
    with pytest.raises(errors.MalformedResponse) as caught:
        await anext(stream)
    assert caught.value.response.content == b"no json"


async def test_only_the_head_of_a_stream_is_limited(
    client: FeedClient, request: pytest.FixtureRequest, stream_ended: threading.Event
) -> None:
    """A silence after it may be as long as it likes."""
    client._timeout_s = 0.1
    with pytest.raises(errors.ClientTimeout) as caught:
        await anext(client.items("/slow"))
    assert caught.value.timeout_s == 0.1
    stream = client.items("/endless", name=request.node.name, pause_s=0.15)
    assert [await anext(stream), await anext(stream)] == [0, 1]
    await stream.aclose()

    def plain() -> None:
        with client.items_sync(
            "/endless", name=request.node.name, pause_s=0.15
        ) as stream:
            assert [next(stream), next(stream)] == [0, 1]
        with pytest.raises(errors.ClientTimeout):
            next(client.items_sync("/slow"))

    await asyncio.to_thread(plain)


async def test_an_app_that_fails_in_its_own_way_is_told_as_a_server_would() -> None:
    """Raised before the head it is a 500; without an answer, or cancelled, no answer."""

    async def raising(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("raised before the head")

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return

    async def cancelled(scope: Any, receive: Any, send: Any) -> None:
        head = [(b"content-type", b"application/jsonl")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"1\n", "more_body": True})
        raise asyncio.CancelledError

    with pytest.raises(errors.UnexpectedStatus) as caught:
        await anext(FeedClient(app=raising).items("/any", "jsonl"))
    assert caught.value.response.text == "Internal Server Error"
    with pytest.raises(errors.PeerUnavailable, match="breaks off"):
        await anext(FeedClient(app=silent, retries=None).items("/any", "jsonl"))

    async def read() -> list[Any]:
        return [n async for n in FeedClient(app=cancelled).items("/any", "jsonl")]

    with pytest.raises(errors.PeerUnavailable, match="breaks off"):
        await asyncio.wait_for(read(), 5)


async def test_a_busy_app_that_never_looks_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some time after its reader has left; the loop stays free meanwhile."""
    monkeypatch.setattr("modular_api.clients.asgi_transport.GRACE_S", 0.02)
    ended = False

    async def busy(scope: Any, receive: Any, send: Any) -> None:
        nonlocal ended
        head = [(b"content-type", b"application/jsonl")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        line = {"type": "http.response.body", "body": b"1\n", "more_body": True}
        try:
            while True:
                await send(line)
        finally:
            ended = True

    stream = FeedClient(app=busy).items("/any", "jsonl")
    assert await anext(stream) == 1
    await asyncio.wait_for(stream.aclose(), 5)
    assert ended
