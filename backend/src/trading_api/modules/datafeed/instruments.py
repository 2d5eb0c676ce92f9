"""The instruments of the simulated market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .models import InstrumentKind


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """An instrument, and how its simulated price behaves.

    Attributes:
        base_price: what the price wanders around; a multiple of `tick_size`.
        volatility: how far it wanders, from 0 (never moves) to 2; a stock has about 1.
        daily_volume: units traded on an average day.
        half_spread_ticks: distance of bid and ask from the price.
    """

    symbol: str
    description: str
    kind: InstrumentKind
    exchange: str
    currency: str = "USD"
    tick_size: Decimal
    base_price: Decimal
    volatility: float
    daily_volume: int
    half_spread_ticks: int = 1


def _stock(
    symbol: str,
    description: str,
    base_price: str,
    *,
    volatility: float = 1.0,
    daily_volume: int,
) -> Instrument:
    return Instrument(
        symbol=symbol,
        description=description,
        kind=InstrumentKind.STOCK,
        exchange="NASDAQ",
        tick_size=Decimal("0.01"),
        base_price=Decimal(base_price),
        volatility=volatility,
        daily_volume=daily_volume,
    )


_ALL = (
    _stock("AAPL", "Apple Inc.", "190.00", daily_volume=55_000_000),
    _stock("AMZN", "Amazon.com, Inc.", "180.00", daily_volume=40_000_000),
    _stock("GOOGL", "Alphabet Inc. Class A", "165.00", daily_volume=28_000_000),
    _stock("MSFT", "Microsoft Corporation", "420.00", daily_volume=22_000_000),
    _stock(
        "NVDA",
        "NVIDIA Corporation",
        "120.00",
        volatility=1.5,
        daily_volume=300_000_000,
    ),
    _stock("TSLA", "Tesla, Inc.", "240.00", volatility=1.6, daily_volume=95_000_000),
    Instrument(
        symbol="BTCUSD",
        description="Bitcoin in US dollars",
        kind=InstrumentKind.CRYPTO,
        exchange="CRYPTO",
        tick_size=Decimal("0.01"),
        base_price=Decimal("65000.00"),
        volatility=1.8,
        daily_volume=2_000_000,
        half_spread_ticks=50,
    ),
    Instrument(
        symbol="EURUSD",
        description="Euro in US dollars",
        kind=InstrumentKind.FOREX,
        exchange="FOREX",
        tick_size=Decimal("0.00001"),
        base_price=Decimal("1.08500"),
        volatility=0.25,
        daily_volume=900_000_000,
        half_spread_ticks=4,
    ),
)

INSTRUMENTS: Mapping[str, Instrument] = {each.symbol: each for each in _ALL}
"""Every instrument by its symbol, in alphabetical order within its kind."""
