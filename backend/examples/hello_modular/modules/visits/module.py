from typing import Annotated

from fastapi import APIRouter
from modular_api import Module, Service
from pydantic import BaseModel

from .counter import Counter

router = APIRouter()


class Visits(BaseModel):
    """How many there were."""

    count: int


@router.get("/visits")
async def read_visits(counter: Annotated[Counter, Service]) -> Visits:
    """Tell the number of visits."""
    return Visits(count=counter.count)


@router.post("/visits", status_code=201)
async def add_visit(counter: Annotated[Counter, Service]) -> Visits:
    """Count one visit."""
    return Visits(count=counter.add())


module = Module(routers={"v1": router}, service=Counter, stateful=True)
