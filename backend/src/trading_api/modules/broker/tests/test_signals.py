"""What the broker tells others when something changes."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import pytest

from trading_api.modules.broker.models import (
    Account,
    Execution,
    Order,
    OrderRequest,
    OrderStatus,
    Position,
)
from trading_api.modules.broker.service import PaperBroker
from trading_api.modules.broker.signal import Signal
from trading_api.modules.broker.tests.fakes import FixedPrices
from trading_api.modules.broker.tests.orders import NOON

pytestmark = pytest.mark.unit


class Told:
    """Everything a broker told, in order."""

    def __init__(self, broker: PaperBroker) -> None:
        self.orders: list[Order] = []
        self.executions: list[Execution] = []
        self.positions: list[Position] = []
        self.accounts: list[Account] = []
        broker.order_changed.connect(self.orders.append)
        broker.traded.connect(self.executions.append)
        broker.position_changed.connect(self.positions.append)
        broker.account_changed.connect(self.accounts.append)


@pytest.fixture
def prices() -> FixedPrices:
    """A market with AAPL at 190."""
    return FixedPrices(AAPL="190.00")


@pytest.fixture
def broker(prices: FixedPrices) -> PaperBroker:
    """A broker at that market, which does not poll by itself."""
    ids = count(1)
    return PaperBroker(prices, clock=lambda: NOON, new_id=lambda: str(next(ids)))


@pytest.fixture
def told(broker: PaperBroker) -> Told:
    """What it tells."""
    return Told(broker)


def order(**details: object) -> OrderRequest:
    """Return an order for ten AAPL."""
    return OrderRequest.model_validate({"symbol": "AAPL", "qty": 10, **details})


async def test_an_order_is_told_when_placed_and_when_filled(
    broker: PaperBroker, told: Told
) -> None:
    """With its execution, the new position, and no change in what all is worth."""
    filled = await broker.place_order(order())
    assert [each.status for each in told.orders] == [
        OrderStatus.WORKING,
        OrderStatus.FILLED,
    ]
    assert told.orders[-1] == filled
    assert told.executions == broker.executions(limit=10)
    assert told.positions == broker.positions()
    assert told.accounts == []


async def test_a_cancelled_order_is_told(broker: PaperBroker, told: Told) -> None:
    """A limit order that rested, and then ended."""
    resting = await broker.place_order(order(price="100"))
    broker.cancel_order(resting.id)
    assert [each.status for each in told.orders] == [
        OrderStatus.WORKING,
        OrderStatus.CANCELLED,
    ]
    assert told.executions == told.positions == told.accounts == []


async def test_a_price_that_moves_changes_position_and_account(
    broker: PaperBroker, prices: FixedPrices, told: Told
) -> None:
    """Ten units gain ten dollars; a second look at the same price is no news."""
    await broker.place_order(order())
    prices.set("AAPL", "191.00")
    await broker.poll()
    await broker.poll()
    assert [each.unrealized_pnl for each in told.positions] == [0, 10]
    assert [each.equity for each in told.accounts] == [Decimal("100010.00")]


async def test_a_closed_position_is_told_once(
    broker: PaperBroker, prices: FixedPrices, told: Told
) -> None:
    """With a quantity of 0; what its price does later is nobody's gain."""
    await broker.place_order(order())
    await broker.place_order(order(side="sell"))
    await broker.place_order(order(price="100"))
    prices.set("AAPL", "195.00")
    await broker.poll()
    assert [each.qty for each in told.positions] == [10, 0]
    assert told.positions[-1].average_price == 0


def test_who_disconnected_is_told_no_more() -> None:
    """The others are."""
    signal, first, second = Signal[int](), [], []  # type: ignore[var-annotated]  # lists of what is sent
    signal.connect(first.append)
    signal.connect(second.append)
    signal.send(1)
    signal.disconnect(first.append)
    signal.send(2)
    assert (first, second) == ([1], [1, 2])
