"""The module's declaration and its only route."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from modular_api import Module

router = APIRouter()


class Greeting(BaseModel):
    """What is said."""

    text: str


@router.get("/greetings/{name}")
async def greet(name: str) -> Greeting:
    """Greet somebody."""
    return Greeting(text=f"Hello, {name}!")


module = Module(routers={"v1": router})
