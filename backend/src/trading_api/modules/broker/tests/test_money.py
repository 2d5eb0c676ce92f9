"""Amounts of money and prices, exact to a millionth."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trading_api.modules.broker.money import rounded

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("190.1200", "190.12"),
        ("100.000000", "100"),
        ("33.33333333333", "33.333333"),
        ("0.0000005", "0"),
        ("0.000001", "0.000001"),
        ("-0.0000015", "-0.000002"),
        ("1E+3", "1000"),
        ("0E-10", "0"),
        ("0E+3", "0"),
    ],
)
def test_amounts_are_rounded_to_a_millionth_and_written_plainly(
    amount: str, text: str
) -> None:
    """Half goes to the even neighbour; no exponent, no trailing zero."""
    assert str(rounded(Decimal(amount))) == text
