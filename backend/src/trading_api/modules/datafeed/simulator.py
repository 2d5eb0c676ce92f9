"""A simulated market: every price is a pure function of symbol and time.

Value noise over the days gives each day its opening price. Everything finer comes from
splitting: a day into hours, an hour into quarters, and so on down to ticks of one
second. A split keeps open, high, low, close and volume exactly, so a bar always equals
the aggregate of the finer ones, and any second of any year is a few splits away.

Time is counted in whole seconds since 1970 in UTC, prices in whole ticks. Nothing but
hashing and basic arithmetic is used, which gives the same bits on every machine; the
functions of the platform's math library need not.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import shake_128
from itertools import pairwise
from typing import NamedTuple

from .instruments import Instrument

DAY_S = 86_400
TICK_S = 1

_FINER = {DAY_S: 3600, 3600: 900, 900: 300, 300: 60, 60: TICK_S}
_COARSER = {finer: coarser for coarser, finer in _FINER.items()}

_SWINGS = ((1, 0.012), (4, 0.02), (16, 0.035), (64, 0.06), (256, 0.1), (1024, 0.17))
"""Layers of the noise over the days: (period in days, share of the base price).

The shares add up to 0.397: with a volatility below 2 a price never reaches zero."""

_DAILY_REACH = 0.015
"""How far above and below open and close a day goes at most, as a share of the price."""

_CACHED_SPLITS = 4096


class Candle(NamedTuple):
    """What the price did in one span of time, in ticks."""

    open: int
    high: int
    low: int
    close: int
    volume: int


class Series:
    """The prices of one instrument, at all times.

    Spans of `length_s` seconds are numbered from 1970: span `i` begins at second
    `i * length_s`. Lengths are those of a day, 60, 15, 5 and 1 minutes, and a tick.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._symbol = instrument.symbol
        self._base = int(instrument.base_price / instrument.tick_size)
        self._volatility = instrument.volatility
        self._daily_volume = instrument.daily_volume
        # Neighbouring candles share their coarser spans and days their noise.
        self._split = lru_cache(_CACHED_SPLITS)(self._split_candle)
        self._day_open = lru_cache(_CACHED_SPLITS)(self._day_open_from_noise)
        self._noise = lru_cache(_CACHED_SPLITS)(self._noise_at)

    def price(self, second: int) -> int:
        """Return the price at a second."""
        return self.candle(TICK_S, second).close

    def candle(self, length_s: int, index: int) -> Candle:
        """Return a whole span, which may lie in the future."""
        if length_s == DAY_S:
            return self._day(index)
        coarser_s = _COARSER[length_s]
        whole, part = divmod(index, coarser_s // length_s)
        return self._split(coarser_s, whole)[part]

    def candle_so_far(self, length_s: int, second: int) -> Candle:
        """Return the span that contains `second`, as it stands at the end of it."""
        if length_s == TICK_S:
            return self.candle(TICK_S, second)
        finer_s = _FINER[length_s]
        first = second // length_s * (length_s // finer_s)
        done = [self.candle(finer_s, i) for i in range(first, second // finer_s)]
        return aggregate([*done, self.candle_so_far(finer_s, second)])

    def _day(self, day: int) -> Candle:
        opening, close = self._day_open(day), self._day_open(day + 1)
        up, down, trade = _draws(3, self._symbol, "day", day)
        reach = _DAILY_REACH * self._volatility
        return Candle(
            open=opening,
            high=round(max(opening, close) * (1 + up * reach)),
            low=round(min(opening, close) * (1 - down * reach)),
            close=close,
            volume=round(self._daily_volume * (0.5 + trade)),
        )

    def _day_open_from_noise(self, day: int) -> int:
        swing = 0.0
        for period, share in _SWINGS:
            index, offset = divmod(day, period)
            swing += share * _blend(
                self._noise(period, index),
                self._noise(period, index + 1),
                offset / period,
            )
        return round(self._base * (1 + self._volatility * swing))

    def _noise_at(self, period: int, index: int) -> float:
        (value,) = _draws(1, self._symbol, "noise", period, index)
        return 2 * value - 1

    def _split_candle(self, length_s: int, index: int) -> tuple[Candle, ...]:
        whole = self.candle(length_s, index)
        finer_s = _FINER[length_s]
        count = length_s // finer_s
        draws = _draws(4 * count, self._symbol, length_s, index)
        volumes = _shares(whole.volume, draws[:count])
        steps = draws[count : 2 * count]
        if finer_s == TICK_S:
            return _ticks(whole, steps, volumes)
        return _spans(whole, steps, volumes, draws[2 * count :])


def aggregate(candles: Sequence[Candle]) -> Candle:
    """Return the one candle that covers all of these, which follow one another."""
    return Candle(
        open=candles[0].open,
        high=max(candle.high for candle in candles),
        low=min(candle.low for candle in candles),
        close=candles[-1].close,
        volume=sum(candle.volume for candle in candles),
    )


def _draws(count: int, *key: str | int) -> tuple[float, ...]:
    """Return `count` numbers of [0, 1) that depend on the key alone."""
    text = "/".join(map(str, key))
    digest = shake_128(text.encode()).digest(4 * count)
    return tuple(n / 2**32 for n in struct.unpack(f"<{count}I", digest))


def _blend(left: float, right: float, offset: float) -> float:
    """Go smoothly from `left` at offset 0 to `right` at offset 1."""
    weight = offset * offset * (3 - 2 * offset)
    return left + (right - left) * weight


def _spans(
    whole: Candle,
    steps: Sequence[float],
    volumes: Sequence[int],
    wicks: Sequence[float],
) -> tuple[Candle, ...]:
    """Split into spans that open where the one before them closes."""
    count = len(steps)
    points = _bridge(whole, steps)
    reach = 0.4 * (whole.high - whole.low) / math.sqrt(count)
    highs = [
        min(whole.high, max(points[i : i + 2]) + round(reach * wicks[i]))
        for i in range(count)
    ]
    lows = [
        max(whole.low, min(points[i : i + 2]) - round(reach * wicks[count + i]))
        for i in range(count)
    ]
    highs[highs.index(max(highs))] = whole.high
    lows[lows.index(min(lows))] = whole.low
    return tuple(map(Candle, points, highs, lows, points[1:], volumes))


def _ticks(
    whole: Candle, steps: Sequence[float], volumes: Sequence[int]
) -> tuple[Candle, ...]:
    """Split into single prices, of which some touch the high and the low."""
    prices = _bridge(whole, steps[1:])
    inner = range(1, len(prices) - 1)
    peak = max(inner, key=prices.__getitem__)
    if max(prices) < whole.high:
        prices[peak] = whole.high
    if min(prices) > whole.low:
        trough = min((i for i in inner if i != peak), key=prices.__getitem__)
        prices[trough] = whole.low
    return tuple(map(Candle, prices, prices, prices, prices, volumes))


def _bridge(whole: Candle, steps: Sequence[float]) -> list[int]:
    """Walk at random from open to close, never leaving low and high."""
    count = len(steps)
    walk = _running_sums(2 * step - 1 for step in steps)
    # Scaled so that a walk fills most of the range and leaves it now and then only.
    scale = 1.1 * (whole.high - whole.low) / math.sqrt(count)
    points = []
    for i, position in enumerate(walk):
        progress = i / count
        drift = (whole.close - whole.open) * progress
        detour = scale * (position - walk[-1] * progress)
        points.append(_reflect(whole.open + round(drift + detour), whole))
    return points


def _reflect(price: int, whole: Candle) -> int:
    if price > whole.high:
        price = 2 * whole.high - price
    elif price < whole.low:
        price = 2 * whole.low - price
    return max(whole.low, min(whole.high, price))


def _shares(volume: int, weights: Sequence[float]) -> list[int]:
    """Split a volume into whole shares, without losing any."""
    sums = _running_sums(0.25 + weight for weight in weights)
    marks = [round(volume * (part / sums[-1])) for part in sums]
    return [after - before for before, after in pairwise(marks)]


def _running_sums(values: Iterable[float]) -> list[float]:
    """Return the sums of the first 0, 1, 2, … values."""
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    return sums
