"""Modules to measure with: as many as wanted, with as many routes as wanted."""

from __future__ import annotations

from pathlib import Path

_HEAD = """
from decimal import Decimal
from fastapi import APIRouter, HTTPException
from modular_api import Module
from pydantic import BaseModel

router = APIRouter()
"""

_ROUTE = """
class Order{n}(BaseModel):
    symbol: str
    qty: int
    price: Decimal | None = None
    tags: list[str] = []

class Answer{n}(BaseModel):
    id: int
    order: Order{n}

@router.post("/orders{n}/{{account}}")
async def place_order{n}(account: str, order: Order{n}, dry_run: bool = False) -> Answer{n}:
    \"\"\"Place an order.\"\"\"
    return Answer{n}(id={n}, order=order)
"""

_TAIL = """
@router.get("/ping")
async def ping() -> str:
    return "pong"

module = Module(routers={"v1": router})
"""


def write_modules(folder: Path, *, modules: int, routes: int) -> Path:
    """Write `modules` packages of `routes` routes each below `folder`; return it."""
    for number in range(modules):
        package = folder / f"module_{number}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text('"""A module to measure with."""\n')
        body = "".join(_ROUTE.format(n=n) for n in range(routes))
        (package / "module.py").write_text(_HEAD + body + _TAIL)
    return folder
