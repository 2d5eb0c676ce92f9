"""What a client may ask for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from trading_api.modules.broker.models import OrderRequest, OrderType, Side

pytestmark = [pytest.mark.unit, pytest.mark.model]


@pytest.mark.parametrize(
    ("body", "type"),
    [
        ({}, OrderType.MARKET),
        ({"price": "100"}, OrderType.LIMIT),
        ({"stop_price": "100"}, OrderType.STOP),
        ({"type": "market"}, OrderType.MARKET),
        ({"type": "limit", "price": "100"}, OrderType.LIMIT),
        ({"type": "stop", "stop_price": "100"}, OrderType.STOP),
    ],
)
def test_the_prices_imply_the_type(body: dict[str, Any], type: OrderType) -> None:
    """A price makes a limit order, a stop price a stop order, none a market order."""
    assert OrderRequest.model_validate({"symbol": "AAPL", **body}).order_type is type


def test_one_unit_is_bought_unless_said_otherwise() -> None:
    """The shortest order there is."""
    request = OrderRequest(symbol="AAPL")
    assert (request.qty, request.side) == (1, Side.BUY)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"type": "limit"}, "a limit order needs price"),
        ({"type": "stop"}, "a stop order needs stop_price"),
        ({"type": "market", "price": "1"}, "a market order takes no price"),
        ({"type": "market", "stop_price": "1"}, "a market order takes no stop_price"),
        ({"price": "1", "stop_price": "1"}, "a limit order takes no stop_price"),
        (
            {"type": "stop", "price": "1", "stop_price": "1"},
            "a stop order takes no price",
        ),
        ({"type": "iceberg"}, "'market', 'limit' or 'stop'"),
        ({"side": "hold"}, "'buy' or 'sell'"),
        ({"qty": 0}, "greater than 0"),
        ({"qty": -1}, "greater than 0"),
        ({"qty": 1_000_001}, "less than or equal to 1000000"),
        ({"qty": 1.5}, "valid integer"),
        ({"qty": True}, "valid integer"),
        ({"qty": "ten"}, "valid integer"),
        ({"qty": None}, "valid integer"),
        ({"price": 0}, "greater than 0"),
        ({"price": "-1"}, "greater than 0"),
        ({"price": "NaN"}, "finite"),
        ({"price": float("inf")}, "finite"),
        ({"price": "-Infinity"}, "finite"),
        ({"price": "1e30"}, "no more than 16 digits"),
        ({"price": "0.0000001"}, "no more than 6 decimal places"),
        ({"price": "cheap"}, "valid decimal"),
        ({"stop_price": "NaN"}, "finite"),
        ({"symbol": ""}, "match pattern"),
        ({"symbol": "aapl"}, "match pattern"),
        ({"symbol": "AAPL "}, "match pattern"),
        ({"symbol": "AAPL\n"}, "match pattern"),
        ({"symbol": "../../X"}, "match pattern"),
        ({"symbol": "A" * 17}, "at most 16 characters"),
        ({"symbol": 7}, "valid string"),
    ],
)
def test_an_impossible_order_is_refused(body: dict[str, Any], complaint: str) -> None:
    """With the reason."""
    with pytest.raises(ValidationError, match=complaint):
        OrderRequest.model_validate({"symbol": "AAPL", **body})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("190.10", "190.10"),
        (190.1, "190.1"),
        (190, "190"),
        ("1e2", "100"),
        ("0.000001", "0.000001"),
        ("9999999999.999999", "9999999999.999999"),
    ],
)
def test_a_price_is_kept_to_the_digit(sent: Any, kept: str) -> None:
    """Whether it came as text or as a number, and never with an exponent."""
    request = OrderRequest.model_validate({"symbol": "AAPL", "price": sent})
    assert request.price == Decimal(kept)
    assert str(request.price) == kept
