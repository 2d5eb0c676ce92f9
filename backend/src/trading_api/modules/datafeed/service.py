"""The module's service: the simulated market, seen at the time of a clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import TracebackType
from typing import Self

from trading_api.models.clock import Clock, utc_now

from .errors import UnknownSymbol
from .instruments import INSTRUMENTS, Instrument
from .models import Bar, Quote, Resolution, Symbol
from .simulator import Candle, Series

HISTORY_BEGINS = datetime(2000, 1, 1, tzinfo=UTC)
"""No bar is older."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MOST_BARS = 1000


class MarketData:
    """Symbols, quotes and bars up to now, and none later.

    It keeps no state: any two instances with clocks that agree answer the same.

    Args:
        clock: what time it is in the market.
        sleep: waits for so many seconds of that time.
    """

    def __init__(
        self,
        *,
        clock: Clock = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        instruments: Mapping[str, Instrument] = INSTRUMENTS,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._instruments = instruments
        self._series = {name: Series(each) for name, each in instruments.items()}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def symbols(self) -> list[Symbol]:
        """List every instrument."""
        return [_symbol(each) for each in self._instruments.values()]

    def symbol(self, name: str) -> Symbol:
        """Return one instrument.

        Raises: UnknownSymbol
        """
        return _symbol(self._instrument(name))

    def latest_quotes(self, names: Iterable[str] = ()) -> list[Quote]:
        """Return the quotes of these symbols, or of all, taken at one time.

        Raises: UnknownSymbol
        """
        now = self._clock()
        return [self._quote(name, now) for name in names or self._instruments]

    def latest_quote(self, name: str) -> Quote:
        """Return the prices of one instrument now.

        Raises: UnknownSymbol
        """
        return self._quote(name, self._clock())

    def bar_history(
        self,
        name: str,
        resolution: Resolution,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int,
    ) -> list[Bar]:
        """Return the newest `limit` bars that begin within [start, end), oldest first.

        Without `end` the last one is the bar of now, which is not over.

        Raises: UnknownSymbol
        """
        instrument, series = self._instrument(name), self._series[name]
        length_s = resolution.length // _SECOND
        second = _second(self._clock())
        current = second // length_s
        beginning = max(start or HISTORY_BEGINS, HISTORY_BEGINS)
        stop = current + 1
        if end is not None:
            stop = min(stop, _first_index_from(end, resolution.length))
        first = max(stop - limit, _first_index_from(beginning, resolution.length))
        bars = []
        for index in range(first, stop):
            candle = (
                series.candle(length_s, index)
                if index < current
                else series.candle_so_far(length_s, second)
            )
            bars.append(_bar(instrument, _EPOCH + index * resolution.length, candle))
        return bars

    async def quotes(self, name: str) -> AsyncIterator[Quote]:
        """Yield the quote of now, and then one every second.

        Raises: UnknownSymbol
        """
        while True:
            yield self.latest_quote(name)
            await self._next_second()

    async def bars(self, name: str, resolution: Resolution) -> AsyncIterator[Bar]:
        """Yield the bar of now, and then the newest one every second.

        A bar that is over comes a last time, as it ended. None is left out, even where
        nobody asks for more than a second.

        Raises: UnknownSymbol
        """
        (newest,) = self.bar_history(name, resolution, limit=1)
        yield newest
        while True:
            await self._next_second()
            for bar in self.bar_history(
                name, resolution, start=newest.time, limit=_MOST_BARS
            ):
                newest = bar
                yield bar

    async def _next_second(self) -> None:
        """Wait until the clock shows another second, in which the market has moved."""
        now = self._clock()
        while _second(time := self._clock()) == _second(now):
            await self._sleep(1 - time.microsecond / 1_000_000)

    def _instrument(self, name: str) -> Instrument:
        try:
            return self._instruments[name]
        except KeyError:
            raise UnknownSymbol(name, self._instruments) from None

    def _quote(self, name: str, now: datetime) -> Quote:
        instrument = self._instrument(name)
        ticks = self._series[name].price(_second(now))
        return Quote(
            symbol=name,
            price=ticks * instrument.tick_size,
            bid=(ticks - instrument.half_spread_ticks) * instrument.tick_size,
            ask=(ticks + instrument.half_spread_ticks) * instrument.tick_size,
            time=now,
        )


def _symbol(instrument: Instrument) -> Symbol:
    return Symbol(
        symbol=instrument.symbol,
        description=instrument.description,
        kind=instrument.kind,
        exchange=instrument.exchange,
        currency=instrument.currency,
        tick_size=instrument.tick_size,
    )


def _bar(instrument: Instrument, time: datetime, candle: Candle) -> Bar:
    def price(ticks: int) -> Decimal:
        return ticks * instrument.tick_size

    return Bar(
        time=time,
        open=price(candle.open),
        high=price(candle.high),
        low=price(candle.low),
        close=price(candle.close),
        volume=candle.volume,
    )


def _second(time: datetime) -> int:
    return (time - _EPOCH) // _SECOND


def _first_index_from(time: datetime, length: timedelta) -> int:
    """Return the number of the first span that begins at `time` or later."""
    return -((_EPOCH - time) // length)
