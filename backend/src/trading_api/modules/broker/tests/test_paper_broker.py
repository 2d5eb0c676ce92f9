"""The service: orders that trade on paper at a market's real prices."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest

from trading_api.modules.broker.errors import (
    OrderNotWorking,
    PriceUnavailable,
    TooManyWorkingOrders,
    UnknownOrder,
    UnknownSymbol,
)
from trading_api.modules.broker.models import (
    Order,
    OrderRequest,
    OrderStatus,
    Side,
)
from trading_api.modules.broker.prices import Prices
from trading_api.modules.broker.service import PaperBroker
from trading_api.modules.broker.tests.fakes import (
    EventfulPrices,
    FixedPrices,
    SilentPrices,
)
from trading_api.modules.broker.tests.orders import NOON

pytestmark = pytest.mark.unit

PAID_IN = Decimal("100000.00")


def broker_at(prices: Prices, *, max_working_orders: int = 10) -> PaperBroker:
    """Return a broker whose clock shows noon and whose ids count; it does not poll."""
    ids = count(1)
    return PaperBroker(
        prices,
        clock=lambda: NOON,
        new_id=lambda: str(next(ids)),
        paid_in=PAID_IN,
        price_timeout_s=0.02,
        max_working_orders=max_working_orders,
    )


@pytest.fixture
def prices() -> FixedPrices:
    """Return a market with AAPL at 190 and TSLA at 250."""
    return FixedPrices(AAPL="190.00", TSLA="250.00")


@pytest.fixture
def broker(prices: FixedPrices) -> PaperBroker:
    """Return a broker at that market."""
    return broker_at(prices)


def buy(qty: int = 10, **details: object) -> OrderRequest:
    """Return an order to buy AAPL."""
    return OrderRequest.model_validate({"symbol": "AAPL", "qty": qty, **details})


def sell(qty: int = 10, **details: object) -> OrderRequest:
    """Return an order to sell AAPL."""
    return buy(qty, side="sell", **details)


async def test_a_market_order_is_filled_at_once(broker: PaperBroker) -> None:
    """At the market's price; position, execution and account tell of it."""
    order = await broker.place_order(buy(100))
    assert order.status is OrderStatus.FILLED
    assert (order.filled_qty, order.fill_price) == (100, Decimal("190.00"))
    (execution,) = broker.executions(limit=10)
    assert (execution.order_id, execution.qty, execution.price) == (
        order.id,
        100,
        Decimal("190.00"),
    )
    (position,) = broker.positions()
    assert (position.symbol, position.qty) == ("AAPL", 100)
    assert position.average_price == position.mark_price == 190
    assert position.marked_at == NOON
    assert position.unrealized_pnl == 0
    assert (broker.account().balance, broker.account().equity) == (PAID_IN, PAID_IN)


@pytest.mark.parametrize("request_", [buy(price="189.99"), sell(price="190.01")])
async def test_a_limit_order_rests_until_the_market_reaches_it(
    broker: PaperBroker, prices: FixedPrices, request_: OrderRequest
) -> None:
    """A poll at its price fills it, one short of it does not."""
    order = await broker.place_order(request_)
    assert order.status is OrderStatus.WORKING
    await broker.poll()
    assert broker.order(order.id).status is OrderStatus.WORKING
    assert request_.price is not None
    prices.set("AAPL", request_.price)
    await broker.poll()
    assert broker.order(order.id).fill_price == request_.price


async def test_a_limit_order_better_than_the_market_trades_at_the_market(
    broker: PaperBroker,
) -> None:
    """Who would pay 200 gets it for 190."""
    order = await broker.place_order(buy(price="200"))
    assert (order.price, order.fill_price) == (Decimal("200"), Decimal("190.00"))


async def test_a_stop_order_sells_when_the_price_falls_through_it(
    broker: PaperBroker, prices: FixedPrices
) -> None:
    """At the price of that moment, which may be worse than the stop."""
    await broker.place_order(buy())
    stop = await broker.place_order(sell(stop_price="180"))
    await broker.poll()
    assert broker.order(stop.id).status is OrderStatus.WORKING
    prices.set("AAPL", "179.50")
    await broker.poll()
    assert broker.order(stop.id).fill_price == Decimal("179.50")
    assert broker.positions() == []
    assert broker.account().realized_pnl == Decimal("-105")


async def test_a_market_order_without_a_price_leaves_no_trace(
    broker: PaperBroker, prices: FixedPrices
) -> None:
    """Nothing is recorded that nobody could fill."""
    prices.is_open = False
    with pytest.raises(PriceUnavailable, match=r"AAPL .* the market is closed"):
        await broker.place_order(buy())
    assert broker.orders(limit=10) == []


@pytest.mark.parametrize("request_", [buy(price="200"), buy(stop_price="100")])
async def test_other_orders_rest_without_a_price(
    broker: PaperBroker, prices: FixedPrices, request_: OrderRequest
) -> None:
    """They need no market to be placed, and trade when it opens."""
    prices.is_open = False
    order = await broker.place_order(request_)
    await broker.poll()
    assert broker.order(order.id).status is OrderStatus.WORKING
    prices.is_open = True
    await broker.poll()
    assert broker.order(order.id).status is OrderStatus.FILLED


async def test_a_market_that_does_not_answer_counts_as_closed() -> None:
    """After a while; the market order fails, the limit order rests."""
    broker = broker_at(SilentPrices())
    with pytest.raises(PriceUnavailable, match=r"no answer within 0\.02 s"):
        await broker.place_order(buy())
    order = await broker.place_order(buy(price="190"))
    assert order.status is OrderStatus.WORKING


async def test_an_order_whose_caller_leaves_is_not_recorded() -> None:
    """A request that is cancelled while the price is awaited places nothing."""
    broker = broker_at(SilentPrices())
    placing = asyncio.ensure_future(broker.place_order(buy(price="190")))
    await asyncio.sleep(0)
    placing.cancel()
    await asyncio.wait([placing])
    assert placing.cancelled()
    assert broker.orders(limit=10) == []


@pytest.mark.parametrize("details", [{}, {"price": "1"}, {"stop_price": "1"}])
async def test_an_order_for_an_unknown_symbol_is_refused(
    broker: PaperBroker, details: dict[str, str]
) -> None:
    """Whatever its type; nothing is recorded."""
    request = OrderRequest.model_validate({"symbol": "NOPE", **details})
    with pytest.raises(UnknownSymbol, match="no symbol 'NOPE'"):
        await broker.place_order(request)
    assert broker.orders(limit=10) == []


async def test_an_order_whose_symbol_proves_unknown_waits_and_can_be_cancelled(
    broker: PaperBroker, prices: FixedPrices
) -> None:
    """It was placed while nobody could tell; a market may learn a symbol later."""
    prices.is_open = False
    request = OrderRequest.model_validate({"symbol": "NOPE", "price": "1"})
    order = await broker.place_order(request)
    prices.is_open = True
    await broker.poll()
    assert broker.order(order.id).status is OrderStatus.WORKING
    assert broker.cancel_order(order.id).status is OrderStatus.CANCELLED


async def test_a_cancelled_order_is_never_filled(
    broker: PaperBroker, prices: FixedPrices
) -> None:
    """Not even when the price would."""
    order = await broker.place_order(buy(price="180"))
    assert broker.cancel_order(order.id).status is OrderStatus.CANCELLED
    prices.set("AAPL", "170")
    await broker.poll()
    assert broker.order(order.id).status is OrderStatus.CANCELLED
    assert broker.executions(limit=10) == []


async def test_an_order_cancelled_while_the_price_is_awaited_is_not_filled() -> None:
    """The cancel comes between the question and the answer."""
    prices = EventfulPrices()
    broker = broker_at(prices)
    order = await broker.place_order(buy(price="180"))
    prices.during_next = lambda: broker.cancel_order(order.id)
    prices.now = Decimal("170")
    await broker.poll()
    assert broker.order(order.id).status is OrderStatus.CANCELLED
    assert broker.executions(limit=10) == []


async def test_an_order_that_ended_cannot_be_cancelled(broker: PaperBroker) -> None:
    """A filled one stays filled."""
    order = await broker.place_order(buy())
    with pytest.raises(OrderNotWorking, match="filled since 12:00:00 UTC"):
        broker.cancel_order(order.id)


def test_an_unknown_order_is_refused(broker: PaperBroker) -> None:
    """When told of and when cancelled."""
    with pytest.raises(UnknownOrder, match="no order '7'"):
        broker.order("7")
    with pytest.raises(UnknownOrder, match="no order '7'"):
        broker.cancel_order("7")


async def test_working_orders_are_bounded(prices: FixedPrices) -> None:
    """The one too many is refused; nothing is recorded of it."""
    broker = broker_at(prices, max_working_orders=2)
    for _ in range(2):
        await broker.place_order(buy(price="1"))
    with pytest.raises(TooManyWorkingOrders):
        await broker.place_order(buy(price="1"))
    assert len(broker.orders(limit=10)) == 2


async def test_orders_and_executions_are_filtered_and_limited(
    broker: PaperBroker,
) -> None:
    """The newest come first."""
    await broker.place_order(buy())
    resting = await broker.place_order(buy(price="1"))
    await broker.place_order(OrderRequest(symbol="TSLA"))
    await broker.place_order(sell())
    assert [order.symbol for order in broker.orders(limit=2)] == ["AAPL", "TSLA"]
    assert broker.orders(status=OrderStatus.WORKING, limit=10) == [resting]
    assert broker.orders(symbol="TSLA", status=OrderStatus.WORKING, limit=10) == []
    executions = broker.executions(symbol="AAPL", limit=10)
    assert [execution.side for execution in executions] == [Side.SELL, Side.BUY]
    assert len(broker.executions(limit=1)) == 1


async def test_positions_are_valued_at_the_last_price_seen(
    broker: PaperBroker, prices: FixedPrices
) -> None:
    """A poll sees new ones; a closed market leaves the old ones standing."""
    await broker.place_order(buy(100))
    await broker.place_order(OrderRequest(symbol="TSLA", side=Side.SELL, qty=10))
    prices.set("AAPL", "191.50")
    prices.set("TSLA", "260")
    await broker.poll()
    prices.is_open = False
    await broker.poll()
    aapl, tsla = broker.positions()
    assert aapl.mark_price == Decimal("191.50")
    assert aapl.unrealized_pnl == 150
    assert tsla.qty == -10
    assert tsla.unrealized_pnl == -100
    account = broker.account()
    assert account.balance == PAID_IN
    assert account.unrealized_pnl == 50
    assert account.equity == PAID_IN + 50


async def test_a_poll_asks_for_each_price_that_matters_once(
    broker: PaperBroker, prices: FixedPrices
) -> None:
    """Of working orders and open positions, of nothing else."""
    await broker.place_order(buy())
    await broker.place_order(buy(price="1"))
    await broker.place_order(buy(price="2"))
    tesla = OrderRequest(symbol="TSLA")
    await broker.place_order(tesla)
    await broker.place_order(tesla.model_copy(update={"side": Side.SELL}))
    prices.asked.clear()
    await broker.poll()
    assert prices.asked == ["AAPL"]


async def test_silence_and_return_of_a_price_are_logged_once(
    broker: PaperBroker, prices: FixedPrices, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at every poll."""
    caplog.set_level(logging.INFO)
    await broker.place_order(buy(price="1"))
    prices.is_open = False
    for _ in range(3):
        await broker.poll()
    prices.is_open = True
    for _ in range(3):
        await broker.poll()
    assert [record.getMessage() for record in caplog.records] == [
        "AAPL has to wait: The price of AAPL is not available at the moment: the market "
        "is closed.",
        "the price of AAPL is back",
    ]


async def test_a_running_broker_fills_orders_by_itself(prices: FixedPrices) -> None:
    """And stops with its context, at once."""
    broker = PaperBroker(prices, poll_interval_s=0.001)
    async with broker, asyncio.timeout(5):
        order = await broker.place_order(buy(price="180"))
        prices.set("AAPL", "179")
        await _end_of(broker, order)
    assert broker.order(order.id).fill_price == Decimal("179")
    prices.asked.clear()
    await asyncio.sleep(0.01)
    assert prices.asked == []


async def test_a_running_broker_survives_whatever_its_market_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An error nobody foresaw is logged with its traceback, and polls go on."""
    prices = EventfulPrices()
    broker = PaperBroker(prices, poll_interval_s=0.001)
    async with broker, asyncio.timeout(5):
        order = await broker.place_order(buy(price="180"))
        prices.during_next = lambda: 1 / 0
        prices.now = Decimal("170")
        await _end_of(broker, order)
    (record,) = caplog.records
    assert record.getMessage() == "looking at working orders failed"
    assert record.exc_info is not None


@pytest.mark.parametrize("seconds", [0, -1])
def test_impossible_intervals_are_refused(prices: FixedPrices, seconds: float) -> None:
    """A poll without a pause would leave the loop no time for anything else."""
    with pytest.raises(ValueError, match="must be above zero, found"):
        PaperBroker(prices, poll_interval_s=seconds)
    with pytest.raises(ValueError, match="must be above zero, found"):
        PaperBroker(prices, price_timeout_s=seconds)


async def test_times_and_ids_are_given_to_orders(prices: FixedPrices) -> None:
    """Placed at one time, ended at a later one."""
    times = (NOON + timedelta(minutes=i) for i in count())
    broker = PaperBroker(prices, clock=lambda: next(times))
    first = await broker.place_order(buy(price="1"))
    second = await broker.place_order(buy(price="1"))
    cancelled = broker.cancel_order(first.id)
    assert first.id != second.id
    assert cancelled.placed_at == first.placed_at < cancelled.updated_at


async def _end_of(broker: PaperBroker, order: Order) -> None:
    # A broker announces no fills, so there is no event to wait for.
    while broker.order(order.id).status is OrderStatus.WORKING:
        await asyncio.sleep(0.001)
