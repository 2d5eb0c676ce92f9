"""The broker's socket: what happens over HTTP shows up on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession

from modular_api import ModularApp
from trading_api.modules.broker.module import module
from trading_api.modules.broker.service import PaperBroker
from trading_api.modules.broker.tests.fakes import FixedPrices

pytestmark = pytest.mark.api

SOCKET = "/api/v1/broker/ws"
ORDERS = "/api/v1/broker/orders"


@pytest.fixture
def market() -> FixedPrices:
    """A market with AAPL at 190."""
    return FixedPrices(AAPL="190.00")


@pytest.fixture
def broker(market: FixedPrices) -> Iterator[TestClient]:
    """A client of a new broker at that market, which looks at prices all the time."""
    here = replace(module, service=lambda: PaperBroker(market, poll_interval_s=0.01))
    with TestClient(ModularApp([here.create_app("broker")])) as client:
        yield client


def follow(socket: WebSocketTestSession, *names: str) -> None:
    """Follow what these routers push."""
    for name in names:
        socket.send_json({"type": f"{name}.subscribe"})
        answer = socket.receive_json()
        assert answer["type"] == f"{name}.subscribe.response"
        assert answer["payload"] == {"success": True}


def updates(socket: WebSocketTestSession, count: int) -> list[tuple[str, Any]]:
    """Receive so many updates, as name and payload."""
    frames = [socket.receive_json() for _ in range(count)]
    assert all(frame["type"].endswith(".update") for frame in frames)
    return [(frame["type"].split(".")[0], frame["payload"]) for frame in frames]


def test_an_order_placed_by_http_shows_up_on_the_sockets(broker: TestClient) -> None:
    """As it was placed, as it was filled, its execution and the position."""
    with broker.websocket_connect(SOCKET) as socket:
        follow(socket, "orders", "executions", "positions")
        placed = broker.post(ORDERS, json={"symbol": "AAPL", "qty": 10, "side": "buy"})
        told = updates(socket, 4)
    order = placed.json()
    assert [name for name, _ in told] == ["orders", "orders", "executions", "positions"]
    assert told[0][1]["status"] == "working"
    assert told[1][1] == order
    assert told[2][1]["order_id"] == order["id"]
    assert (told[3][1]["symbol"], told[3][1]["qty"]) == ("AAPL", 10)


def test_an_order_placed_in_the_whole_app_shows_up(client: TestClient) -> None:
    """The user's way: both modules, prices of the datafeed."""
    with client.websocket_connect(SOCKET) as socket:
        follow(socket, "orders")
        placed = client.post(ORDERS, json={"symbol": "AMZN", "price": "0.01"}).json()
        (_, order), *_ = updates(socket, 1)
        assert order == placed
        cancelled = client.delete(f"{ORDERS}/{placed['id']}").json()
        assert updates(socket, 1) == [("orders", cancelled)]


def test_every_client_is_told(broker: TestClient) -> None:
    """Of the same account, in the same words."""
    with (
        broker.websocket_connect(SOCKET) as one,
        broker.websocket_connect(SOCKET) as other,
    ):
        follow(one, "orders")
        follow(other, "orders")
        broker.post(ORDERS, json={"symbol": "AAPL", "price": "1"})
        assert updates(one, 1) == updates(other, 1)


def test_a_price_that_moves_is_told_as_equity_and_position(
    broker: TestClient, market: FixedPrices
) -> None:
    """Ten units, one dollar up."""
    broker.post(ORDERS, json={"symbol": "AAPL", "qty": 10})
    with broker.websocket_connect(SOCKET) as socket:
        follow(socket, "positions", "equity")
        market.set("AAPL", "191.00")
        told = dict(updates(socket, 2))
    assert told["positions"]["unrealized_pnl"] == "10.00"
    assert told["equity"]["equity"] == "100010.00"


def test_a_working_order_is_told_when_the_market_reaches_it(
    broker: TestClient, market: FixedPrices
) -> None:
    """Nobody asked for anything in between."""
    with broker.websocket_connect(SOCKET) as socket:
        follow(socket, "orders")
        broker.post(ORDERS, json={"symbol": "AAPL", "qty": 1, "price": "180"})
        market.set("AAPL", "179.00")
        statuses = [payload["status"] for _, payload in updates(socket, 2)]
    assert statuses == ["working", "filled"]


def test_a_client_that_was_away_gets_what_it_missed(broker: TestClient) -> None:
    """By the position it had got to."""
    with broker.websocket_connect(SOCKET) as socket:
        socket.send_json({"type": "orders.subscribe"})
        answer = socket.receive_json()
    broker.post(ORDERS, json={"symbol": "AAPL", "price": "1"})
    with broker.websocket_connect(SOCKET) as socket:
        recover = {"epoch": answer["epoch"], "offset": answer["offset"]}
        socket.send_json({"type": "orders.subscribe", "recover": recover})
        assert socket.receive_json()["recovered"] is True
        ((_, order),) = updates(socket, 1)
    assert (order["symbol"], order["price"]) == ("AAPL", "1")


def test_what_was_not_followed_is_not_told(broker: TestClient) -> None:
    """Executions alone; the next message is the answer to the next question."""
    with broker.websocket_connect(SOCKET) as socket:
        follow(socket, "executions")
        broker.post(ORDERS, json={"symbol": "AAPL", "price": "1"})
        follow(socket, "equity")
