"""How an instrument is called in every module."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

SymbolName: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Z0-9]+([.-][A-Z0-9]+)*$",
        max_length=16,
        description="An instrument's symbol, in capitals.",
        examples=["AAPL", "EURUSD", "BRK.B"],
    ),
]
"""A symbol a client may send: AAPL, EURUSD, BRK.B."""
