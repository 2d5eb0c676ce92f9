"""A module of every shape a client must carry, with the prefix of module `shop`."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import enum
import uuid
from typing import Annotated, Any, Literal

from fastapi import (
    APIRouter,
    Body,
    Cookie,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
    UploadFile,
)
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, RootModel

PREFIX = "/api/v1/shop"

router = APIRouter()


class Side(enum.StrEnum):
    """Buy or sell."""

    BUY = "buy"
    SELL = "sell"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Symbol(BaseModel):
    """Has a field of its own name."""

    symbol: str
    listed_at: datetime.datetime | None = None


class OrderRequest(BaseModel):
    """What to buy. Its words try \"\"\" to break \\ out."""

    symbol: str
    qty: int = Field(gt=0)
    side: Side = Side.BUY
    price: decimal.Decimal | None = None


class Order(BaseModel):
    id: uuid.UUID
    symbol: str
    qty: int
    side: Side
    placed_at: datetime.datetime
    day: datetime.date
    tags: list[str] = []
    legs: list[Order] = []
    meta: dict[str, int] = {}


class Problem(BaseModel):
    title: str
    status: int
    detail: str


class Card(BaseModel):
    kind: Literal["card"] = "card"
    number: str


class Cash(BaseModel):
    kind: Literal["cash"] = "cash"
    amount: int


class Payment(BaseModel):
    method: Annotated[Card | Cash, Field(discriminator="kind")]


class Names(RootModel[list[str]]):
    pass


class Awkward(BaseModel):
    d: int
    cls: str
    from_dict: str = "x"
    class_: str = Field(alias="class")
    field: str = Field(alias="with-dash and space")


class Generator(BaseModel):
    """Named like a class the generated code imports."""

    watts: float


class Day(BaseModel):
    """Has a field of its own name, of another type than text."""

    day: datetime.date


class Price(BaseModel):
    """Read and written in two shapes: FastAPI makes `Price-Input`, `Price-Output`."""

    amount: decimal.Decimal


class Echo(BaseModel):
    seen: dict[str, Any]


@router.get("/orders")
async def list_orders(
    side: Side | None = None,
    level: Level | None = None,
    limit: int = 50,
    symbols: Annotated[list[str] | None, Query()] = None,
) -> list[Order]:
    """List the orders.

    The newest come first.
    """
    del side, level, symbols
    return [_order() for _ in range(min(limit, 2))]


@router.post(
    "/orders",
    status_code=201,
    responses={409: {"model": Problem}, 418: {"model": Problem}, 503: {}},
)
async def place_order(order: OrderRequest) -> Order:
    """Place an order."""
    if order.symbol == "TAKEN":
        raise HTTPException(409, "there is one already")
    if order.symbol == "TEAPOT":
        raise HTTPException(418, "no coffee")
    if order.symbol == "GONE":
        raise HTTPException(410, "undocumented")
    if order.symbol == "BROKEN":
        raise RuntimeError("broken")
    return _order(symbol=order.symbol, qty=order.qty, side=order.side)


@router.get("/orders/{order_id}", responses={404: {"model": Problem}})
async def get_order(order_id: uuid.UUID) -> Order:
    return _order(id=order_id)


@router.delete("/orders/{order_id}", status_code=204)
async def cancel_order(order_id: uuid.UUID) -> None:
    del order_id


@router.put("/days/{day}/{level}/{name}")
async def put_day(
    day: datetime.date, level: Level, name: str, at: datetime.datetime
) -> Echo:
    seen = {"day": str(day), "level": level, "name": name, "at": at.isoformat()}
    return Echo(seen=seen)


@router.get("/echo")
async def echo(
    request: Request,
    params: str,
    flag: bool = False,
    ratio: float = 0.5,
    x_trace: Annotated[str | None, Header()] = None,
    x_count: Annotated[int | None, Header()] = None,
    visit: Annotated[int | None, Cookie()] = None,
    json_params: str | None = None,
) -> Echo:
    return Echo(
        seen={
            "params": params,
            "flag": flag,
            "ratio": ratio,
            "x_trace": x_trace,
            "x_count": x_count,
            "visit": visit,
            "json_params": json_params,
            "authorization": request.headers.get("authorization"),
            "request_id": request.headers.get("x-request-id"),
            "state": sorted(getattr(request.state, "_state", {})),
        }
    )


@router.get("/files/{path:path}")
async def read_path(path: str) -> Echo:
    return Echo(seen={"path": path})


@router.post("/pay")
async def pay(payment: Payment) -> Payment:
    return payment


@router.post("/names")
async def put_names(names: Names) -> Names:
    return names


@router.post("/maybe")
async def maybe(symbol: Annotated[Symbol | None, Body()] = None) -> Symbol | None:
    return symbol


@router.post("/awkward")
async def awkward(body: Awkward) -> Awkward:
    return body


@router.post("/generator")
async def generator(body: Generator) -> Generator:
    return body


@router.post("/form")
async def send_form(
    name: Annotated[str, Form()], count: Annotated[int | None, Form()] = None
) -> Echo:
    return Echo(seen={"name": name, "count": count})


@router.post("/upload")
async def upload(
    file: UploadFile,
    more: Annotated[list[UploadFile], File()],
    note: Annotated[str, Form()],
    extra: UploadFile | None = None,
) -> Echo:
    return Echo(
        seen={
            "file": [file.filename, (await file.read()).decode()],
            "more": [(await one.read()).decode() for one in more],
            "note": note,
            "extra": None if extra is None else extra.filename,
        }
    )


@router.get("/day")
async def read_day() -> Day:
    return Day(day=datetime.date(2026, 1, 2))


@router.post("/price")
async def double_price(price: Price) -> Price:
    return Price(amount=price.amount * 2)


@router.get("/raw/{size}", response_class=Response)
async def raw(size: int) -> Response:
    return Response(b"x" * size, media_type="application/octet-stream")


@router.get("/text", response_class=PlainTextResponse)
async def text() -> str:
    return "grüße"


@router.get("/anything")
async def anything():
    return {"a": [1, None]}


@router.get("/accepted", status_code=200, responses={202: {"model": Names}})
async def accepted(response: Response, wait: bool = False) -> Symbol:
    if wait:
        return PlainTextResponse("[]", 202, media_type="application/json")  # type: ignore[return-value]  # a Response is passed on as it is
    return Symbol(symbol="A")


@router.get("/malformed")
async def malformed(status: int) -> Symbol:
    return Response("<html>", status, media_type="text/html")  # type: ignore[return-value]  # a Response is passed on as it is


@router.get("/slow")
async def slow(seconds: float) -> Echo:
    await asyncio.sleep(seconds)
    return Echo(seen={})


@router.get("/sync")
async def sync() -> Echo:
    """Its name is one the client needs for itself."""
    return Echo(seen={})


@router.get("/import")
async def import_() -> Echo:
    return Echo(seen={})


@router.get("/version")
async def version() -> Echo:
    return Echo(seen={"version": 1})


def _order(**changes: Any) -> Order:
    fields: dict[str, Any] = {
        "id": uuid.UUID(int=7),
        "symbol": "AAPL",
        "qty": 1,
        "side": Side.BUY,
        "placed_at": datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC),
        "day": datetime.date(2026, 1, 2),
        "tags": ["a"],
        "meta": {"n": 1},
    }
    return Order(**{**fields, **changes})


def _name(route: APIRoute) -> str:
    return route.name


def make_module_app() -> FastAPI:
    """Return the module's app, its paths without prefix."""
    app = FastAPI(title="shop", generate_unique_id_function=_name)
    app.include_router(router)
    return app


def make_app() -> FastAPI:
    """Return an app that serves the module below its prefix."""
    app = FastAPI()
    app.mount(PREFIX, make_module_app())
    return app
