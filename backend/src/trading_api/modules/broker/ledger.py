"""Money and units held, as executions change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from .models import Execution
from .money import rounded


@dataclass(frozen=True)
class Holding:
    """What is held of one symbol.

    Attributes:
        qty: units; negative when short.
        cost: what the units held were bought for; negative when short: what they were
            sold for.
        realized: gain of the units closed so far.
    """

    qty: int = 0
    cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)

    @property
    def average_price(self) -> Decimal:
        """What one unit cost, rounded; there must be some."""
        return rounded(self.cost / self.qty)

    def traded(self, qty: int, price: Decimal) -> Holding:
        """Return what is held after buying `qty` units, or selling if it is negative.

        Units against the position close it first, at its average cost; what is left
        opens one on the other side.
        """
        closing = _closing(self.qty, qty)
        released = self._cost_of(closing)
        return Holding(
            qty=self.qty + qty,
            cost=self.cost - released + (qty - closing) * price,
            realized=self.realized - closing * price - released,
        )

    def _cost_of(self, closing: int) -> Decimal:
        if not closing:
            return Decimal(0)
        # Rounding moves a fraction of a cent from one closing to the next. A cost has no
        # digits beyond a millionth, so the last closing takes exactly what is left.
        return rounded(self.cost * -closing / self.qty)


def _closing(held: int, qty: int) -> int:
    """Return how much of a trade goes against what is held, with the trade's sign."""
    if held * qty >= 0:
        return 0
    return max(qty, -held) if qty < 0 else min(qty, -held)


class Ledger:
    """Cash and holdings of one account.

    At all times `cash + cost == paid_in + realized`, to the last digit. Nothing limits
    what is bought on credit or sold short: this is a paper account.
    """

    def __init__(self, paid_in: Decimal) -> None:
        self.paid_in = paid_in
        self.cash = paid_in
        self._holdings: dict[str, Holding] = {}

    @property
    def holdings(self) -> Mapping[str, Holding]:
        """Everything ever held, by symbol; of a closed position its gain is left."""
        return MappingProxyType(self._holdings)

    @property
    def cost(self) -> Decimal:
        """What is held now was bought for this much."""
        return sum((each.cost for each in self._holdings.values()), Decimal(0))

    @property
    def realized(self) -> Decimal:
        """Gain of everything closed so far."""
        return sum((each.realized for each in self._holdings.values()), Decimal(0))

    def book(self, execution: Execution) -> None:
        """Enter an execution."""
        qty = execution.side.sign * execution.qty
        held = self._holdings.get(execution.symbol, Holding())
        self._holdings[execution.symbol] = held.traded(qty, execution.price)
        self.cash -= qty * execution.price
