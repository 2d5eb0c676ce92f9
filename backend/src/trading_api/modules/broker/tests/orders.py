"""Orders and executions to test with."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from trading_api.modules.broker.models import Execution, Order, OrderType, Side

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def an_order(
    id: str = "1",
    *,
    side: Side = Side.BUY,
    type: OrderType = OrderType.MARKET,
    qty: int = 10,
    price: str | None = None,
    stop_price: str | None = None,
) -> Order:
    """Return a working order for AAPL."""
    return Order(
        id=id,
        symbol="AAPL",
        side=side,
        type=type,
        qty=qty,
        price=None if price is None else Decimal(price),
        stop_price=None if stop_price is None else Decimal(stop_price),
        placed_at=NOON,
        updated_at=NOON,
    )


def an_execution(qty: int, price: str | Decimal, *, symbol: str = "AAPL") -> Execution:
    """Return a trade of `qty` units, a sale if it is negative."""
    return Execution(
        id="1",
        order_id="1",
        symbol=symbol,
        side=Side.BUY if qty > 0 else Side.SELL,
        qty=abs(qty),
        price=Decimal(price),
        time=NOON,
    )
