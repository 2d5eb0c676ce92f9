"""The broker trades at datafeed's prices, wherever datafeed runs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from modular_api.clients import NotFound, ServiceUnavailable
from modular_api.testing import PeerTopology
from trading_api.modules.broker.client_generated import BrokerClient
from trading_api.modules.broker.client_generated.broker_client import OrderRequest

pytestmark = pytest.mark.api


async def test_an_order_trades_at_the_quote(peer_topology: PeerTopology) -> None:
    """And a symbol that datafeed does not know is not found."""
    app = peer_topology.start("broker", peers=["datafeed"])
    async with BrokerClient(app=app) as broker:
        order = await broker.place_order(OrderRequest(symbol="AAPL", qty=10))
        assert order.status.value == "filled"
        [execution] = await broker.list_executions()
        assert Decimal(execution.price) > 0
        with pytest.raises(NotFound, match="NOPE"):
            await broker.place_order(OrderRequest(symbol="NOPE", qty=10))


async def test_an_order_with_a_key_is_placed_once(peer_topology: PeerTopology) -> None:
    """However often it is sent."""
    app = peer_topology.start("broker", peers=["datafeed"])
    async with BrokerClient(app=app) as broker:
        body = OrderRequest(symbol="AAPL", qty=10)
        first = await broker.place_order(body, idempotency_key="one")
        again = await broker.place_order(body, idempotency_key="one")
        assert first == again
        assert len(await broker.list_orders()) == 1


async def test_without_a_datafeed_there_is_no_price(
    peer_topology: PeerTopology,
) -> None:
    """Nothing is recorded, and the broker serves on."""
    async with BrokerClient(app=peer_topology.start("broker")) as broker:
        with pytest.raises(ServiceUnavailable, match="'datafeed' is not mounted"):
            await broker.place_order(OrderRequest(symbol="AAPL", qty=10))
        assert await broker.list_orders() == []
