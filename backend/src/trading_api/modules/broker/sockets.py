"""The module's live feeds: what the service tells is pushed to who follows it.

A client that wants to miss nothing follows first and then asks by HTTP how things are.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from modular_api.ws import Policy, WsRouter

from .models import Account, Execution, Order, Position
from .service import PaperBroker
from .signal import Signal

T = TypeVar("T")


class _Pushed(WsRouter[None, T], Generic[T]):
    """Sends what a signal of the service tells; there is one account, so one topic."""

    @property
    def broker(self) -> PaperBroker:
        """The module's service."""
        broker: PaperBroker = self.service
        return broker

    def signal(self) -> Signal[T]:
        """Return the signal."""
        raise NotImplementedError

    async def started(self) -> None:
        """Listen from the start of the service."""
        self.signal().connect(self._push)

    async def stopping(self) -> None:
        """Listen no longer."""
        self.signal().disconnect(self._push)

    def _push(self, value: T) -> None:
        self.publish(None, value)


class Orders(_Pushed[Order]):
    """Every order when it is placed and whenever it changes."""

    def signal(self) -> Signal[Order]:
        """Orders, as they are from now on."""
        return self.broker.order_changed


class Executions(_Pushed[Execution]):
    """Every trade, when it happens."""

    def signal(self) -> Signal[Execution]:
        """Trades."""
        return self.broker.traded


class Positions(_Pushed[Position]):
    """Every position that changed, by a trade or because its price moved.

    One that was closed comes a last time, with a `qty` of 0.
    """

    policy = Policy.CONFLATE

    def signal(self) -> Signal[Position]:
        """Positions, as they are from now on."""
        return self.broker.position_changed

    def key(self, update: Position) -> str:
        """The newest of each symbol counts."""
        return update.symbol


class Equity(_Pushed[Account]):
    """What the account is worth, whenever that changes."""

    policy = Policy.CONFLATE

    def signal(self) -> Signal[Account]:
        """The account, as it is from now on."""
        return self.broker.account_changed
