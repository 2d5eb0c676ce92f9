"""The service: the simulated market, seen at the time of a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from trading_api.modules.datafeed.errors import UnknownSymbol
from trading_api.modules.datafeed.instruments import INSTRUMENTS
from trading_api.modules.datafeed.models import Bar, Resolution
from trading_api.modules.datafeed.service import HISTORY_BEGINS, MarketData

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 4, 12, 34, 56, 789_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def market_at(now: datetime) -> MarketData:
    """Return the market as it is at a time."""
    return MarketData(clock=lambda: now)


market = market_at(NOW)


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("symbol", sorted(INSTRUMENTS))
def test_the_newest_bar_closes_at_the_quoted_price(
    symbol: str, resolution: Resolution
) -> None:
    """Whatever the resolution, quote and bars agree on now."""
    (bar,) = market.bar_history(symbol, resolution, limit=1)
    assert bar.close == market.latest_quote(symbol).price
    assert bar.time <= NOW < bar.time + resolution.length


def test_the_future_changes_nothing_but_the_newest_bar() -> None:
    """Bars that are over stay as they are."""
    earlier = market.bar_history("AAPL", Resolution.MINUTES_5, limit=50)
    later = market_at(NOW + timedelta(hours=1)).bar_history(
        "AAPL", Resolution.MINUTES_5, limit=62
    )
    assert later[:49] == earlier[:49]
    assert later[49].time == earlier[49].time
    assert later[49].high >= earlier[49].high


def test_adding_a_symbol_changes_no_other_series() -> None:
    """A market of one symbol shows the same bars for it as the market of all."""
    alone = MarketData(clock=lambda: NOW, instruments={"TSLA": INSTRUMENTS["TSLA"]})
    resolution = Resolution.MINUTES_15
    assert alone.bar_history("TSLA", resolution, limit=100) == market.bar_history(
        "TSLA", resolution, limit=100
    )


def test_hourly_bars_are_made_of_minutes() -> None:
    """The unfinished hour, too: it ends with the unfinished minute."""
    start = NOW.replace(minute=0, second=0, microsecond=0)
    (hour,) = market.bar_history("NVDA", Resolution.MINUTES_60, start=start, limit=10)
    minutes = market.bar_history("NVDA", Resolution.MINUTES_1, start=start, limit=100)
    assert len(minutes) == 35
    assert hour == Bar(
        time=start,
        open=minutes[0].open,
        high=max(bar.high for bar in minutes),
        low=min(bar.low for bar in minutes),
        close=minutes[-1].close,
        volume=sum(bar.volume for bar in minutes),
    )


def test_bars_follow_one_another_without_gaps() -> None:
    """Oldest first, one length apart."""
    bars = market.bar_history("EURUSD", Resolution.MINUTES_1, limit=30)
    first = bars[0].time
    assert [bar.time for bar in bars] == [first + i * MINUTE for i in range(30)]


def test_days_begin_at_midnight_utc() -> None:
    """The bar of today has begun at 0:00."""
    (today,) = market.bar_history("AAPL", Resolution.DAY, limit=1)
    assert today.time == datetime(2026, 3, 4, tzinfo=UTC)


def test_the_end_is_not_part_of_the_range() -> None:
    """A bar that begins at `end` is left out, one that begins at `start` is not."""
    end = NOW.replace(second=0, microsecond=0)
    bars = market.bar_history(
        "AAPL", Resolution.MINUTES_1, start=end - 3 * MINUTE, end=end, limit=10
    )
    assert [bar.time for bar in bars] == [end - i * MINUTE for i in (3, 2, 1)]


def test_a_range_between_beginnings_holds_the_bars_that_begin_in_it() -> None:
    """Seconds are rounded neither into the range nor out of it."""
    second = timedelta(seconds=1)
    minute = NOW.replace(second=0, microsecond=0) - 5 * MINUTE
    bars = market.bar_history(
        "AAPL",
        Resolution.MINUTES_1,
        start=minute + second,
        end=minute + MINUTE + second,
        limit=10,
    )
    assert [bar.time for bar in bars] == [minute + MINUTE]


def test_the_limit_keeps_the_newest_bars_of_a_range() -> None:
    """So a client pages backwards, by moving `end`."""
    end = NOW - timedelta(days=3)
    start = end - timedelta(days=1)
    bars = market.bar_history(
        "AAPL", Resolution.MINUTES_60, start=start, end=end, limit=4
    )
    assert len(bars) == 4
    assert end - timedelta(hours=1) <= bars[-1].time < end


def test_no_bar_is_of_the_future() -> None:
    """A range that has not begun holds nothing; one in progress ends now."""
    resolution = Resolution.MINUTES_1
    tomorrow = NOW + timedelta(days=1)
    assert market.bar_history("AAPL", resolution, start=tomorrow, limit=10) == []
    (bar,) = market.bar_history("AAPL", resolution, end=tomorrow, limit=1)
    assert bar.time <= NOW


def test_no_bar_is_older_than_the_history() -> None:
    """The history begins on a day, however early the start."""
    resolution = Resolution.DAY
    end = HISTORY_BEGINS + timedelta(days=2)
    bars = market.bar_history("AAPL", resolution, end=end, limit=10)
    assert [bar.time for bar in bars] == [
        HISTORY_BEGINS,
        HISTORY_BEGINS + timedelta(days=1),
    ]
    dawn = datetime.min.replace(tzinfo=UTC)
    assert market.bar_history("AAPL", resolution, start=dawn, end=end, limit=10) == bars


def test_times_of_any_zone_are_understood() -> None:
    """The same range in another zone holds the same bars."""
    resolution, end = Resolution.MINUTES_1, NOW - timedelta(hours=2)
    elsewhere = end.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert market.bar_history(
        "AAPL", resolution, end=elsewhere, limit=3
    ) == market.bar_history("AAPL", resolution, end=end, limit=3)


@pytest.mark.parametrize("symbol", sorted(INSTRUMENTS))
def test_prices_are_multiples_of_the_tick_size(symbol: str) -> None:
    """To the digit, and the price stands between bid and ask."""
    quote, tick = market.latest_quote(symbol), market.symbol(symbol).tick_size
    for price in (quote.bid, quote.price, quote.ask):
        assert price % tick == 0
        assert price.as_tuple().exponent == tick.as_tuple().exponent
    assert Decimal(0) < quote.bid < quote.price < quote.ask


def test_quotes_are_taken_at_one_time() -> None:
    """A clock that goes on does not come between two of them."""
    times = (NOW + timedelta(seconds=i) for i in range(100))
    quotes = MarketData(clock=lambda: next(times)).latest_quotes(["TSLA", "AAPL"])
    assert [quote.symbol for quote in quotes] == ["TSLA", "AAPL"]
    assert {quote.time for quote in quotes} == {NOW}


def test_quotes_of_nothing_in_particular_are_quotes_of_all() -> None:
    """In the order of the symbols."""
    symbols = [each.symbol for each in market.symbols()]
    assert [quote.symbol for quote in market.latest_quotes()] == symbols


def test_an_unknown_symbol_is_refused_with_the_known_ones() -> None:
    """Whoever asks learns what to ask for."""
    with pytest.raises(UnknownSymbol, match=r"no symbol 'NOPE'.*AAPL, .*EURUSD"):
        market.latest_quotes(["AAPL", "NOPE"])


async def test_the_service_runs_as_a_context() -> None:
    """The framework enters it and gives handlers what comes out."""
    service = MarketData()
    async with service as running:
        assert running is service
        assert running.symbol("AAPL").description == "Apple Inc."
