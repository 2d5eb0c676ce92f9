"""Orders at the datafeed's prices, wherever the datafeed is.

Every test runs twice: with both modules in one process, and with each in its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest

from modular_api.clients import NotFound, ServiceUnavailable
from modular_api.testing.live_server import LiveServer
from trading_api.app_factory import AppFactory
from trading_api.modules.broker.client_generated import BrokerClient
from trading_api.modules.broker.client_generated.broker_client import OrderRequest
from trading_api.modules.datafeed.client_generated import DatafeedClient

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=["in process", "over HTTP"])
def urls(request: pytest.FixtureRequest, datafeed_service: str) -> Iterator[list[str]]:
    """Where broker and datafeed are: at one address, or at two."""
    if request.param == "in process":
        with LiveServer(AppFactory().create_app()) as both:
            yield [both.base_url, both.base_url]
    else:
        factory = AppFactory(peer_urls={"datafeed": datafeed_service})
        with LiveServer(factory.create_app(["broker"])) as broker:
            yield [broker.base_url, datafeed_service]


@pytest.fixture
def broker(urls: list[str]) -> Iterator[BrokerClient]:
    """The broker's generated client."""
    with BrokerClient(base_url=urls[0]) as client:
        yield client


@pytest.fixture
def datafeed(urls: list[str]) -> Iterator[DatafeedClient]:
    """The datafeed's generated client."""
    with DatafeedClient(base_url=urls[1]) as client:
        yield client


def test_a_market_order_fills_at_the_datafeeds_price(
    broker: BrokerClient, datafeed: DatafeedClient
) -> None:
    """The price of the execution lies within the market's range around the call."""
    order = broker.sync.place_order(OrderRequest(symbol="AAPL", qty=10))
    assert order.status.value == "filled"
    [execution] = [
        execution
        for execution in broker.sync.list_executions(symbol="AAPL")
        if execution.order_id == order.id
    ]
    quote = datafeed.sync.get_quote("AAPL")
    assert abs(Decimal(execution.price) / Decimal(quote.price) - 1) < Decimal("0.05")


def test_a_symbol_the_datafeed_does_not_know_is_the_brokers_404(
    broker: BrokerClient,
) -> None:
    """The peer's typed error becomes the broker's own."""
    with pytest.raises(NotFound) as caught:
        broker.sync.place_order(OrderRequest(symbol="NOSUCH"))
    assert caught.value.status == 404
    assert "NOSUCH" in str(caught.value.problem.detail)
    assert caught.value.request_id


def test_a_filled_order_makes_a_position(broker: BrokerClient) -> None:
    """Bought and sold again, nothing is left."""
    broker.sync.place_order(OrderRequest(symbol="TSLA", qty=3))
    assert [p.qty for p in broker.sync.list_positions() if p.symbol == "TSLA"] == [3]


def test_a_broker_without_any_datafeed_answers_503_at_the_call() -> None:
    """It starts, it takes limit orders, and it says what is missing."""
    with (
        LiveServer(AppFactory().create_app(["broker"])) as alone,
        BrokerClient(base_url=alone.base_url) as broker,
    ):
        resting = broker.sync.place_order(
            OrderRequest(symbol="AAPL", price=Decimal("1.00"))
        )
        assert resting.status.value == "working"
        with pytest.raises(ServiceUnavailable) as caught:
            broker.sync.place_order(OrderRequest(symbol="AAPL"))
        assert "datafeed" in str(caught.value.problem.detail)


def test_the_peers_address_is_configuration(datafeed_service: str) -> None:
    """`PEER_URLS` of the served app is enough; no code says which transport."""
    code = (
        "import asyncio, httpx\n"
        "from trading_api.main import app\n"
        "async def main():\n"
        "    async with app.router.lifespan_context(app) as state:\n"
        "        async def with_state(scope, receive, send):\n"
        "            await app({**scope, 'state': dict(state)}, receive, send)\n"
        "        transport = httpx.ASGITransport(app=with_state)\n"
        "        async with httpx.AsyncClient(transport=transport) as client:\n"
        "            answer = await client.post(\n"
        "                'http://test/api/v1/broker/orders', json={'symbol': 'AAPL'}\n"
        "            )\n"
        "            print(answer.status_code, answer.json()['status'])\n"
        "asyncio.run(main())\n"
    )
    environment = {
        **os.environ,
        "ENABLED_MODULES": "broker",
        "PEER_URLS": f'{{"datafeed": "{datafeed_service}"}}',
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env=environment,
        text=True,
    )
    assert done.stdout.split() == ["201", "filled"]


def test_importing_a_peers_client_does_not_load_the_peer() -> None:
    """The boundary of the user's own example, on a fresh interpreter."""
    code = (
        "import sys\n"
        "from trading_api.modules.broker import module\n"
        "loaded = [n for n in sys.modules if n.startswith("
        "'trading_api.modules.datafeed.') and 'client_generated' not in n]\n"
        "print(loaded)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_services_in_their_own_processes_answer_the_users_workflow(
    broker_service: str, datafeed_service: str
) -> None:
    """The template of the testing guide, over plain HTTP."""
    quote = httpx.get(f"{datafeed_service}/api/v1/datafeed/quotes/AAPL", timeout=5)
    price = quote.json()["price"]
    order = httpx.post(
        f"{broker_service}/api/v1/broker/orders",
        json={"symbol": "AAPL", "price": price},
        timeout=5,
    )
    assert order.status_code == 201
