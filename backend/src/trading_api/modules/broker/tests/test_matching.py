"""Whether an order trades at a price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trading_api.modules.broker.matching import match
from trading_api.modules.broker.models import OrderType, Side
from trading_api.modules.broker.tests.orders import an_order

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("side", Side)
def test_a_market_order_trades_at_any_price(side: Side) -> None:
    """It takes what the market gives."""
    assert match(an_order(side=side), Decimal("123.45")) == Decimal("123.45")


@pytest.mark.parametrize(
    ("side", "price", "trades"),
    [
        (Side.BUY, "99.99", True),
        (Side.BUY, "100", True),
        (Side.BUY, "100.01", False),
        (Side.SELL, "99.99", False),
        (Side.SELL, "100", True),
        (Side.SELL, "100.01", True),
    ],
)
def test_a_limit_order_trades_at_its_price_or_better(
    side: Side, price: str, trades: bool
) -> None:
    """A buyer pays no more, a seller takes no less; the better price is theirs."""
    order = an_order(side=side, type=OrderType.LIMIT, price="100")
    assert match(order, Decimal(price)) == (Decimal(price) if trades else None)


@pytest.mark.parametrize(
    ("side", "price", "trades"),
    [
        (Side.BUY, "99.99", False),
        (Side.BUY, "100", True),
        (Side.BUY, "100.01", True),
        (Side.SELL, "99.99", True),
        (Side.SELL, "100", True),
        (Side.SELL, "100.01", False),
    ],
)
def test_a_stop_order_trades_once_its_stop_is_reached(
    side: Side, price: str, trades: bool
) -> None:
    """From below for a buyer, from above for a seller; at the market's price."""
    order = an_order(side=side, type=OrderType.STOP, stop_price="100")
    assert match(order, Decimal(price)) == (Decimal(price) if trades else None)
