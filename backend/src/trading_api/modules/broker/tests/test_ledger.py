"""Money and units held, as executions change them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_api.modules.broker.ledger import Holding, Ledger
from trading_api.modules.broker.models import MAX_QTY
from trading_api.modules.broker.tests.orders import an_execution

pytestmark = pytest.mark.unit

PAID_IN = Decimal("100000.00")

Trade = tuple[int, Decimal]

quantities = st.integers(-MAX_QTY, MAX_QTY).filter(bool) | st.integers(-9, 9).filter(
    bool
)
prices = st.decimals("0.000001", "9999999.999999", places=6) | st.decimals(
    "1", "3", places=0
)
trades = st.lists(st.tuples(quantities, prices), min_size=1, max_size=12)


def ledger_after(*executions: tuple[int, str | Decimal]) -> Ledger:
    """Return the ledger of an account that traded AAPL."""
    ledger = Ledger(PAID_IN)
    for qty, price in executions:
        ledger.book(an_execution(qty, price))
    return ledger


@pytest.mark.parametrize(
    ("executions", "qty", "average_price", "realized"),
    [
        ([(10, "100")], 10, "100", "0"),
        ([(10, "100"), (30, "120")], 40, "115", "0"),
        ([(10, "100"), (-4, "110")], 6, "100", "40"),
        ([(10, "100"), (-4, "90")], 6, "100", "-40"),
        ([(-10, "100")], -10, "100", "0"),
        ([(-10, "100"), (-10, "90")], -20, "95", "0"),
        ([(-10, "100"), (4, "90")], -6, "100", "40"),
        ([(-10, "100"), (4, "110")], -6, "100", "-40"),
        ([(10, "100"), (-25, "110")], -15, "110", "100"),
        ([(-10, "100"), (25, "90")], 15, "90", "100"),
        ([(3, "0.01"), (-1, "0.02"), (1, "0.03")], 3, "0.016667", "0.01"),
    ],
    ids=[
        "long",
        "long, more",
        "long, gain",
        "long, loss",
        "short",
        "short, more",
        "short, gain",
        "short, loss",
        "flip to short",
        "flip to long",
        "thirds",
    ],
)
def test_a_position_follows_its_trades(
    executions: list[tuple[int, str]], qty: int, average_price: str, realized: str
) -> None:
    """More moves the average, less takes the gain, a flip does both."""
    holding = ledger_after(*executions).holdings["AAPL"]
    assert holding.qty == qty
    assert holding.average_price == Decimal(average_price)
    assert holding.realized == Decimal(realized)


@pytest.mark.parametrize("qty", [10, -10])
def test_a_closed_position_costs_nothing(qty: int) -> None:
    """Its gain is left, and as much more cash."""
    ledger = ledger_after((qty, "100"), (-qty, "100.5"))
    gain = Decimal("0.5") * qty
    assert ledger.holdings["AAPL"] == Holding(0, Decimal(0), gain)
    assert ledger.cash == PAID_IN + gain
    assert ledger.realized == gain


def test_closing_a_huge_position_leaves_nothing() -> None:
    """Not even where its cost times its quantity has more digits than arithmetic."""
    cost = Decimal("9876543210987654.654321")
    held = Holding(qty=987_654_321, cost=cost)
    assert held.traded(-held.qty, Decimal(1)).cost == 0


def test_symbols_are_kept_apart() -> None:
    """A sale of one does not close another."""
    ledger = ledger_after((10, "100"))
    ledger.book(an_execution(-10, "50", symbol="TSLA"))
    assert {symbol: held.qty for symbol, held in ledger.holdings.items()} == {
        "AAPL": 10,
        "TSLA": -10,
    }
    assert ledger.cash == PAID_IN - 500
    assert ledger.cost == 500


@settings(max_examples=25, deadline=None)
@given(trades)
def test_money_is_neither_made_nor_lost(trades: Sequence[Trade]) -> None:
    """Cash and cost are what was paid in and gained, to the last digit, always."""
    ledger = Ledger(PAID_IN)
    for qty, price in trades:
        ledger.book(an_execution(qty, price))
        assert ledger.cash + ledger.cost == PAID_IN + ledger.realized


@settings(max_examples=25, deadline=None)
@given(trades)
def test_the_quantity_is_the_sum_of_the_trades(trades: Sequence[Trade]) -> None:
    """Its cost has its sign, and its average is a price somebody paid, or between."""
    holding = ledger_after(*trades).holdings["AAPL"]
    assert holding.qty == sum(qty for qty, _ in trades)
    if holding.qty:
        paid = [price for _, price in trades]
        slack = Decimal("0.000001")
        assert min(paid) - slack <= holding.average_price <= max(paid) + slack
    else:
        assert holding.cost == 0


@settings(max_examples=25, deadline=None)
@given(trades, prices)
def test_closing_everything_realizes_the_whole_gain(
    trades: Sequence[Trade], price: Decimal
) -> None:
    """What was rounded on the way is in the end neither lost nor found."""
    held = sum(qty for qty, _ in trades)
    closing = [(-held, price)] if held else []
    ledger = ledger_after(*trades, *closing)
    spent = sum(qty * price for qty, price in [*trades, *closing])
    assert ledger.realized == -spent
    assert ledger.cost == 0
