"""The broker's endpoints: in the whole app, and at a market of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from modular_api import ModularApp
from modular_api.testing import LifespanInBackground
from trading_api.modules.broker.module import module
from trading_api.modules.broker.service import PaperBroker
from trading_api.modules.broker.tests.fakes import FixedPrices

pytestmark = pytest.mark.api

BROKER = "/api/v1/broker"


@pytest.fixture
def market() -> FixedPrices:
    """Return a market with AAPL at 190."""
    return FixedPrices(AAPL="190.00")


@pytest.fixture
def broker(market: FixedPrices) -> Iterator[AsyncClient]:
    """Return a client of a new broker at that market, served alone."""
    here = replace(module, service=lambda: PaperBroker(market, max_working_orders=3))
    app = ModularApp([here.create_app("broker")])
    with LifespanInBackground(app):
        yield AsyncClient(
            transport=ASGITransport(app=app), base_url=f"http://test{BROKER}"
        )


async def test_the_account_has_an_id_and_a_name(async_client: AsyncClient) -> None:
    """And what it is worth, as text."""
    response = await async_client.get(f"{BROKER}/account")
    assert response.status_code == 200
    account = response.json()
    assert {"id", "name", "currency", "balance", "equity"} <= set(account)
    assert isinstance(account["equity"], str)


async def test_accounts_are_listed(async_client: AsyncClient) -> None:
    """There is one."""
    response = await async_client.get(f"{BROKER}/accounts")
    assert [each["name"] for each in response.json()] == ["Paper account"]


@pytest.mark.parametrize("path", ["orders", "positions", "executions"])
async def test_lists_are_lists(async_client: AsyncClient, path: str) -> None:
    """Of something or of nothing."""
    response = await async_client.get(f"{BROKER}/{path}")
    assert response.status_code == 200
    assert isinstance(response.json(), list)


async def test_a_limit_order_is_placed_told_and_cancelled(
    async_client: AsyncClient,
) -> None:
    """With nothing but symbol and price it buys one unit."""
    placed = await async_client.post(
        f"{BROKER}/orders", json={"symbol": "AAPL", "price": "0.01"}
    )
    assert placed.status_code == 201
    order = placed.json()
    assert (order["symbol"], order["qty"], order["side"]) == ("AAPL", 1, "buy")
    assert (order["type"], order["price"]) == ("limit", "0.01")
    assert order["status"] == "working"

    path = f"{BROKER}/orders/{order['id']}"
    assert (await async_client.get(path)).json() == order
    working = await async_client.get(f"{BROKER}/orders", params={"status": "working"})
    assert order in working.json()

    cancelled = await async_client.delete(path)
    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == "cancelled"
    assert (await async_client.get(path)).json() == cancelled.json()


async def test_a_market_order_trades_at_datafeeds_price(
    async_client: AsyncClient,
) -> None:
    """It lies within the bars of the minutes in which it was placed."""
    placed = await async_client.post(
        f"{BROKER}/orders", json={"symbol": "AAPL", "qty": 100, "side": "buy"}
    )
    assert placed.status_code == 201
    order = placed.json()
    assert (order["symbol"], order["qty"], order["status"]) == ("AAPL", 100, "filled")
    bars = (await async_client.get("/api/v1/datafeed/bars/AAPL?limit=2")).json()
    low = min(Decimal(bar["low"]) for bar in bars)
    high = max(Decimal(bar["high"]) for bar in bars)
    assert low <= Decimal(order["fill_price"]) <= high


async def test_a_market_order_is_filled(broker: AsyncClient) -> None:
    """The answer, the execution, the position and the account agree."""
    placed = await broker.post(
        "/orders", json={"symbol": "AAPL", "qty": 100, "side": "buy"}
    )
    assert placed.status_code == 201
    order = placed.json()
    assert (order["symbol"], order["qty"]) == ("AAPL", 100)
    assert (order["status"], order["fill_price"]) == ("filled", "190.00")
    (execution,) = (await broker.get("/executions")).json()
    assert execution["order_id"] == order["id"]
    (position,) = (await broker.get("/positions")).json()
    assert (position["qty"], position["average_price"]) == (100, "190")
    account = (await broker.get("/account")).json()
    assert (account["balance"], account["unrealized_pnl"]) == ("100000.00", "0.00")


async def test_a_new_app_has_a_new_broker(broker: AsyncClient) -> None:
    """State lives from the start of an app to its end."""
    assert (await broker.get("/orders")).json() == []
    assert (await broker.get("/executions")).json() == []


async def test_a_market_order_without_a_market_is_unavailable(
    broker: AsyncClient, market: FixedPrices
) -> None:
    """A problem says so; nothing is recorded."""
    market.is_open = False
    response = await broker.post("/orders", json={"symbol": "AAPL"})
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "Service Unavailable"
    assert "the market is closed" in response.json()["detail"]
    assert (await broker.get("/orders")).json() == []


async def test_an_order_for_an_unknown_symbol_is_not_found(broker: AsyncClient) -> None:
    """A problem names it."""
    response = await broker.post("/orders", json={"symbol": "NOPE"})
    assert response.status_code == 404
    assert response.json()["detail"] == "The market has no symbol 'NOPE'."


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_order_is_not_found(
    async_client: AsyncClient, method: str
) -> None:
    """A problem names it."""
    response = await async_client.request(method, f"{BROKER}/orders/nope")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "There is no order 'nope'."


async def test_an_order_that_ended_cannot_be_cancelled(broker: AsyncClient) -> None:
    """A problem says since when it is filled."""
    order = (await broker.post("/orders", json={"symbol": "AAPL"})).json()
    response = await broker.delete(f"/orders/{order['id']}")
    assert response.status_code == 409
    assert "is filled since" in response.json()["detail"]


async def test_one_working_order_too_many_is_a_conflict(broker: AsyncClient) -> None:
    """A problem tells how many there may be."""
    body = {"symbol": "AAPL", "price": "1"}
    answers = [await broker.post("/orders", json=body) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 409]
    assert "There are 3 working orders" in answers[-1].json()["detail"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["body", "symbol"]),
        ({"symbol": "AAPL", "qty": 0}, ["body", "qty"]),
        ({"symbol": "AAPL", "price": "NaN"}, ["body", "price"]),
        ({"symbol": "aapl"}, ["body", "symbol"]),
        ({"symbol": "AAPL", "type": "stop"}, ["body"]),
    ],
)
async def test_an_impossible_order_is_refused(
    async_client: AsyncClient, body: dict[str, Any], where: list[str]
) -> None:
    """The answer tells where the fault is."""
    response = await async_client.post(f"{BROKER}/orders", json=body)
    assert response.status_code == 422
    assert [fault["loc"] for fault in response.json()["detail"]] == [where]


@pytest.mark.parametrize("query", ["status=lost", "limit=0", "limit=1001", "symbol=x"])
async def test_an_impossible_filter_is_refused(
    async_client: AsyncClient, query: str
) -> None:
    """Rather than ignored."""
    response = await async_client.get(f"{BROKER}/orders?{query}")
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("orders", "post", {"201", "404", "409", "422", "503"}),
        ("orders/{order_id}", "get", {"200", "404", "422"}),
        ("orders/{order_id}", "delete", {"200", "404", "409", "422"}),
    ],
)
async def test_refusals_are_documented(
    async_client: AsyncClient, path: str, method: str, statuses: set[str]
) -> None:
    """Clients are generated from the document, so it has to tell of every status."""
    document = (await async_client.get("/api/v1/openapi.json")).json()
    operation = document["paths"][f"{BROKER}/{path}"][method]
    assert set(operation["responses"]) == statuses
