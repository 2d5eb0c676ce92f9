"""A module that counts, and does to its connections what tests ask for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import (
    APIRouter,
    Depends,
    Form,
    Header,
    HTTPException,
    Query,
    Request,
    UploadFile,
)
from fastapi.sse import EventSourceResponse
from fastws import Client, FastWS, Message, OperationRouter
from pydantic import BaseModel, Field
from starlette import types as asgi

from modular_api import Module
from modular_api.app.modular_app import ModularApp
from modular_api.ws import Policy, SocketError, WsRouter


class NumbersRequest(BaseModel):
    """Whose numbers are followed."""

    names: list[Annotated[str, Field(min_length=1)]] = Field(min_length=1, max_length=3)


class Number(BaseModel):
    """One of a sequence."""

    name: str
    value: int


class Push(BaseModel):
    """Numbers to publish, `first` and those after it."""

    name: str
    first: int
    count: int = Field(default=1, ge=0, le=5_000)


class Pushed(BaseModel):
    """How many numbers were published."""

    count: int


class Fault(BaseModel):
    """What to do to every connection; code 0 drops TCP."""

    code: int
    reason: str = ""


class Tick(BaseModel):
    """What a fastws handler tells."""

    n: int


class Order(BaseModel):
    """An order as it was taken."""

    symbol: str
    price: Decimal
    at: datetime | None = None


class Numbers(WsRouter[NumbersRequest, Number]):
    """Numbers, as somebody publishes them."""

    latest: Numbers

    async def started(self) -> None:
        type(self).latest = self

    def topics(self, request: NumbersRequest) -> Iterable[NumbersRequest]:
        return [NumbersRequest(names=[name]) for name in request.names]

    async def check(self, request: NumbersRequest) -> None:
        if "nobody" in request.names:
            raise SocketError("nobody counts", code="unknown_name")


class Latest(WsRouter[None, Number]):
    """The newest number of each name."""

    policy = Policy.CONFLATE

    async def started(self) -> None:
        """Nothing to remember."""


def publish(numbers: Push) -> Pushed:
    """Tell numbers to who follows them."""
    for value in range(numbers.first, numbers.first + numbers.count):
        number = Number(name=numbers.name, value=value)
        Numbers.latest.publish(NumbersRequest(names=[numbers.name]), number)
    return Pushed(count=numbers.count)


def make_operations() -> OperationRouter:
    """Return what tests can ask of the server."""
    router = OperationRouter()

    @router.send("push", reply="push.response")
    async def push(payload: Push) -> Pushed:
        return publish(payload)

    @router.send("fault")
    async def fault(payload: Fault) -> None:
        runtime: Any = Numbers.latest._run()
        for connection in tuple(runtime.connections):
            if payload.code == 0:
                connection._direct.abort()
            else:
                connection.end(payload.code, payload.reason)

    @router.send("ticks.begin", reply="ticks.begun")
    async def begin(payload: Tick, client: Client, app: FastWS) -> None:
        client.subscribe("ticks")
        for n in range(payload.n):
            await app.server_send(Message(type="tick", payload={"n": n}), topic="ticks")

    @router.recv("tick")
    async def tick(payload: Tick) -> Tick:
        return payload

    @router.send("never", reply="never.response")
    async def never() -> None:
        await asyncio.sleep(0.5)

    return router


async def only_with_the_right_token(
    authorization: Annotated[str, Header()] = "",
) -> None:
    """Refuse a wrong token; none is welcome."""
    if authorization not in ("", "Bearer right"):
        raise HTTPException(401)


http = APIRouter()

WORDS = ["a"]


@http.post("/orders", status_code=201)
async def place_order(order: Order) -> Order:
    """Take an order."""
    return order


@http.get("/orders/{number}", responses={404: {"description": "There is none."}})
async def find_order(number: int) -> Order:
    """Find nothing."""
    raise HTTPException(404, f"there is no order {number}")


@http.post("/push")
async def push_numbers(numbers: Push) -> Pushed:
    """Publish numbers, for clients without a connection."""
    return publish(numbers)


class Seen(BaseModel):
    """The parameters as they arrived."""

    name: str
    query: list[tuple[str, str]]


@http.get("/seen/{name}")
async def see(
    request: Request,
    name: str,
    many: Annotated[list[int | None] | None, Query()] = None,
    words: Annotated[list[str], Query()] = WORDS,
    odd: Annotated[str | None, Query(alias="a&b[]=c#d")] = None,
    flag: bool | None = None,
    at: datetime | None = None,
    limit: int | None = 5,
) -> Seen:
    """Tell what arrived."""
    return Seen(name=name, query=request.query_params.multi_items())


@http.get("/seen/{name}/secret")
async def secret(name: str) -> str:
    """Be what no name may lead to."""
    return name


@http.get("/files/{file:path}")
async def read_file(file: str) -> str:
    """Tell the path that arrived."""
    return file


class Uploaded(BaseModel):
    """What arrived."""

    name: str
    size: int
    note: str


@http.post("/upload")
async def upload(file: UploadFile, note: Annotated[str, Form()]) -> Uploaded:
    """Take a file."""
    content = await file.read()
    return Uploaded(name=file.filename or "", size=len(content), note=note)


class Counted(BaseModel):
    """One of a stream; `asked` counts how often that was asked for."""

    n: int
    asked: int


class Streams:
    """How often each stream was asked for, by its end, and how many may break."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.may_break = 0

    def count(self, end: str) -> int:
        """Note that a stream is asked for; refuse one that is to be refused."""
        self.asked[end] += 1
        if end == "refused":
            raise HTTPException(404, "there is no such stream")
        return self.asked[end]


streams = Streams()


@http.get("/streams/{end}", response_class=EventSourceResponse)
async def watch(
    end: str, asked: Annotated[int, Depends(streams.count)]
) -> AsyncIterable[Counted]:
    """Count to 2 and come to an end: `finished`, or `broken`; or be `refused`."""
    for n in range(2):
        yield Counted(n=n, asked=asked)


class BrokenStreams:
    """ASGI middleware: the connection is lost where a broken stream would end.

    Once its reader says so: what it has not read yet would be lost, too.
    """

    def __init__(self, app: asgi.ASGIApp) -> None:
        self.app = app

    async def __call__(
        self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send
    ) -> None:
        async def breaking_send(message: asgi.Message) -> None:
            is_end = message["type"] == "http.response.body" and not message.get(
                "more_body"
            )
            if is_end and scope["path"].endswith("/streams/broken"):
                while not streams.may_break:
                    await asyncio.sleep(0.001)
                streams.may_break -= 1
                raise ConnectionAbortedError("as the lab was told")
            await send(message)

        await self.app(scope, receive, breaking_send)


@http.post("/streams/break")
async def break_stream() -> None:
    """Let one broken stream break."""
    streams.may_break += 1


@http.get("/streams/{end}/asked")
async def times_asked(end: str) -> int:
    """Tell how often a stream was asked for."""
    return streams.asked[end]


def make_app() -> ModularApp:
    """Return an app of this module alone."""
    module = Module(
        routers={"v1": http},
        ws={"v1": [Numbers("numbers"), Latest("latest"), make_operations()]},
        dependencies=[Depends(only_with_the_right_token)],
    )
    app = ModularApp([module.create_app("lab")])
    app.add_middleware(BrokenStreams)
    return app
