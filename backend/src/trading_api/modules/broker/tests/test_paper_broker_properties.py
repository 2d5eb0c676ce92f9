"""The service, whatever happens to it: its books always add up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_api.modules.broker.errors import PriceUnavailable
from trading_api.modules.broker.models import (
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
)
from trading_api.modules.broker.service import PaperBroker
from trading_api.modules.broker.tests.fakes import FixedPrices

pytestmark = pytest.mark.unit

PAID_IN = Decimal("100000.00")


@dataclass(frozen=True)
class Move:
    """The price moves."""

    price: Decimal


@dataclass(frozen=True)
class Cancel:
    """The owner cancels the order placed this many orders ago, if there is one."""

    back: int


@dataclass(frozen=True)
class Outage:
    """The market closes or opens."""

    is_open: bool


def _with_price(request: OrderRequest, name: str, price: Decimal) -> OrderRequest:
    return OrderRequest.model_validate({**request.model_dump(), name: price})


cents = st.integers(1, 30_000).map(lambda n: Decimal(n) / 100)
requests = st.builds(
    OrderRequest,
    symbol=st.just("AAPL"),
    qty=st.integers(1, 500),
    side=st.sampled_from(Side),
)
happenings = st.one_of(
    requests,
    st.builds(_with_price, requests, st.sampled_from(["price", "stop_price"]), cents),
    st.builds(Move, cents),
    st.builds(Cancel, st.integers(1, 4)),
    st.builds(Outage, st.booleans()),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(happenings, max_size=25))
def test_the_account_always_adds_up(happenings: Sequence[object]) -> None:
    """Whatever is placed, moved, cancelled or closed, in whatever order."""
    asyncio.run(_happen(happenings))


async def _happen(happenings: Sequence[object]) -> None:
    prices = FixedPrices(AAPL="190.00")
    broker = PaperBroker(prices, paid_in=PAID_IN)
    placed: list[str] = []
    cancelled: set[str] = set()
    for each in happenings:
        if isinstance(each, Move):
            prices.set("AAPL", each.price)
        elif isinstance(each, Outage):
            prices.is_open = each.is_open
        elif isinstance(each, Cancel) and len(placed) >= each.back:
            order_id = placed[-each.back]
            if broker.order(order_id).status is OrderStatus.WORKING:
                broker.cancel_order(order_id)
                cancelled.add(order_id)
        elif isinstance(each, OrderRequest):
            with suppress(PriceUnavailable):
                placed.append((await broker.place_order(each)).id)
        await broker.poll()
        _check_account(broker)
        orders = {order_id: broker.order(order_id) for order_id in placed}
        _check_orders(broker, orders)
        assert cancelled == {
            order_id
            for order_id, order in orders.items()
            if order.status is OrderStatus.CANCELLED
        }


def _check_account(broker: PaperBroker) -> None:
    """The account and its position equal what its executions sum up to."""
    executions = broker.executions(limit=1000)
    held = sum(each.side.sign * each.qty for each in executions)
    spent = sum(each.side.sign * each.qty * each.price for each in executions)
    account = broker.account()
    assert account.equity == account.balance + account.unrealized_pnl
    assert account.balance == PAID_IN + account.realized_pnl
    if held:
        (position,) = broker.positions()
        assert position.qty == held
        assert account.equity == PAID_IN - spent + held * position.mark_price
    else:
        assert broker.positions() == []
        assert account.equity == PAID_IN - spent


def _check_orders(broker: PaperBroker, orders: dict[str, Order]) -> None:
    """Executions add up to what is filled, never beyond an order's price."""
    filled = dict.fromkeys(orders, 0)
    for execution in broker.executions(limit=1000):
        filled[execution.order_id] += execution.qty
        order = orders[execution.order_id]
        if order.type is OrderType.LIMIT:
            assert order.price is not None
            assert (order.price - execution.price) * order.side.sign >= 0
    for order_id, order in orders.items():
        assert order.filled_qty == filled[order_id]
        whole = order.qty if order.status is OrderStatus.FILLED else 0
        assert order.filled_qty == whole
