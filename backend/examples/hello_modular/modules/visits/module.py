"""The module's declaration and its routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from modular_api import Module, Service
from modular_api.clients import module_client

from ..greetings.client_generated import GreetingsClient
from .counter import Counter

router = APIRouter()


class Visit(BaseModel):
    """One visit, and what the visitor was told."""

    number: int
    greeting: str


class Visits(BaseModel):
    """How many there were."""

    count: int


@router.get("/visits")
async def count_visits(counter: Annotated[Counter, Service]) -> Visits:
    """Tell the number of visits."""
    return Visits(count=counter.count)


@router.post("/visits/{name}", status_code=201)
async def add_visit(name: str, counter: Annotated[Counter, Service]) -> Visit:
    """Count one visit and greet the visitor."""
    greeting = await module_client(GreetingsClient).greet(name)
    return Visit(number=counter.add(), greeting=greeting.text)


module = Module(
    routers={"v1": router}, service=Counter, uses=["greetings"], stateful=True
)
