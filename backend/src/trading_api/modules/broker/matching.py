"""Whether an order trades at a price."""

from __future__ import annotations

from decimal import Decimal

from .models import Order, OrderType, Side


def match(order: Order, price: Decimal) -> Decimal | None:
    """Return what a working order trades at when the market stands at `price`.

    That is the market's price, which for a limit order is its own or a better one, and
    for a stop order its own or a worse one. None if the order has to wait.
    """
    buys = order.side is Side.BUY
    if order.type is OrderType.LIMIT:
        assert order.price is not None
        trades = price <= order.price if buys else price >= order.price
    elif order.type is OrderType.STOP:
        assert order.stop_price is not None
        trades = price >= order.stop_price if buys else price <= order.stop_price
    else:
        trades = True
    return price if trades else None
