"""Stand-ins for what lies outside the module."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

from trading_api.modules.broker.errors import PriceUnavailable, UnknownSymbol


class FixedPrices:
    """A market whose prices are set by hand, and which can be closed.

    Attributes:
        is_open: nobody gets a price while this is False.
        asked: the symbols that were asked for, one by one.
    """

    def __init__(self, **prices: str) -> None:
        self._prices = {symbol: Decimal(price) for symbol, price in prices.items()}
        self.is_open = True
        self.asked: list[str] = []

    def set(self, symbol: str, price: str | Decimal) -> None:
        """Move a price."""
        self._prices[symbol] = Decimal(price)

    async def price(self, symbol: str) -> Decimal:
        """Return the price that was set."""
        self.asked.append(symbol)
        if not self.is_open:
            raise PriceUnavailable(symbol, "the market is closed")
        try:
            return self._prices[symbol]
        except KeyError:
            raise UnknownSymbol(symbol) from None


class SilentPrices:
    """A market that never answers."""

    async def price(self, symbol: str) -> Decimal:
        """Wait for ever."""
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


class EventfulPrices:
    """A market with one price, during whose next answer something happens.

    Attributes:
        now: the price of everything.
        during_next: called before the next answer is given.
    """

    def __init__(self) -> None:
        self.now = Decimal("190")
        self.during_next: Callable[[], object] = _nothing

    async def price(self, symbol: str) -> Decimal:
        """Return the price once it has happened."""
        happen, self.during_next = self.during_next, _nothing
        happen()
        return self.now


def _nothing() -> None:
    """Happen not at all."""
