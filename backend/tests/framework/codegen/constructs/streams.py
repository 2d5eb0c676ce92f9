"""Answers without an end: events and JSON lines as iterators of typed items."""

from __future__ import annotations

from collections.abc import AsyncIterable
from decimal import Decimal
from typing import Annotated, Any, Literal

import pydantic
import pytest
from fastapi import Depends, HTTPException
from fastapi.sse import EventSourceResponse, ServerSentEvent

from modular_api.clients.errors import NotFound
from tests.framework.codegen.constructs.catalogue import (
    Client,
    Generated,
    Theme,
    assert_same,
)

theme = Theme()


class Tick(pydantic.BaseModel):
    number: int
    price: Decimal


class Started(pydantic.BaseModel):
    kind: Literal["started"]
    at: int


class Stopped(pydantic.BaseModel):
    kind: Literal["stopped"]
    why: str


async def _ticks(count: int) -> AsyncIterable[Tick]:
    for number in range(count):
        yield Tick(number=number, price=Decimal("0.10"))


async def _events(count: int) -> AsyncIterable[Tick]:
    for number in range(count):
        yield Tick(number=number, price=Decimal("0.10"))


def _expected(c: Generated) -> list[Any]:
    return [c.Tick(number=number, price=Decimal("0.10")) for number in range(3)]


async def _check_ticks(client: Client, c: Generated) -> None:
    assert_same(_expected(c), [item async for item in client.json_lines(count=3)])
    assert_same(_expected(c), list(client.sync.json_lines(count=3)))


async def _check_events(client: Client, c: Generated) -> None:
    assert_same(_expected(c), [item async for item in client.typed_events(count=3)])
    assert_same(_expected(c), list(client.sync.typed_events(count=3)))


theme.add("json_lines", "JSON lines of models", _ticks, _check_ticks)
theme.add(
    "typed_events",
    "server-sent events of models",
    _events,
    _check_events,
    response_class=EventSourceResponse,
)


async def _raw_events() -> AsyncIterable[ServerSentEvent]:
    yield ServerSentEvent(raw_data="a\nb", event="said", id="7")


async def _check_raw_events(client: Client, c: Generated) -> None:
    (event,) = [event async for event in client.raw_events()]
    assert (event.data, event.event, event.id) == ("a\nb", "said", "7")


theme.add(
    "raw_events",
    "server-sent events with names and ids",
    _raw_events,
    _check_raw_events,
    response_class=EventSourceResponse,
)


async def _numbers() -> AsyncIterable[int]:
    for number in (1, 2):
        yield number


async def _check_numbers(client: Client, c: Generated) -> None:
    assert_same([1, 2], [item async for item in client.plain_lines()])


theme.add("plain_lines", "JSON lines of numbers", _numbers, _check_numbers)

Event = Annotated[Started | Stopped, pydantic.Field(discriminator="kind")]


async def _union() -> AsyncIterable[Event]:
    yield Started(kind="started", at=1)
    yield Stopped(kind="stopped", why="w")


async def _check_union(client: Client, c: Generated) -> None:
    expected = [c.Started(kind="started", at=1), c.Stopped(kind="stopped", why="w")]
    assert_same(expected, [item async for item in client.union_events()])


theme.add(
    "union_events",
    "events of a discriminated union",
    _union,
    _check_union,
    response_class=EventSourceResponse,
)


def _refuse() -> None:
    raise HTTPException(404, "no such stream")


async def _refused(allowed: Annotated[None, Depends(_refuse)]) -> AsyncIterable[Tick]:
    yield Tick(number=1, price=Decimal(1))


async def _check_refused(client: Client, c: Generated) -> None:
    items = client.refused_stream()
    with pytest.raises(NotFound):
        await anext(items)


theme.add(
    "refused_stream",
    "a stream that is refused with a typed error",
    _refused,
    _check_refused,
    responses={404: {}},
)
