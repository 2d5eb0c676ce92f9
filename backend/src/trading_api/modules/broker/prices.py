"""Where the broker gets its prices from: an interface with only what it needs."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from modular_api.clients import CallError, NotFound

from .errors import PriceUnavailable, UnknownSymbol


class Prices(Protocol):
    """Tells what instruments trade at."""

    async def price(self, symbol: str) -> Decimal:
        """Return the price of an instrument now.

        Raises:
            UnknownSymbol: there is no such instrument.
            PriceUnavailable: there may be one, but nobody can tell its price now.
        """
        ...


class Quote(Protocol):
    """What a quote tells the broker."""

    @property
    def price(self) -> Decimal | str:
        """What the instrument trades at."""


class QuoteClient(Protocol):
    """The part of datafeed's client that the broker needs."""

    async def get_quote(self, symbol: str) -> Quote:
        """Tell the prices of one instrument now."""
        ...


class DatafeedPrices:
    """Prices of the datafeed module, in this process or another one.

    A datafeed that is missing or fails makes prices unavailable, never the broker fail.
    """

    def __init__(self, datafeed: QuoteClient) -> None:
        self._datafeed = datafeed

    async def price(self, symbol: str) -> Decimal:
        """Ask for a quote.

        Raises: UnknownSymbol, PriceUnavailable
        """
        try:
            quote = await self._datafeed.get_quote(symbol)
        except NotFound:
            raise UnknownSymbol(symbol) from None
        except CallError as error:
            raise PriceUnavailable(symbol, str(error).rstrip(".")) from error
        return Decimal(quote.price)
