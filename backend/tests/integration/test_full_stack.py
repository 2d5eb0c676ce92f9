"""Everything together: all modules, one real server, the generated clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from modular_api.specs.merge import ModuleSpec, merge
from modular_api.testing.live_server import LiveServer
from modular_api.types import module_prefix
from trading_api.app_factory import MODULES_DIR, ModularApp
from trading_api.modules.broker.client_generated import BrokerClient
from trading_api.modules.broker.client_generated.broker_client import (
    OrderRequest,
    OrderStatus,
    Side,
)
from trading_api.modules.datafeed.client_generated import DatafeedClient

pytestmark = pytest.mark.integration


@pytest.fixture(params=["over HTTP", "in this process"])
def target(
    request: pytest.FixtureRequest, app: ModularApp, running_server: LiveServer
) -> dict[str, Any]:
    """What a client is told: an address, or an app."""
    if request.param == "over HTTP":
        return {"base_url": running_server.base_url}
    return {"app": app}


@pytest.fixture
def broker(target: dict[str, Any]) -> Iterator[BrokerClient]:
    """The broker's client."""
    with BrokerClient(**target) as client:
        yield client


@pytest.fixture
def datafeed(target: dict[str, Any]) -> Iterator[DatafeedClient]:
    """The datafeed's client."""
    with DatafeedClient(**target) as client:
        yield client


class TestMergedSpecification:
    def test_it_is_the_merge_of_the_modules_files(
        self, running_server: LiveServer
    ) -> None:
        """What is served is what is committed, put together."""
        with running_server.client() as client:
            served = client.get("/api/v1/openapi.json").json()
        specs = [spec_on_disk(name) for name in ("broker", "datafeed")]
        info = served["info"]
        assert served == merge(
            specs,
            title=info["title"],
            version=info["version"],
            description=info.get("description", ""),
        )

    def test_it_is_valid_and_every_path_has_its_prefix(
        self, running_server: LiveServer
    ) -> None:
        """By the official schema, and by the modules' names."""
        with running_server.client() as client:
            served = client.get("/api/v1/openapi.json").json()
        validate(served)
        prefixes = {"/".join(path.split("/")[:4]) for path in served["paths"]}
        assert prefixes == {"/api/v1/broker", "/api/v1/datafeed"}

    def test_no_python_path_is_in_it(self, running_server: LiveServer) -> None:
        """Moving a file changes no contract."""
        with running_server.client() as client:
            text = client.get("/api/v1/openapi.json").text
        assert "trading_api" not in text and "modules__" not in text


def spec_on_disk(module: str) -> ModuleSpec:
    """Read a committed document."""
    folder: Path = MODULES_DIR / module / "specs_generated"
    document = json.loads((folder / f"{module}_openapi.json").read_text())
    return ModuleSpec(module, "v1", module_prefix(module, "v1"), document)


def test_every_operation_of_the_datafeed_through_its_client(
    datafeed: DatafeedClient,
) -> None:
    """Symbols, quotes and bars agree with one another."""
    symbols = datafeed.sync.list_symbols()
    symbol = datafeed.sync.get_symbol(symbols[0].symbol)
    assert symbol == symbols[0]
    quote = datafeed.sync.get_quote(symbol.symbol)
    assert Decimal(quote.bid) <= Decimal(quote.price) <= Decimal(quote.ask)
    both = datafeed.sync.list_quotes(symbols=[symbols[0].symbol, symbols[1].symbol])
    assert [q.symbol for q in both] == [symbols[0].symbol, symbols[1].symbol]
    bars = datafeed.sync.list_bars(symbol.symbol, limit=3)
    assert len(bars) == 3
    assert datafeed.sync.health().module == "datafeed"
    assert datafeed.sync.version().version == "v1"
    assert datafeed.sync.versions().versions == ["v1"]


def test_every_operation_of_the_broker_through_its_client(broker: BrokerClient) -> None:
    """From an order to a position and back."""
    account = broker.sync.get_account()
    assert account.id in {known.id for known in broker.sync.list_accounts()}
    bought = broker.sync.place_order(OrderRequest(symbol="MSFT", qty=5))
    assert broker.sync.get_order(bought.id).status is OrderStatus.FILLED
    assert bought.id in {e.order_id for e in broker.sync.list_executions()}
    [held] = [p.qty for p in broker.sync.list_positions() if p.symbol == "MSFT"]
    assert held >= 5
    resting = broker.sync.place_order(
        OrderRequest(symbol="MSFT", qty=1, price=Decimal("0.01"), side=Side.BUY)
    )
    assert resting.id in {order.id for order in broker.sync.list_orders()}
    assert broker.sync.cancel_order(resting.id).status is OrderStatus.CANCELLED
    assert broker.sync.health().module == "broker"
    assert broker.sync.version().version == "v1"
    assert broker.sync.versions().versions == ["v1"]
