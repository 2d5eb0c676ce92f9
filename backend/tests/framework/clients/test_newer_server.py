"""A client of an earlier contract runs its suite against a newer server.

The suite is the same for both servers, in process and over HTTP: what the newer one
says more (fields, values, members, parameters, operations) changes nothing of it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

import pytest
from fastapi import APIRouter, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from modular_api import Module, Problem, idempotent
from modular_api.app.modular_app import ModularApp
from modular_api.clients import errors
from modular_api.codegen.python_client.index import render_index
from modular_api.codegen.python_client.render import render_python_client
from modular_api.specs.diff import compare
from modular_api.testing.live_server import LiveServer

PACKAGE = "earlier_contract_client"

PROBLEMS: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


class Answer(BaseModel):
    """What answers: a field with a default is always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


def _earlier() -> APIRouter:
    """The interface as the client knows it."""
    router = APIRouter()

    class Side(Enum):
        BUY = "buy"
        SELL = "sell"

    class Card(Answer):
        kind: Literal["card"] = "card"
        number: str

    class Cash(Answer):
        kind: Literal["cash"] = "cash"

    class Order(Answer):
        id: int
        side: Side
        price: Decimal
        paid_by: Annotated[Card | Cash, Field(discriminator="kind")]

    class OrderRequest(BaseModel):
        side: Side
        price: Decimal

    orders: list[Order] = []

    def place(request: OrderRequest) -> Order:
        order = Order(
            id=len(orders), side=request.side, price=request.price, paid_by=Cash()
        )
        orders.append(order)
        return order

    def listed(side: Side | None = None) -> list[Order]:
        return [order for order in orders if side in (None, order.side)]

    def one(order_id: int) -> Order:
        if order_id >= len(orders):
            raise HTTPException(404, f"no order {order_id}")
        return orders[order_id]

    async def stream() -> AsyncIterable[Order]:
        for order in orders:
            yield order

    router.post("/orders", status_code=201, response_model=Order)(
        _annotated(place, request=OrderRequest)
    )
    router.get("/orders", response_model=list[Order])(
        _annotated(listed, side=Side | None)
    )
    router.get("/orders/{order_id}", response_model=Order, responses=PROBLEMS)(
        _annotated(one)
    )
    router.get("/stream")(_annotated(stream, **{"return": AsyncIterable[Order]}))
    return router


def _newer() -> APIRouter:
    """The same with more of everything, and nothing taken away."""
    router = APIRouter()

    class Side(Enum):
        BUY = "buy"
        SELL = "sell"
        SHORT = "short"

    class Card(Answer):
        kind: Literal["card"] = "card"
        number: str

    class Cash(Answer):
        kind: Literal["cash"] = "cash"
        currency: str = "EUR"

    class Wallet(Answer):
        kind: Literal["wallet"] = "wallet"
        address: str

    class Order(Answer):
        id: int
        side: Side
        price: Decimal
        paid_by: Annotated[Card | Cash | Wallet, Field(discriminator="kind")]
        tags: list[str] = ["new"]
        parent: int | None = None

    class OrderRequest(BaseModel):
        side: Side
        price: Decimal
        note: str = "none"

    orders: list[Order] = []

    def place(request: OrderRequest, dry_run: bool = False) -> Order:
        order = Order(
            id=len(orders), side=request.side, price=request.price, paid_by=Cash()
        )
        if not dry_run:
            orders.append(order)
        return order

    def listed(
        side: Side | None = None,
        limit: int = 100,
        x_page: Annotated[str | None, Header()] = None,
    ) -> list[Order]:
        known = [order for order in orders if side in (None, order.side)][:limit]
        # Only this server has such orders.
        wallet = Wallet(address="0x1")
        new = Order(id=99, side=Side.SHORT, price=Decimal(1), paid_by=wallet)
        return [*known, new] if side is None else known

    def one(order_id: int) -> Order:
        if order_id >= len(orders):
            raise HTTPException(404, f"no order {order_id}")
        return orders[order_id]

    async def stream() -> AsyncIterable[Order]:
        for order in orders:
            yield order

    router.post("/orders", status_code=201, response_model=Order)(
        idempotent(_annotated(place, request=OrderRequest))
    )
    router.get("/orders", response_model=list[Order])(
        _annotated(listed, side=Side | None)
    )
    router.get("/orders/{order_id}", response_model=Order, responses=PROBLEMS)(
        _annotated(one)
    )
    router.get("/stream")(_annotated(stream, **{"return": AsyncIterable[Order]}))
    router.get("/brand-new")(lambda: "new")
    return router


def _annotated(function: Any, **types: Any) -> Any:
    """Give a handler its types of this function's own, which no string could name."""
    function.__annotations__ |= types
    return function


def _app(router: APIRouter) -> ModularApp:
    return ModularApp([Module(routers={"v1": router}).create_app("desk")])


def _document(router: APIRouter) -> dict[str, Any]:
    return Module(routers={"v1": router}).create_app("desk").versions["v1"].openapi()


@pytest.fixture(scope="module")
def earlier_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The client generated from the earlier contract, imported."""
    folder = tmp_path_factory.mktemp("earlier")
    files = render_python_client(
        _document(_earlier()), module="desk", version="v1", format_file=str
    )
    for path, text in {**files, "__init__.py": render_index([("desk", "v1")])}.items():
        target: Path = folder / PACKAGE / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    sys.path.insert(0, str(folder))
    yield importlib.import_module(f"{PACKAGE}.desk_client")
    sys.path.remove(str(folder))
    for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture(params=["the server it knows", "a newer server"])
def server(request: pytest.FixtureRequest) -> ModularApp:
    """One of the two, new for each test."""
    return _app(_earlier() if request.param == "the server it knows" else _newer())


@pytest.fixture(params=["in process", "over HTTP"])
async def desk(
    request: pytest.FixtureRequest, server: ModularApp, earlier_client: ModuleType
) -> AsyncIterator[Any]:
    """The client of the earlier contract."""
    if request.param == "in process":
        async with earlier_client.DeskClient(app=server) as client:
            yield client
        return
    with LiveServer(server) as live:
        async with earlier_client.DeskClient(base_url=live.base_url) as client:
            yield client


class TestTheSuiteOfTheEarlierClient:
    """Every promise of the earlier contract, kept by both servers."""

    async def test_orders_are_placed_and_found(
        self, desk: Any, earlier_client: ModuleType
    ) -> None:
        """Typed both ways, one by one, listed, and in a stream."""
        side = earlier_client.Side
        request = earlier_client.OrderRequest(side=side.BUY, price=Decimal("1.50"))
        placed = await desk.place(request)
        assert (placed.id, placed.side, placed.price) == (0, side.BUY, Decimal("1.50"))
        assert type(placed.paid_by) is earlier_client.Cash
        assert await desk.one(0) == placed
        assert await desk.listed(side=side.BUY) == [placed]
        assert await desk.listed(side=side.SELL) == []
        assert placed in await desk.listed()
        assert [order async for order in desk.stream()] == [placed]
        assert desk.sync.one(0) == placed

    async def test_what_is_missing_is_the_typed_error(self, desk: Any) -> None:
        """With its problem."""
        with pytest.raises(errors.NotFound, match="no order 7"):
            await desk.one(7)

    async def test_what_is_refused_is_the_typed_error(
        self, desk: Any, earlier_client: ModuleType
    ) -> None:
        """An invalid request stays invalid."""
        side = earlier_client.Side("nonsense")
        body = earlier_client.OrderRequest(side=side, price=Decimal(1))
        with pytest.raises(errors.UnprocessableContent):
            await desk.place(body)


async def test_what_the_newer_server_says_more_is_kept(
    earlier_client: ModuleType,
) -> None:
    """Fields, values and members that nobody knew arrive, and go back as they came."""
    async with earlier_client.DeskClient(app=_app(_newer())) as desk:
        [order] = await desk.listed()
    assert order["tags"] == ["new"]
    assert order.side.value == "short"
    assert dict(order.paid_by) == {"kind": "wallet", "address": "0x1"}
    assert order.to_dict() == {
        "id": 99,
        "side": "short",
        "price": "1",
        "paid_by": {"kind": "wallet", "address": "0x1"},
        "tags": ["new"],
        "parent": None,
    }


def test_the_newer_server_is_newer() -> None:
    """The gate sees new fields, values, members, parameters and operations."""
    rules = {
        change.rule for change in compare(_document(_earlier()), _document(_newer()))
    }
    assert rules >= {
        "endpoint-added",
        "new-optional-request-parameter",
        "new-optional-request-property",
        "response-property-enum-value-added",
        "response-property-one-of-added",
        "response-required-property-added",
    }
