"""The streams of the service, at a time that passes as fast as it is waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import pytest

from trading_api.modules.datafeed.errors import UnknownSymbol
from trading_api.modules.datafeed.models import Resolution
from trading_api.modules.datafeed.service import MarketData

pytestmark = pytest.mark.unit

T = TypeVar("T")


class FastClock:
    """A clock that nobody has to wait for.

    Attributes:
        early: how much too early a sleep ends, as those of a machine may.
    """

    def __init__(self, *, early: timedelta = timedelta()) -> None:
        self.now = datetime(2026, 3, 4, 12, 34, 56, 789_000, tzinfo=UTC)
        self.early = early

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds > 0
        self.now += timedelta(seconds=seconds) - self.early
        self.early = timedelta()


async def first(count: int, stream: AsyncIterator[T]) -> list[T]:
    """Return so many items of a stream."""
    return [await anext(stream) for _ in range(count)]


@pytest.mark.parametrize("early", [timedelta(), timedelta(milliseconds=5)])
async def test_a_quote_comes_at_once_and_then_every_second(early: timedelta) -> None:
    """Each as it would be if asked for; no second is told twice or left out."""
    clock = FastClock(early=early)
    market = MarketData(clock=clock, sleep=clock.sleep)
    quotes = await first(5, market.quotes("AAPL"))
    assert [quote.time.replace(microsecond=0).second for quote in quotes] == [
        56,
        57,
        58,
        59,
        0,
    ]
    assert quotes[-1] == market.latest_quote("AAPL")


async def test_a_bar_that_is_over_comes_a_last_time() -> None:
    """As history will have it; the next one begins after it."""
    clock = FastClock()
    market = MarketData(clock=clock, sleep=clock.sleep)
    bars = await first(130, market.bars("AAPL", Resolution.MINUTES_1))
    last_of = {bar.time: bar for bar in bars}
    *over, _ = market.bar_history("AAPL", Resolution.MINUTES_1, limit=4)
    assert len(last_of) == 4
    assert [last_of[bar.time] for bar in over] == over
    assert all(one.time <= other.time for one, other in pairwise(bars))


async def test_no_bar_is_left_out_for_a_slow_listener() -> None:
    """Five minutes passed between two items: five bars come."""
    clock = FastClock()
    market = MarketData(clock=clock, sleep=clock.sleep)
    stream = market.bars("AAPL", Resolution.MINUTES_1)
    (before,) = await first(1, stream)
    clock.now += timedelta(minutes=5)
    times = [bar.time for bar in await first(6, stream)]
    assert times == [before.time + timedelta(minutes=i) for i in range(6)]


async def test_an_unknown_symbol_has_no_stream() -> None:
    """It ends before anything was yielded."""
    market = MarketData()
    with pytest.raises(UnknownSymbol):
        await anext(market.quotes("NOPE"))
    with pytest.raises(UnknownSymbol):
        await anext(market.bars("NOPE", Resolution.DAY))
