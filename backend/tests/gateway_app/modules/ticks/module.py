"""The module's declaration, its streams and its socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, Field

from modular_api import Module
from modular_api.ws import WsRouter

v1 = APIRouter()
v2 = APIRouter()


class Tick(BaseModel):
    """One number of a count."""

    number: int


class CountRequest(BaseModel):
    """Where to begin, and how fast."""

    first: int = 0
    every_s: float = Field(default=0.01, ge=0.001, le=60)


class Count(WsRouter[CountRequest, Tick]):
    """Numbers, one after the other, for ever."""

    async def stream(self, request: CountRequest) -> AsyncIterator[Tick]:
        """Count."""
        number = request.first
        while True:
            yield Tick(number=number)
            number += 1
            await asyncio.sleep(request.every_s)


Pause = Annotated[float, Query(ge=0, le=10)]


@v1.get("/events", response_class=EventSourceResponse)
async def events(pause_s: Pause = 0) -> AsyncIterator[Tick]:
    """Count to three as server-sent events."""
    for number in range(3):
        yield Tick(number=number)
        await asyncio.sleep(pause_s)


@v1.get(
    "/lines",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}}}},
)
async def lines(pause_s: Pause = 0) -> StreamingResponse:
    """Count to three as lines of JSON."""

    async def count() -> AsyncIterator[str]:
        for number in range(3):
            yield Tick(number=number).model_dump_json() + "\n"
            await asyncio.sleep(pause_s)

    return StreamingResponse(count(), media_type="application/jsonl")


@v2.get("/last")
async def last() -> Tick:
    """Tell the last number there is."""
    return Tick(number=2)


module = Module(routers={"v1": v1, "v2": v2}, ws={"v1": [Count("count")]})
