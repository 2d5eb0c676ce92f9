"""Every order placed and every execution: who may change, and into what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from .errors import OrderNotWorking, TooManyWorkingOrders, UnknownOrder
from .models import Execution, Order, OrderStatus


class Book:
    """Orders by id, in the order they were placed, and executions as they happened.

    An order is working when it is placed. It is then filled as a whole or cancelled,
    which ends it: nothing ever leaves these two states.
    """

    def __init__(self, *, max_working: int) -> None:
        self._max_working = max_working
        self._orders: dict[str, Order] = {}
        self._working: dict[str, Order] = {}
        self._executions: list[Execution] = []

    def place(self, order: Order) -> None:
        """Take in a working order.

        Raises: TooManyWorkingOrders
        """
        if len(self._working) >= self._max_working:
            raise TooManyWorkingOrders(self._max_working)
        self._orders[order.id] = self._working[order.id] = order

    def order(self, order_id: str) -> Order:
        """Return an order as it is now.

        Raises: UnknownOrder
        """
        try:
            return self._orders[order_id]
        except KeyError:
            raise UnknownOrder(order_id) from None

    def newest_orders(self) -> Iterator[Order]:
        """Go through all orders, the last one placed first."""
        return reversed(self._orders.values())

    def newest_executions(self) -> Iterator[Execution]:
        """Go through all executions, the last one first."""
        return reversed(self._executions)

    def working_orders(self) -> list[Order]:
        """Return the orders that can still change, the first one placed first."""
        return list(self._working.values())

    def is_working(self, order_id: str) -> bool:
        """Tell whether an order can still change."""
        return order_id in self._working

    def fill(
        self, order_id: str, price: Decimal, *, execution_id: str, time: datetime
    ) -> Execution:
        """Fill an order as a whole and return the trade.

        Raises: UnknownOrder, OrderNotWorking
        """
        order = self._end(
            order_id,
            OrderStatus.FILLED,
            time,
            filled_qty=self.order(order_id).qty,
            fill_price=price,
        )
        execution = Execution(
            id=execution_id,
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            qty=order.qty,
            price=price,
            time=time,
        )
        self._executions.append(execution)
        return execution

    def cancel(self, order_id: str, *, time: datetime) -> Order:
        """End an order because its owner says so.

        Raises: UnknownOrder, OrderNotWorking
        """
        return self._end(order_id, OrderStatus.CANCELLED, time)

    def _end(
        self, order_id: str, status: OrderStatus, time: datetime, **changes: Any
    ) -> Order:
        order = self.order(order_id)
        if order.status is not OrderStatus.WORKING:
            raise OrderNotWorking(order)
        ended = order.model_copy(
            update={"status": status, "updated_at": time, **changes}
        )
        del self._working[order_id]
        self._orders[order_id] = ended
        return ended
