"""Amounts of money and prices, exact to a millionth."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

_MILLIONTH = Decimal("0.000001")
_ONE = Decimal(1)


def rounded(amount: Decimal) -> Decimal:
    """Round to a millionth, without trailing zeros and without an exponent."""
    return without_exponent(amount.quantize(_MILLIONTH).normalize())


def without_exponent(amount: Decimal) -> Decimal:
    """Return an amount that is written as `100`, where `1E+2` would equal it.

    Amounts of up to six decimals are then never written with an exponent.
    """
    exponent = amount.as_tuple().exponent
    return (
        amount.quantize(_ONE) if isinstance(exponent, int) and exponent > 0 else amount
    )


Price: TypeAlias = Annotated[
    Decimal,
    Field(gt=0, max_digits=16, decimal_places=6),
    AfterValidator(without_exponent),
]
"""A price a client may send.

Its bounds keep sums and products of millions of orders exact in the 28 digits that
decimal arithmetic has by default.
"""
