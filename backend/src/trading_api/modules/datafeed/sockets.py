"""The module's live feeds; a router of sockets is made from each declaration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from modular_api.ws import Policy, SocketError, WsRouter
from trading_api.models.symbol_name import SymbolName

from .errors import UnknownSymbol
from .models import Bar, Quote, Resolution
from .service import MarketData


class BarsRequest(BaseModel):
    """Whose bars are followed, and how long each is."""

    model_config = ConfigDict(frozen=True)

    symbol: SymbolName
    resolution: Resolution = Resolution.MINUTES_1


class QuotesRequest(BaseModel):
    """Whose quotes are followed."""

    model_config = ConfigDict(frozen=True)

    symbols: Annotated[
        list[SymbolName],
        Field(min_length=1, max_length=100, examples=[["AAPL", "GOOGL"]]),
    ]


class Bars(WsRouter[BarsRequest, Bar]):
    """Live bars of one symbol and resolution.

    The newest bar comes every second, and at once to who begins to follow it. A bar
    that is over comes a last time, before the next one.
    """

    policy = Policy.CONFLATE

    async def check(self, request: BarsRequest) -> None:
        """Refuse a symbol the market does not have."""
        _check(self.service, [request.symbol])

    async def stream(self, request: BarsRequest) -> AsyncIterator[Bar]:
        """Yield the bars as the market makes them."""
        async for bar in self.service.bars(request.symbol, request.resolution):
            yield bar

    def key(self, update: Bar) -> str:
        """A bar replaces itself alone, so that the end of each one arrives."""
        return update.time.isoformat()


class Quotes(WsRouter[QuotesRequest, Quote]):
    """Live quotes of one or more symbols.

    Every symbol is a topic of its own, shared by all who follow it. A quote comes every
    second.
    """

    policy = Policy.CONFLATE

    async def check(self, request: QuotesRequest) -> None:
        """Refuse symbols the market does not have."""
        _check(self.service, request.symbols)

    def topics(self, request: QuotesRequest) -> Iterable[QuotesRequest]:
        """Follow each symbol by itself, once."""
        return [
            QuotesRequest(symbols=[each]) for each in dict.fromkeys(request.symbols)
        ]

    async def stream(self, request: QuotesRequest) -> AsyncIterator[Quote]:
        """Yield the quotes of the topic's symbol."""
        (symbol,) = request.symbols
        async for quote in self.service.quotes(symbol):
            yield quote


def _check(market: MarketData, symbols: Iterable[str]) -> None:
    try:
        for symbol in symbols:
            market.symbol(symbol)
    except UnknownSymbol as error:
        raise SocketError(str(error), code="unknown_symbol") from None
