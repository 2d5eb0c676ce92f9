from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated

from fastapi import (
    APIRouter,
    BackgroundTasks,
    Depends,
    File,
    Form,
    Header,
    HTTPException,
    Request,
    UploadFile,
)
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modular_api import Module

router = APIRouter()
done: list[str] = []


class Item(BaseModel):
    """Something with a price."""

    name: str
    price: Decimal


class OutOfStock(Exception):
    """There is none left."""


class Stamp:
    """A middleware of the module's own: stamps its answers."""

    def __init__(self, app: ASGIApp, text: str) -> None:
        self.app = app
        self.text = text.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", self.text)]
            await send(message)

        await self.app(scope, receive, stamped)


async def refuse_strangers(x_caller: Annotated[str, Header()] = "friend") -> None:
    if x_caller == "stranger":
        raise HTTPException(403, "friends only")


async def opened(request: Request) -> AsyncIterator[str]:
    done.append("opened")
    yield request.url.path
    done.append("closed")


async def answer_out_of_stock(request: Request, exc: Exception) -> JSONResponse:
    return JSONResponse({"sorry": str(exc)}, status_code=410)


@router.post("/items", status_code=201)
async def add_item(item: Item) -> Item:
    return item


@router.get("/path")
async def read_path(path: Annotated[str, Depends(opened)]) -> str:
    return path


@router.get("/url")
async def read_url(request: Request) -> str:
    return str(request.url_for("read_path").path)


@router.get("/sold-out")
async def sold_out() -> Item:
    raise OutOfStock("no items")


@router.get("/page", response_class=HTMLResponse)
async def page() -> str:
    return "<h1>Items</h1>"


@router.get("/text", response_class=PlainTextResponse)
async def text() -> str:
    return "plain" * 200


@router.get("/moved", response_class=RedirectResponse)
async def moved() -> str:
    return "/elsewhere"


@router.get("/raw", response_class=StreamingResponse)
async def raw() -> StreamingResponse:
    return StreamingResponse(iter([b"one,", b"two"]), media_type="text/csv")


@router.get("/events", response_class=EventSourceResponse)
async def events() -> AsyncIterator[Item]:
    for price in ("1.10", "2.20"):
        yield Item(name="tick", price=Decimal(price))


@router.get("/lines")
async def lines() -> AsyncIterator[Item]:
    for price in ("3.30", "4.40"):
        yield Item(name="line", price=Decimal(price))


@router.post("/later", status_code=202)
async def later(tasks: BackgroundTasks) -> str:
    tasks.add_task(done.append, "later")
    return "soon"


@router.get("/done")
async def read_done() -> list[str]:
    return done


@router.post("/upload")
async def upload(
    file: Annotated[UploadFile, File()], note: Annotated[str, Form()]
) -> str:
    content = await file.read()
    return f"{file.filename}: {len(content)} bytes, {note}"


module = Module(
    routers={"v1": router},
    dependencies=[Depends(refuse_strangers)],
    middleware=[
        Middleware(GZipMiddleware, minimum_size=500),
        Middleware(Stamp, text="features"),
    ],
    exception_handlers={OutOfStock: answer_out_of_stock},
    tags=["everything"],
)
