from fastapi import APIRouter
from modular_api import Module
from pydantic import BaseModel

router = APIRouter()


class Greeting(BaseModel):
    """What is said."""

    text: str


@router.get("/greetings/{name}")
async def greet(name: str) -> Greeting:
    """Greet somebody."""
    return Greeting(text=f"Hello, {name}!")


module = Module(routers={"v1": router})
