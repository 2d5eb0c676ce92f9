"""What the broker cannot do.

BrokerError
├── UnknownOrder
├── OrderNotWorking
├── TooManyWorkingOrders
└── PriceError
    ├── UnknownSymbol
    └── PriceUnavailable
"""

from __future__ import annotations

from .models import Order


class BrokerError(Exception):
    """Anything the broker refuses."""


class UnknownOrder(BrokerError):
    """No order of this id was placed."""

    def __init__(self, order_id: str) -> None:
        self.order_id = order_id
        super().__init__(f"There is no order '{order_id}'.")


class OrderNotWorking(BrokerError):
    """The order came to its end before, and can no longer change."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(
            f"Order '{order.id}' is {order.status} since {order.updated_at:%H:%M:%S} UTC "
            "and can no longer change; only a working order can."
        )


class TooManyWorkingOrders(BrokerError):
    """The account has as many working orders as it may have."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"There are {limit} working orders, as many as the account may have. "
            "Cancel one, then place this order again."
        )


class PriceError(BrokerError):
    """There is no price to trade at."""

    def __init__(self, symbol: str, message: str) -> None:
        self.symbol = symbol
        super().__init__(message)


class UnknownSymbol(PriceError):
    """The market does not know the symbol, and so never has a price."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol, f"The market has no symbol '{symbol}'.")


class PriceUnavailable(PriceError):
    """The market cannot tell the price at the moment."""

    def __init__(self, symbol: str, why: str) -> None:
        self.why = why
        super().__init__(
            symbol, f"The price of {symbol} is not available at the moment: {why}."
        )
