"""Prices of the datafeed module, as the broker asks for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

import pytest

from modular_api.clients import (
    CallError,
    ClientTimeout,
    NotFound,
    PeerMissing,
    PeerUnavailable,
)
from modular_api.clients.wire import Response
from trading_api.modules.broker.errors import PriceUnavailable, UnknownSymbol
from trading_api.modules.broker.prices import DatafeedPrices

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class FixedQuote:
    """A quote with a price, as text or as a number."""

    price: Decimal | str


class FixedDatafeed:
    """Datafeed's client, with one answer to everything."""

    def __init__(self, answer: FixedQuote | CallError) -> None:
        self._answer = answer

    async def get_quote(self, symbol: str) -> FixedQuote:
        """Give the answer."""
        if isinstance(self._answer, CallError):
            raise self._answer
        return self._answer


def not_found() -> NotFound:
    """Return the error of a client whose server answered 404."""
    return NotFound("GET /quotes/NOPE", Response(404, {}, b"{}"), problem=None)


@pytest.mark.parametrize("price", ["190.12", Decimal("190.12")])
async def test_a_quote_tells_the_price(price: Decimal | str) -> None:
    """To the digit."""
    prices = DatafeedPrices(FixedDatafeed(FixedQuote(price)))
    assert str(await prices.price("AAPL")) == "190.12"


async def test_a_symbol_datafeed_does_not_find_is_unknown() -> None:
    """A 404 is an answer, not a failure."""
    with pytest.raises(UnknownSymbol, match="no symbol 'NOPE'"):
        await DatafeedPrices(FixedDatafeed(not_found())).price("NOPE")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (PeerMissing("datafeed"), "'datafeed' is not mounted .* its address$"),
        (PeerUnavailable("GET /quotes/AAPL", "http://x", "refused"), "refused$"),
        (ClientTimeout("GET /quotes/AAPL", 2.0), "no answer within 2.0 s$"),
    ],
    ids=["missing", "unreachable", "slow"],
)
async def test_a_datafeed_that_fails_makes_the_price_unavailable(
    error: CallError, why: str
) -> None:
    """The reason is told on, the cause kept."""
    with pytest.raises(PriceUnavailable) as caught:
        await DatafeedPrices(FixedDatafeed(error)).price("AAPL")
    assert caught.match(r"The price of AAPL is not available at the moment: .*\.$")
    assert caught.value.__cause__ is error
    assert re.search(why, caught.value.why)
