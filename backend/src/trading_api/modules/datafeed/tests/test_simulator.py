"""The simulated market: one consistent path of prices for each symbol."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_api.modules.datafeed.instruments import INSTRUMENTS
from trading_api.modules.datafeed.simulator import (
    DAY_S,
    TICK_S,
    Candle,
    Series,
    aggregate,
)

pytestmark = pytest.mark.unit

SERIES = {symbol: Series(each) for symbol, each in INSTRUMENTS.items()}
LENGTHS_S = [TICK_S, 60, 300, 900, 3600, DAY_S]
NOON_S = 1_795_003_200

symbols = st.sampled_from(sorted(INSTRUMENTS))
seconds = st.integers(0, 4_000_000_000)
steps = st.sampled_from(list(pairwise(LENGTHS_S)))
bar_lengths = st.sampled_from(LENGTHS_S[1:])


@pytest.mark.parametrize(
    ("symbol", "second", "ticks"),
    [
        ("AAPL", NOON_S, 18143),
        ("AAPL", 0, 19775),
        ("EURUSD", NOON_S, 110926),
        ("BTCUSD", NOON_S, 7309237),
    ],
)
def test_prices_are_the_same_in_every_process(
    symbol: str, second: int, ticks: int
) -> None:
    """A price was written down once; no machine, process or release changes it."""
    assert Series(INSTRUMENTS[symbol]).price(second) == ticks


def test_a_price_does_not_depend_on_what_was_asked_before() -> None:
    """Asked backwards, forwards or alone, a second has one price."""
    moments = [NOON_S + 7_919 * i for i in range(50)]
    forwards = [SERIES["TSLA"].price(each) for each in moments]
    fresh = Series(INSTRUMENTS["TSLA"])
    assert [fresh.price(each) for each in reversed(moments)] == forwards[::-1]
    assert len(set(forwards)) > 10


@settings(max_examples=25, deadline=None)
@given(symbol=symbols, second=seconds, step=steps)
def test_a_bar_is_the_aggregate_of_the_finer_ones(
    symbol: str, second: int, step: tuple[int, int]
) -> None:
    """Open of the first, highest, lowest, close of the last, sum of the volumes."""
    finer_s, coarser_s = step
    index, count = second // coarser_s, coarser_s // finer_s
    series = SERIES[symbol]
    finer = [series.candle(finer_s, index * count + i) for i in range(count)]
    assert aggregate(finer) == series.candle(coarser_s, index)


@settings(max_examples=25, deadline=None)
@given(symbol=symbols, second=seconds, length_s=bar_lengths)
def test_a_price_lies_within_every_bar_that_contains_it(
    symbol: str, second: int, length_s: int
) -> None:
    """Quotes and bars tell of the same trades."""
    series = SERIES[symbol]
    bar = series.candle(length_s, second // length_s)
    assert bar.low <= series.price(second) <= bar.high


def test_a_wild_minute_stays_within_its_bar() -> None:
    """Its random walk leaves the bar so far that mirroring alone does not bring it back.

    One minute of some thousand is like that; this one is known.
    """
    series, minute = SERIES["BTCUSD"], 29_920_684
    bar = series.candle(60, minute)
    prices = [series.price(60 * minute + i) for i in range(60)]
    assert (min(prices), max(prices)) == (bar.low, bar.high)


@settings(max_examples=25, deadline=None)
@given(symbol=symbols, second=seconds, length_s=bar_lengths)
def test_an_unfinished_bar_closes_at_the_price_of_now(
    symbol: str, second: int, length_s: int
) -> None:
    """It has its final open, and has not yet left the range it will end with."""
    series = SERIES[symbol]
    whole = series.candle(length_s, second // length_s)
    so_far = series.candle_so_far(length_s, second)
    assert so_far.close == series.price(second)
    assert so_far.open == whole.open
    assert whole.low <= so_far.low <= so_far.high <= whole.high
    assert so_far.volume <= whole.volume


def test_an_unfinished_bar_is_the_aggregate_of_its_ticks_so_far() -> None:
    """Ninety minutes into a day, its bar is made of 5,401 ticks."""
    series, midnight = SERIES["MSFT"], NOON_S // DAY_S * DAY_S
    now = midnight + 5_400
    ticks = [series.candle(TICK_S, each) for each in range(midnight, now + 1)]
    assert series.candle_so_far(DAY_S, now) == aggregate(ticks)


@settings(max_examples=25, deadline=None)
@given(symbol=symbols, second=seconds, length_s=bar_lengths)
def test_a_bar_at_its_last_second_is_whole(
    symbol: str, second: int, length_s: int
) -> None:
    """Nothing is added to a bar once its time is over."""
    series, index = SERIES[symbol], second // length_s
    last_second = (index + 1) * length_s - 1
    assert series.candle_so_far(length_s, last_second) == series.candle(length_s, index)


@settings(max_examples=25, deadline=None)
@given(symbol=symbols, second=seconds, length_s=bar_lengths)
def test_a_bar_opens_where_the_one_before_it_closed(
    symbol: str, second: int, length_s: int
) -> None:
    """The market never sleeps, so there are no gaps."""
    series, index = SERIES[symbol], second // length_s
    before, after = series.candle(length_s, index), series.candle(length_s, index + 1)
    assert before.close == after.open


@pytest.mark.parametrize("symbol", sorted(INSTRUMENTS))
def test_bars_are_well_formed(symbol: str) -> None:
    """Low, open, close and high stand in order, above zero, and somebody trades."""
    for day in range(0, 40_000, 400):
        bar = SERIES[symbol].candle(DAY_S, day)
        assert 0 < bar.low <= min(bar.open, bar.close)
        assert max(bar.open, bar.close) <= bar.high
        assert bar.volume > 0


@pytest.mark.parametrize("symbol", sorted(INSTRUMENTS))
def test_prices_move_within_minutes_and_over_years(symbol: str) -> None:
    """The market is worth looking at, at every scale."""
    series = SERIES[symbol]
    assert len({series.price(NOON_S + i) for i in range(600)}) > 5
    assert len({series.candle(DAY_S, 20_000 + i).open for i in range(30)}) > 25


def test_symbols_move_independently() -> None:
    """Two instruments that are alike but for the name have different prices."""
    first, second = SERIES["AAPL"], SERIES["GOOGL"]
    ups = [_rises(first, day) == _rises(second, day) for day in range(19_000, 19_400)]
    assert 140 < sum(ups) < 260


def test_aggregate_covers_candles_that_follow_one_another() -> None:
    """Two candles by hand."""
    candles = [Candle(5, 9, 4, 8, 10), Candle(8, 8, 3, 6, 20)]
    assert aggregate(candles) == Candle(open=5, high=9, low=3, close=6, volume=30)


def _rises(series: Series, day: int) -> bool:
    bar = series.candle(DAY_S, day)
    return bar.close > bar.open
