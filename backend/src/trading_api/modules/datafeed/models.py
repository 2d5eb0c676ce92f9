"""What the module sends."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from trading_api.models.answer import Answer


class Resolution(StrEnum):
    """How much time a bar covers: minutes, or one UTC day."""

    MINUTES_1 = "1"
    MINUTES_5 = "5"
    MINUTES_15 = "15"
    MINUTES_60 = "60"
    DAY = "1D"

    @property
    def length(self) -> timedelta:
        """The time from one bar's beginning to the next one's."""
        if self is Resolution.DAY:
            return timedelta(days=1)
        return timedelta(minutes=int(self.value))


class InstrumentKind(StrEnum):
    """What an instrument is."""

    STOCK = "stock"
    CRYPTO = "crypto"
    FOREX = "forex"


class Symbol(Answer):
    """An instrument that can be quoted and traded."""

    symbol: str = Field(examples=["AAPL"])
    description: str = Field(examples=["Apple Inc."])
    kind: InstrumentKind
    exchange: str = Field(examples=["NASDAQ"])
    currency: str = Field(description="What its prices are in.", examples=["USD"])
    tick_size: Decimal = Field(
        description="Every price is a multiple of it.", examples=["0.01"]
    )


class Quote(Answer):
    """The prices of an instrument at one time."""

    symbol: str = Field(examples=["AAPL"])
    price: Decimal = Field(description="Of the last trade.", examples=["190.12"])
    bid: Decimal = Field(description="What buyers offer.", examples=["190.11"])
    ask: Decimal = Field(description="What sellers ask.", examples=["190.13"])
    time: datetime = Field(description="Of the quote, in UTC.")


class Bar(Answer):
    """What an instrument's price did in one span of time.

    The newest bar is not over yet: it tells what has happened so far.
    """

    time: datetime = Field(description="When the bar begins, in UTC.")
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int = Field(description="Units traded.")
