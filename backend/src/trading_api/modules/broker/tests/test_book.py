"""Every order placed and every execution: who may change, and into what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from trading_api.modules.broker.book import Book
from trading_api.modules.broker.errors import (
    OrderNotWorking,
    TooManyWorkingOrders,
    UnknownOrder,
)
from trading_api.modules.broker.models import OrderStatus
from trading_api.modules.broker.tests.orders import NOON, an_order

pytestmark = pytest.mark.unit

LATER = NOON + timedelta(minutes=5)
PRICE = Decimal("190.12")


def fill(book: Book) -> None:
    """Fill order 1."""
    book.fill("1", PRICE, execution_id="e1", time=LATER)


def cancel(book: Book) -> None:
    """Cancel order 1."""
    book.cancel("1", time=LATER)


ENDINGS = [fill, cancel]


@pytest.fixture
def book() -> Book:
    """Return a book with one working order."""
    book = Book(max_working=3)
    book.place(an_order("1", qty=10))
    return book


def test_a_placed_order_is_working(book: Book) -> None:
    """Nothing of it is filled."""
    assert book.working_orders() == [book.order("1")]
    assert book.is_working("1")
    assert book.order("1").status is OrderStatus.WORKING
    assert book.order("1").filled_qty == 0


def test_a_filled_order_leaves_an_execution(book: Book) -> None:
    """Of its whole quantity, at the price."""
    execution = book.fill("1", PRICE, execution_id="e1", time=LATER)
    order = book.order("1")
    assert order.status is OrderStatus.FILLED
    assert (order.filled_qty, order.fill_price) == (10, PRICE)
    assert (execution.id, execution.order_id) == ("e1", "1")
    assert (execution.qty, execution.price, execution.time) == (10, PRICE, LATER)
    assert list(book.newest_executions()) == [execution]


def test_a_cancelled_order_has_no_execution(book: Book) -> None:
    """It ends as it was, and later."""
    order = book.cancel("1", time=LATER)
    assert order.status is OrderStatus.CANCELLED
    assert (order.filled_qty, order.updated_at) == (0, LATER)
    assert list(book.newest_executions()) == []


@pytest.mark.parametrize("then", ENDINGS)
@pytest.mark.parametrize("first", ENDINGS)
def test_an_order_ends_once(
    book: Book, first: Callable[[Book], None], then: Callable[[Book], None]
) -> None:
    """However it ended, nothing changes it any more."""
    first(book)
    ended, executions = book.order("1"), list(book.newest_executions())
    with pytest.raises(OrderNotWorking, match=f"'1' is {ended.status} since 12:05:00"):
        then(book)
    assert book.order("1") == ended
    assert list(book.newest_executions()) == executions
    assert not book.is_working("1")


@pytest.mark.parametrize("change", ENDINGS)
def test_an_unknown_order_cannot_change(change: Callable[[Book], None]) -> None:
    """An empty book knows none."""
    with pytest.raises(UnknownOrder, match="no order '1'"):
        change(Book(max_working=3))


def test_orders_are_told_newest_first(book: Book) -> None:
    """And the working ones in the order they were placed, as they are to be matched."""
    book.place(an_order("2"))
    book.place(an_order("3"))
    book.cancel("2", time=LATER)
    assert [order.id for order in book.newest_orders()] == ["3", "2", "1"]
    assert [order.id for order in book.working_orders()] == ["1", "3"]


def test_working_orders_are_bounded(book: Book) -> None:
    """A full book refuses, and takes orders again once one has ended."""
    book.place(an_order("2"))
    book.place(an_order("3"))
    with pytest.raises(TooManyWorkingOrders, match="There are 3 working orders"):
        book.place(an_order("4"))
    with pytest.raises(UnknownOrder):
        book.order("4")
    cancel(book)
    book.place(an_order("4"))
    assert book.is_working("4")
