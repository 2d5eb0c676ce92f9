"""What the market cannot answer."""

from __future__ import annotations

from collections.abc import Iterable


class UnknownSymbol(LookupError):
    """The market has no instrument of this symbol."""

    def __init__(self, symbol: str, known: Iterable[str]) -> None:
        self.symbol = symbol
        super().__init__(
            f"There is no symbol '{symbol}'; this market has {', '.join(known)}."
        )
