"""The module's endpoints."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from modular_api import Problem, Service, problem_response

from .errors import UnknownSymbol
from .models import Bar, Quote, Resolution, Symbol
from .service import MarketData

router = APIRouter()

Market = Annotated[MarketData, Service]

_UNKNOWN_SYMBOL: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "There is no such symbol."}
}


class BarRange(BaseModel):
    """Which bars are asked for: the newest `limit` ones that begin in [start, end)."""

    resolution: Resolution = Field(default=Resolution.MINUTES_1)
    start: AwareDatetime | None = Field(
        default=None, description="No bar begins before."
    )
    end: AwareDatetime | None = Field(
        default=None, description="Every bar begins before; now when left out."
    )
    limit: int = Field(default=300, ge=1, le=1000)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.start and self.end and self.start >= self.end:
            raise ValueError("start must be before end")
        return self


@router.get("/symbols")
async def list_symbols(market: Market) -> list[Symbol]:
    """List the instruments of the market."""
    return market.symbols()


@router.get("/symbols/{symbol}", responses=_UNKNOWN_SYMBOL)
async def get_symbol(symbol: str, market: Market) -> Symbol:
    """Describe one instrument."""
    return market.symbol(symbol)


@router.get("/quotes", responses=_UNKNOWN_SYMBOL)
async def list_quotes(
    market: Market,
    symbols: Annotated[
        list[str],
        Query(
            default_factory=list,
            max_length=100,
            description="All of them when left out.",
        ),
    ],
) -> list[Quote]:
    """Tell the prices of several instruments, all at the same time."""
    return market.latest_quotes(symbols)


@router.get("/quotes/{symbol}", responses=_UNKNOWN_SYMBOL)
async def get_quote(symbol: str, market: Market) -> Quote:
    """Tell the prices of one instrument now."""
    return market.latest_quote(symbol)


@router.get("/bars/{symbol}", responses=_UNKNOWN_SYMBOL)
async def list_bars(
    symbol: str, bars: Annotated[BarRange, Query()], market: Market
) -> list[Bar]:
    """Tell the history of a price, oldest bar first; the newest bar is not over."""
    return market.bar_history(
        symbol, bars.resolution, start=bars.start, end=bars.end, limit=bars.limit
    )


async def answer_unknown_symbol(request: Request, error: Exception) -> Response:
    """Exception handler: an unknown symbol is a 404."""
    assert isinstance(error, UnknownSymbol)
    return problem_response(404, str(error))
