from fastapi import APIRouter
from pydantic import BaseModel

from modular_api import Module

router = APIRouter()


class Item(BaseModel):
    """Another item than the one next door."""

    weight: float


@router.get("/item")
async def read_item() -> Item:
    """Read the only item."""
    return Item(weight=1.5)


module = Module(routers={"v1": router})
