"""What the module receives and sends."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trading_api.models.answer import Answer
from trading_api.models.symbol_name import SymbolName

from .money import Price

MAX_QTY = 1_000_000


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """What one unit traded does to the position: 1 or -1."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """What an order waits for.

    A market order trades at once. A limit order trades at its price or better. A stop
    order trades at once as soon as the price has reached its stop price.
    """

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


class OrderStatus(StrEnum):
    """What has become of an order; only a working one can still change."""

    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"


class OrderRequest(BaseModel):
    """An order to place.

    Without a `type` it is a limit order if it has a `price`, a stop order if it has a
    `stop_price`, and a market order otherwise.
    """

    model_config = ConfigDict(frozen=True)

    symbol: SymbolName
    qty: Annotated[int, Field(strict=True, gt=0, le=MAX_QTY)] = 1
    side: Side = Side.BUY
    type: OrderType | None = None
    price: Price | None = Field(
        default=None, description="The worst price a limit order accepts."
    )
    stop_price: Price | None = Field(
        default=None, description="The price that sets a stop order off."
    )

    @property
    def order_type(self) -> OrderType:
        """The type asked for, or else the one the prices imply."""
        if self.type is not None:
            return self.type
        if self.price is not None:
            return OrderType.LIMIT
        if self.stop_price is not None:
            return OrderType.STOP
        return OrderType.MARKET

    @model_validator(mode="after")
    def _has_the_prices_of_its_type(self) -> Self:
        wanted = self.order_type
        for name, price, owner in (
            ("price", self.price, OrderType.LIMIT),
            ("stop_price", self.stop_price, OrderType.STOP),
        ):
            if price is None and wanted is owner:
                raise ValueError(f"a {wanted} order needs {name}")
            if price is not None and wanted is not owner:
                raise ValueError(f"a {wanted} order takes no {name}")
        return self


class Order(Answer):
    """An order that was placed, and what has become of it."""

    id: str
    symbol: str = Field(examples=["AAPL"])
    side: Side
    type: OrderType
    qty: int
    price: Decimal | None = Field(description="The limit of a limit order.")
    stop_price: Decimal | None = Field(description="The stop of a stop order.")
    status: OrderStatus = OrderStatus.WORKING
    filled_qty: int = 0
    fill_price: Decimal | None = Field(
        default=None, description="What it traded at, once filled."
    )
    placed_at: datetime
    updated_at: datetime


class Execution(Answer):
    """A trade that an order led to."""

    id: str
    order_id: str
    symbol: str = Field(examples=["AAPL"])
    side: Side
    qty: int
    price: Decimal
    time: datetime


class Position(Answer):
    """What the account holds of one symbol; a negative `qty` is a short position."""

    symbol: str = Field(examples=["AAPL"])
    qty: int
    average_price: Decimal = Field(
        description="What the units held cost, each; rounded to a millionth."
    )
    mark_price: Decimal = Field(description="The last price seen.")
    marked_at: datetime = Field(description="When that price was seen.")
    unrealized_pnl: Decimal = Field(description="Gain if it were closed at the mark.")
    realized_pnl: Decimal = Field(description="Gain of what was closed already.")


class Account(Answer):
    """A trading account, valued at the last prices seen."""

    id: str
    name: str
    currency: str
    balance: Decimal = Field(description="Money paid in and realized gains.")
    equity: Decimal = Field(description="The balance and unrealized gains.")
    realized_pnl: Decimal
    unrealized_pnl: Decimal
