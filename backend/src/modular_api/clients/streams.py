"""Streams of typed items: an answer that is read while the server still writes it.

    async with client.watch_bars() as bars:
        async for bar in bars: ...

Leaving the block, or the loop where the stream is not kept, ends the call; the server
sees the disconnect.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import (
    AsyncGenerator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar

from modular_api.clients.answers import read_answer
from modular_api.clients.errors import (
    CallError,
    MalformedResponse,
    ReadCancelled,
    UnexpectedStatus,
)
from modular_api.clients.framing import EventReader, LineReader, ServerSentEvent
from modular_api.clients.wire import (
    AsyncStreamedResponse,
    Response,
    StreamedResponse,
    SyncStreamedResponse,
)

T = TypeVar("T")

Framing: TypeAlias = Literal["sse", "events", "jsonl"]
"""How items stand in a stream.

`sse`: server-sent events whose data is JSON; an item is the parsed data.
`events`: server-sent events; an item is a `ServerSentEvent`.
`jsonl`: JSON lines; an item is a parsed line.
"""

_MEDIA_TYPES: dict[str, frozenset[str]] = {
    "sse": frozenset({"text/event-stream"}),
    "events": frozenset({"text/event-stream"}),
    "jsonl": frozenset(
        {"application/jsonl", "application/x-jsonlines", "application/x-ndjson"}
    ),
}


class _Items(Generic[T]):
    """Turns the bytes of one stream into items."""

    def __init__(
        self,
        call: str,
        framing: Framing,
        parse: Callable[[Response], object],
        parse_item: Callable[[Any], T],
    ) -> None:
        self.call = call
        self._framing = framing
        self._parse = parse
        self._parse_item = parse_item
        self._events = EventReader()
        self._lines = LineReader()
        self._head = Response(0, {}, b"")

    @property
    def last_event_id(self) -> str:
        return self._events.last_event_id

    @property
    def retry_ms(self) -> int | None:
        return self._events.retry_ms

    @property
    def head(self) -> Response:
        return self._head

    def begin(self, answer: StreamedResponse[Any]) -> bool:
        """Note the answer's head, and tell whether items follow, or a whole body."""
        self._head = Response(answer.status_code, answer.headers, b"")
        media_type = self._head.media_type_header.partition(";")[0].strip()
        return (
            200 <= answer.status_code < 300
            and media_type in _MEDIA_TYPES[self._framing]
        )

    def refuse(self, content: bytes) -> None:
        """Raise the typed error of an answer that is no stream."""
        response = Response(self._head.status_code, self._head.headers, content)
        if 200 <= response.status_code < 300:
            raise MalformedResponse(self.call, response, None)
        read_answer(self.call, response, self._parse)
        raise UnexpectedStatus(self.call, response, None)

    def feed(self, chunk: bytes) -> Iterator[T]:
        """Return the items that are complete with this chunk."""
        if self._framing == "jsonl":
            return self._from_texts(self._lines.feed(chunk))
        return self._from_events(self._events.feed(chunk))

    def end(self) -> Iterator[T]:
        """Return what the end completes: a last line; an incomplete event is dropped."""
        return self._from_texts(self._lines.end())

    def _from_events(self, events: Iterable[ServerSentEvent]) -> Iterator[T]:
        if self._framing == "sse":
            return self._from_texts(event.data for event in events)
        return (self._item(event.data, event) for event in events)

    def _from_texts(self, texts: Iterable[str]) -> Iterator[T]:
        return (self._item(text) for text in texts)

    def _item(self, text: str, event: ServerSentEvent | None = None) -> T:
        try:
            return self._parse_item(json.loads(text) if event is None else event)
        except (ValueError, LookupError, TypeError, AttributeError) as fault:
            head = self._head
            item = Response(head.status_code, head.headers, text.encode())
            raise MalformedResponse(self.call, item, None) from fault


class _Stream(Generic[T]):
    """What streams for coroutines and for plain code have in common."""

    def __init__(self, items: _Items[T]) -> None:
        self._items = items
        self._began = False
        self._fault: CallError | None = None

    @property
    def last_event_id(self) -> str:
        return self._items.last_event_id

    @property
    def retry_ms(self) -> int | None:
        return self._items.retry_ms

    @property
    def response(self) -> Response:
        """Status and headers of the answer; status 0 before it came."""
        return self._items.head


class ItemStream(_Stream[T]):
    """The items of one call, as they arrive. It is iterated once.

    The call is made with the first item that is asked for, or by `async with`. Error
    answers raise the call's ApiError there; a stream that breaks off raises
    PeerUnavailable, an item that cannot be read MalformedResponse with the item as its
    `response.content`. Each read after that raises it again: iterating ends with the
    server's end of the stream only, or with `aclose()`.

    A read that is cancelled ends the call, by `asyncio.wait_for` too; reading on raises
    ReadCancelled.

    Attributes:
        last_event_id: the id of the last event that had one, "" before.
        retry_ms: how long the server asks to wait before a reconnect, None if it did not.
    """

    def __init__(
        self,
        opened: AbstractAsyncContextManager[AsyncStreamedResponse],
        items: _Items[T],
    ) -> None:
        super().__init__(items)
        self._generator = _read(opened, items)

    async def aclose(self) -> None:
        """End the call."""
        await self._generator.aclose()

    async def _begin(self) -> None:
        if not self._began:
            self._began = True
            # The first thing the generator yields says that the answer has begun.
            await self._next()

    async def _next(self) -> tuple[T, ...]:
        # A generator that raised, or was cancelled, looks like one at its end.
        if self._fault is not None:
            raise self._fault
        try:
            return await anext(self._generator)
        except asyncio.CancelledError:
            self._fault = ReadCancelled(self._items.call)
            raise
        except CallError as error:
            self._fault = error
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        await self._begin()
        return (await self._next())[0]

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class SyncItemStream(_Stream[T]):
    """The same for plain code: `with client.sync.watch_bars() as bars: …`."""

    def __init__(
        self,
        opened: AbstractContextManager[SyncStreamedResponse],
        items: _Items[T],
    ) -> None:
        super().__init__(items)
        self._generator = _read_sync(opened, items)

    def close(self) -> None:
        """End the call."""
        self._generator.close()

    def _begin(self) -> None:
        if not self._began:
            self._began = True
            self._next()

    def _next(self) -> tuple[T, ...]:
        if self._fault is not None:
            raise self._fault
        try:
            return next(self._generator)
        except CallError as error:
            self._fault = error
            raise

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        self._begin()
        return self._next()[0]

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_stream(
    opened: AbstractAsyncContextManager[AsyncStreamedResponse],
    call: str,
    framing: Framing,
    parse: Callable[[Response], object],
    parse_item: Callable[[Any], T],
) -> ItemStream[T]:
    """Return the stream of a call that is not made yet."""
    return ItemStream(opened, _Items(call, framing, parse, parse_item))


def open_sync_stream(
    opened: AbstractContextManager[SyncStreamedResponse],
    call: str,
    framing: Framing,
    parse: Callable[[Response], object],
    parse_item: Callable[[Any], T],
) -> SyncItemStream[T]:
    """Return the stream of a call that is not made yet, for plain code."""
    return SyncItemStream(opened, _Items(call, framing, parse, parse_item))


async def _read(
    opened: AbstractAsyncContextManager[AsyncStreamedResponse], items: _Items[T]
) -> AsyncGenerator[tuple[T, ...], None]:
    """Yield `()` once the answer has begun, then each item in a tuple."""
    async with opened as answer:
        if not items.begin(answer):
            items.refuse(b"".join([chunk async for chunk in answer.chunks]))
        yield ()
        async for chunk in answer.chunks:
            for item in items.feed(chunk):
                yield (item,)
        for item in items.end():
            yield (item,)


def _read_sync(
    opened: AbstractContextManager[SyncStreamedResponse], items: _Items[T]
) -> Generator[tuple[T, ...], None, None]:
    with opened as answer:
        if not items.begin(answer):
            items.refuse(b"".join(answer.chunks))
        yield ()
        for chunk in answer.chunks:
            for item in items.feed(chunk):
                yield (item,)
        for item in items.end():
            yield (item,)
