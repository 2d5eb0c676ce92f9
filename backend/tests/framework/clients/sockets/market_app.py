"""A module whose socket counts, and does to its connections what tests ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Header, HTTPException
from fastws import Client, FastWS, Message, OperationRouter
from pydantic import BaseModel, Field

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


class Fault(BaseModel):
    """How to end every connection, and what to publish then; code 0 drops TCP."""

    code: int
    reason: str = ""
    then: Push | None = None


class Pushed(BaseModel):
    """How many numbers were published."""

    count: int


class Tick(BaseModel):
    """What a fastws handler tells."""

    n: int


class Market:
    """The service: knows the routers that run beside it."""

    def __init__(self) -> None:
        self.routers: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""

    def push(self, push: Push) -> None:
        """Publish numbers."""
        for value in range(push.first, push.first + push.count):
            number = Number(name=push.name, value=value)
            request = NumbersRequest(names=[push.name])
            self.routers["numbers"].publish(request, number)
            self.routers["latest"].publish(None, number)


class Numbers(WsRouter[NumbersRequest, Number]):
    """Numbers, as somebody publishes them."""

    async def started(self) -> None:
        self.service.routers[self.name] = self

    def topics(self, request: NumbersRequest) -> Iterable[NumbersRequest]:
        return [NumbersRequest(names=[name]) for name in request.names]

    async def check(self, request: NumbersRequest) -> None:
        if "nobody" in request.names:
            raise SocketError("nobody counts", code="unknown_name")


class Latest(WsRouter[None, Number]):
    """The newest number of each name."""

    policy = Policy.CONFLATE

    async def started(self) -> None:
        self.service.routers[self.name] = self

    def key(self, update: Number) -> str:
        return update.name


def make_operations() -> OperationRouter:
    """Return what tests can ask of the server."""
    router = OperationRouter()

    @router.send("push", reply="push.response")
    async def push(payload: Push, service: Market) -> Pushed:
        service.push(payload)
        return Pushed(count=payload.count)

    @router.send("fault")
    async def fault(payload: Fault, service: Market) -> None:
        runtime = service.routers["numbers"]._run()
        for connection in tuple(runtime.connections):
            if payload.code == 0 and connection._direct is not None:
                connection._direct.abort()
            else:
                connection.end(payload.code or 1011, payload.reason)
        if payload.then is not None:
            service.push(payload.then)

    @router.send("followed", reply="followed.response")
    async def followed(service: Market) -> int:
        return len([*service.routers["numbers"]._run().hub.topics])

    @router.send("who", reply="who.response")
    async def who(client: Client) -> str:
        return str(client.uid)

    @router.send("ticks.begin", reply="ticks.begun")
    async def begin(payload: Tick, client: Client, app: FastWS) -> None:
        client.subscribe("ticks")
        for n in range(payload.n):
            await app.server_send(Message(type="tick", payload={"n": n}), topic="ticks")

    @router.recv("tick")
    async def tick(payload: Tick) -> Tick:
        return payload

    @router.send("late", reply="late.response")
    async def late() -> None:
        await asyncio.sleep(0.5)

    return router


async def only_with_the_right_token(
    authorization: Annotated[str, Header()] = "",
) -> None:
    """Refuse a wrong token; none is welcome."""
    if authorization not in ("", "Bearer right"):
        raise HTTPException(401)


http = APIRouter()


@http.get("/number")
async def number() -> Number:
    """A model that the socket tells too."""
    return Number(name="a", value=1)


def make_module() -> Module:
    """Declare the module."""
    return Module(
        routers={"v1": http},
        ws={"v1": [Numbers("numbers"), Latest("latest"), make_operations()]},
        service=Market,
        dependencies=[Depends(only_with_the_right_token)],
    )


def make_app() -> ModularApp:
    """Return an app of this module alone."""
    return ModularApp([make_module().create_app("market")])
