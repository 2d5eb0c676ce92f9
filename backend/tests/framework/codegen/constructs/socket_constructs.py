"""Every construct of sockets, gathered into one module named `socket_constructs`.

Most are a router that takes a payload of one type and sends it back as its update.
"""

from __future__ import annotations

import asyncio
import datetime
import decimal
import enum
import types
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

import pydantic
import pytest
from fastws import Client, FastWS, Message, OperationRouter

from modular_api import Module
from modular_api.app.modular_app import ModularApp
from modular_api.app.socket_documents import socket_documents
from modular_api.clients.sockets import SocketErrorAnswer
from modular_api.ws import SocketError, WsRouter
from tests.framework.codegen.constructs.catalogue import assert_same

NAME = "socket_constructs"

T = TypeVar("T")
Check = Callable[[Any, Any], Awaitable[None]]
"""Uses the methods of a construct, of a socket and with the models of its module."""


@dataclass(frozen=True)
class SocketConstruct:
    """One thing a socket can say.

    Attributes:
        id: of the construct, and the name of its router or operation.
        words: what it is, for the table in the docs.
        check: sends typed values and asserts what comes back.
        methods: of the generated socket that belong to it.
    """

    id: str
    words: str
    check: Check
    methods: tuple[str, ...]


_routers: list[Any] = []
_operations = OperationRouter()
_constructs: list[SocketConstruct] = []


def _add(id_: str, words: str, check: Check, *methods: str) -> None:
    _constructs.append(SocketConstruct(id_, words, check, methods or (id_,)))


def echo(
    id_: str, words: str, type_: Any, values: Callable[[Any], Iterable[Any]]
) -> None:
    """Declare a router whose updates are its requests."""

    async def stream(self: Any, request: Any) -> AsyncIterator[Any]:
        yield request
        await asyncio.sleep(3600)

    base = WsRouter.__class_getitem__((type_, type_))  # type: ignore[attr-defined]  # of Generic
    router = types.new_class(
        "Echo", (base,), exec_body=lambda body: body.update(stream=stream)
    )
    _routers.append(router(id_))

    async def check(socket: Any, c: Any) -> None:
        for value in values(c):
            async with getattr(socket, id_)(value) as updates:
                assert_same(value, await anext(updates))

    _add(id_, words, check)


class Point(pydantic.BaseModel):
    x: int
    y: int = pydantic.Field(ge=-10, le=10, multiple_of=2)


class Named(pydantic.BaseModel):
    name: str = pydantic.Field(min_length=1, max_length=5, pattern="^[a-z]+$")
    tags: list[str] = pydantic.Field(min_length=1, max_length=2)
    share: float = pydantic.Field(gt=0, lt=1)


class Line(pydantic.BaseModel):
    begin: Point
    between: list[Point]
    labels: dict[str, Point]


class Color(enum.StrEnum):
    RED = "red"
    DARK_BLUE = "dark-blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 10


class Painted(pydantic.BaseModel):
    color: Color
    level: Level
    mode: Literal["on", "off", 3]


class Price(pydantic.BaseModel):
    amount: decimal.Decimal


class Moment(pydantic.BaseModel):
    at: datetime.datetime
    day: datetime.date
    time: datetime.time
    lasts: datetime.timedelta
    id: uuid.UUID


class Maybe(pydantic.BaseModel):
    there: int | None
    perhaps: str | None = None


class Defaulted(pydantic.BaseModel):
    size: int = 3
    shape: Literal["round", "flat"] = "round"


class Aliased(pydantic.BaseModel):
    from_: str = pydantic.Field(alias="from")
    kebab: int = pydantic.Field(alias="kebab-case")


class Reserved(pydantic.BaseModel):
    d: int
    to_dict: str
    payload: str
    self_: bool = pydantic.Field(alias="self")


class Card(pydantic.BaseModel):
    kind: Literal["card"]
    number: str


class Cash(pydantic.BaseModel):
    kind: Literal["cash"]
    coins: int


class Cat(pydantic.BaseModel):
    name: str
    lives: int


class Dog(pydantic.BaseModel):
    name: str
    tricks: list[str]


Payment = Annotated[Card | Cash, pydantic.Field(discriminator="kind")]


class Basket(pydantic.BaseModel):
    payments: list[Payment]


class Tree(pydantic.BaseModel):
    value: int
    children: list[Tree] = []


class Open(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")

    known: int


class Page(pydantic.BaseModel, Generic[T]):
    items: list[T]
    more: bool


class Pair(pydantic.BaseModel):
    both: tuple[int, str]
    many: tuple[int, ...]


echo("message_model", "a model", Point, lambda c: [c.Point(x=1, y=2)])
echo(
    "message_constraints",
    "lengths, patterns and bounds",
    Named,
    lambda c: [c.Named(name="abc", tags=["t"], share=0.5)],
)
echo(
    "message_nested",
    "models in models, lists and maps",
    Line,
    lambda c: [
        c.Line(
            begin=c.Point(x=1, y=2),
            between=[c.Point(x=3, y=4)],
            labels={"end": c.Point(x=5, y=6)},
        )
    ],
)
echo("message_list", "`list[Model]`", list[Point], lambda c: [[c.Point(x=1, y=2)], []])
echo("message_list_of_text", "`list[str]`", list[str], lambda c: [["a", ""], []])
echo("message_int", "`int`", int, lambda c: [0, -3])
echo("message_text", "`str`", str, lambda c: ["", 'ä"\\'])
echo("message_bool", "`bool`", bool, lambda c: [True, False])
echo("message_float", "`float`", float, lambda c: [1.5, -0.25])
echo(
    "message_decimal", "`Decimal`", decimal.Decimal, lambda c: [decimal.Decimal("1.10")]
)
echo(
    "message_datetime",
    "`datetime`",
    datetime.datetime,
    lambda c: [datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)],
)
echo("message_primitive_union", "`int | str`", int | str, lambda c: [1, "1"])
echo("message_enum", "an enum", Color, lambda c: [c.Color.RED, c.Color.DARK_BLUE])
echo(
    "message_enum_fields",
    "enums of text and numbers, mixed literals",
    Painted,
    lambda c: [
        c.Painted.from_dict({"color": "dark-blue", "level": 10, "mode": mode})
        for mode in ("on", 3)
    ],
)
echo(
    "message_decimal_field",
    "`Decimal` in a field: an input and an output model",
    Price,
    lambda c: [c.PriceInput(amount=decimal.Decimal("190.120"))],
)
echo(
    "message_times",
    "datetime, date, time, timedelta, UUID",
    Moment,
    lambda c: [
        c.Moment(
            at=datetime.datetime(2026, 1, 2, 3, 4, 5, 600_000, datetime.UTC),
            day=datetime.date(2026, 1, 2),
            time=datetime.time(3, 4, 5),
            lasts=datetime.timedelta(days=1, seconds=2.5),
            id=uuid.UUID(int=7),
        )
    ],
)
echo(
    "message_optional_fields",
    "null, and a field left out",
    Maybe,
    lambda c: [
        c.Maybe(there=None, perhaps=None),
        c.Maybe(there=1, perhaps="a"),
    ],
)
echo(
    "message_defaults",
    "fields with defaults",
    Defaulted,
    lambda c: [
        c.Defaulted(size=1, shape=c.DefaultedShape.FLAT),
        c.Defaulted.from_dict({"size": 2, "shape": "round"}),
    ],
)
echo(
    "message_aliases",
    "names that are no identifiers",
    Aliased,
    lambda c: [c.Aliased(from_="a", kebab_case=2)],
)
echo(
    "message_reserved_names",
    "names that generated code uses itself",
    Reserved,
    lambda c: [
        c.Reserved.from_dict({"d": 1, "to_dict": "a", "payload": "b", "self": True})
    ],
)
echo(
    "message_union",
    "an undiscriminated union of models",
    Cat | Dog,
    lambda c: [c.Cat(name="a", lives=9), c.Dog(name="b", tricks=["sit"])],
)
echo(
    "message_discriminated_union",
    "a discriminated union",
    Payment,
    lambda c: [c.Card(kind="card", number="4"), c.Cash(kind="cash", coins=3)],
)
echo(
    "message_union_in_list",
    "discriminated unions in a list",
    Basket,
    lambda c: [
        c.Basket(
            payments=[c.Cash(kind="cash", coins=1), c.Card(kind="card", number="")]
        )
    ],
)
echo(
    "message_recursive",
    "a recursive model",
    Tree,
    lambda c: [
        c.Tree(
            value=1,
            children=[c.Tree(value=2, children=[]), c.Tree(3, children=[])],
        )
    ],
)
echo(
    "message_extra_fields",
    "fields the model does not name",
    Open,
    lambda c: [c.Open.from_dict({"known": 1, "unknown": {"a": [None]}})],
)
echo(
    "message_generic",
    "a generic model",
    Page[Point],
    lambda c: [c.PagePoint(items=[c.Point(x=1, y=2)], more=True)],
)
echo(
    "message_tuples",
    "tuples, fixed and open",
    Pair,
    lambda c: [c.Pair.from_dict({"both": [1, "a"], "many": [1, 2, 3]})],
)
echo(
    "message_json",
    "any JSON object",
    dict[str, Any],
    lambda c: [{"a": [1, None, {"b": True}]}, {}],
)


class Ready(WsRouter[None, Point]):
    """Follows without a request."""

    async def stream(self, request: None) -> AsyncIterator[Point]:
        yield Point(x=1, y=2)
        await asyncio.sleep(3600)


async def _check_none(socket: Any, c: Any) -> None:
    async with socket.no_request() as updates:
        assert_same(c.Point(x=1, y=2), await anext(updates))


_routers.append(Ready("no_request"))
_add("no_request", "a subscription without a request", _check_none)


class Letters(pydantic.BaseModel):
    of: list[str]


class Letter(pydantic.BaseModel):
    letter: str


class Topics(WsRouter[Letters, Letter]):
    """Each letter is a topic of its own."""

    def topics(self, request: Letters) -> Iterable[Letters]:
        return [Letters(of=[letter]) for letter in request.of]

    async def check(self, request: Letters) -> None:
        if not request.of:
            raise SocketError("no letter", code="no_letter")

    async def stream(self, request: Letters) -> AsyncIterator[Letter]:
        yield Letter(letter=request.of[0])
        await asyncio.sleep(3600)


async def _check_topics(socket: Any, c: Any) -> None:
    async with socket.several_topics(c.Letters(of=["a", "b"])) as updates:
        assert {(await anext(updates)).letter for _ in range(2)} == {"a", "b"}


async def _check_refusal(socket: Any, c: Any) -> None:
    with pytest.raises(SocketErrorAnswer, match="no letter") as caught:
        await anext(socket.several_topics(c.Letters(of=[])))
    assert caught.value.code == "no_letter"


_routers.append(Topics("several_topics"))
_add("several_topics", "one subscription, several topics", _check_topics)
_add(
    "refusal", "an error with a code of the author's", _check_refusal, "several_topics"
)


@_operations.send("request_reply", reply="request_reply.response")
async def _request_reply(payload: Point) -> Named:
    return Named(name="a" * payload.x, tags=["t"], share=0.5)


async def _check_reply(socket: Any, c: Any) -> None:
    answer = await socket.request_reply(c.Point(x=3, y=0))
    assert_same(c.Named(name="aaa", tags=["t"], share=0.5), answer)


_add("request_reply", "a request and its answer", _check_reply)


@_operations.send("reply_of_union", reply="reply_of_union.response")
async def _reply_of_union(payload: Payment) -> Payment | None:
    return payload if isinstance(payload, Card) else None


async def _check_reply_of_union(socket: Any, c: Any) -> None:
    card = c.Card(kind="card", number="4")
    assert_same(card, await socket.reply_of_union(card))
    assert await socket.reply_of_union(c.Cash(kind="cash", coins=1)) is None


_add("reply_of_union", "a union or null as the answer", _check_reply_of_union)


@_operations.send("bare_request", reply="bare_request.response")
async def _bare_request() -> list[int]:
    return [1, 2]


async def _check_bare_request(socket: Any, c: Any) -> None:
    assert await socket.bare_request() == [1, 2]


_add("bare_request", "a request without a payload", _check_bare_request)

_told: list[int] = []


@_operations.send("one_way")
async def _one_way(payload: int) -> None:
    _told.append(payload)


@_operations.send("bare_reply", reply="bare_reply.response")
async def _bare_reply() -> None:
    """Answer without a payload."""


async def _check_one_way(socket: Any, c: Any) -> None:
    _told.clear()
    await socket.one_way(7)
    while not _told:
        await socket.bare_reply()
    assert _told == [7]


async def _check_bare_reply(socket: Any, c: Any) -> None:
    assert await socket.bare_reply() is None


_add("one_way", "a message without an answer", _check_one_way)
_add("bare_reply", "an answer without a payload", _check_bare_reply)


@_operations.recv("event.told")
async def _event(payload: Point) -> Point:
    return payload


@_operations.send("event.begin", reply="event.begun")
async def _begin(client: Client, app: FastWS) -> None:
    client.subscribe("events")
    message: Any = Message(type="event.told", payload={"x": 1, "y": 2})
    await app.server_send(message, topic="events")


async def _check_event(socket: Any, c: Any) -> None:
    async with socket.event_told() as events:
        await socket.event_begin()
        assert_same(c.Point(x=1, y=2), await anext(events))


_add(
    "event", "what the server tells unasked", _check_event, "event_told", "event_begin"
)


SOCKET_CONSTRUCTS: dict[str, SocketConstruct] = {
    construct.id: construct for construct in _constructs
}
"""By id, in the order of the table."""

module = Module(ws={"v1": [*_routers, _operations]})


def document() -> dict[str, Any]:
    """Return the AsyncAPI document of the module."""
    return dict(socket_documents(module.create_app(NAME))["v1"])


def make_app() -> ModularApp:
    """Return an app of this module alone."""
    return ModularApp([module.create_app(NAME)])
