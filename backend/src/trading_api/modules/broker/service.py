"""The module's service: a broker that trades on paper at a market's real prices."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from types import TracebackType
from typing import Self
from uuid import uuid4

from trading_api.models.clock import Clock, utc_now

from .book import Book
from .errors import PriceError, PriceUnavailable
from .ledger import Holding, Ledger
from .matching import match
from .models import (
    Account,
    Execution,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Position,
)
from .prices import Prices
from .signal import Signal

log = logging.getLogger(__name__)

_PRICES_AT_ONCE = 8


@dataclass(frozen=True)
class _Mark:
    """The last price seen of a symbol."""

    price: Decimal
    time: datetime


class PaperBroker:
    """One account, whose orders trade as a whole at the prices of `prices`.

    While it is entered it looks at the prices of working orders and open positions
    again and again. Orders are placed, filled and cancelled between two awaits: what
    was cancelled is never filled.

    Args:
        prices: asked for the price at the placing of an order and at each poll.
        clock: stamps orders and executions.
        new_id: makes the ids of orders and executions.
        paid_in: the cash to begin with.
        poll_interval_s: pause between two polls.
        price_timeout_s: how long to wait for a price before it counts as unavailable.
        max_working_orders: more than this are refused, which bounds a poll.

    Attributes:
        order_changed: tells of every order, when it is placed and whenever it changes.
        traded: tells of every execution.
        position_changed: tells of every position that is not what it was told to be;
            one that was closed is told a last time, with a quantity of 0.
        account_changed: tells of the account likewise.
    """

    def __init__(
        self,
        prices: Prices,
        *,
        clock: Clock = utc_now,
        new_id: Callable[[], str] = lambda: uuid4().hex,
        paid_in: Decimal = Decimal("100000.00"),
        poll_interval_s: float = 1.0,
        price_timeout_s: float = 2.0,
        max_working_orders: int = 1000,
    ) -> None:
        if poll_interval_s <= 0 or price_timeout_s <= 0:
            raise ValueError(
                "poll_interval_s and price_timeout_s must be above zero, found "
                f"{poll_interval_s} and {price_timeout_s}"
            )
        self._prices = prices
        self._clock = clock
        self._new_id = new_id
        self._poll_interval_s = poll_interval_s
        self._price_timeout_s = price_timeout_s
        self._book = Book(max_working=max_working_orders)
        self._ledger = Ledger(paid_in)
        self._marks: dict[str, _Mark] = {}
        self._silent: set[str] = set()
        self.order_changed = Signal[Order]()
        self.traded = Signal[Execution]()
        self.position_changed = Signal[Position]()
        self.account_changed = Signal[Account]()
        self._told_positions: dict[str, Position] = {}
        self._told_account = self.account()

    async def __aenter__(self) -> Self:
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._poller = self._tasks.create_task(self._poll_forever(), name="poller")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._poller.cancel()
        await self._tasks.__aexit__(None, None, None)

    async def place_order(self, request: OrderRequest) -> Order:
        """Place an order and fill it at once if it trades at the price of now.

        A limit or stop order rests while the price is not available. Nothing is
        recorded if this raises or is cancelled.

        Raises:
            PriceUnavailable: a market order has nothing to trade at.
            UnknownSymbol: the market is there and does not know the symbol.
            TooManyWorkingOrders
        """
        try:
            price = await self._price(request.symbol)
        except PriceUnavailable:
            if request.order_type is OrderType.MARKET:
                raise
            price = None
        order = self._new_order(request)
        self._book.place(order)
        self.order_changed.send(order)
        if price is not None:
            self._try_to_fill(order, price)
        self._tell_values()
        return self._book.order(order.id)

    def order(self, order_id: str) -> Order:
        """Return an order as it is now.

        Raises: UnknownOrder
        """
        return self._book.order(order_id)

    def cancel_order(self, order_id: str) -> Order:
        """Cancel a working order.

        Raises: UnknownOrder, OrderNotWorking
        """
        order = self._book.cancel(order_id, time=self._clock())
        self.order_changed.send(order)
        return order

    def orders(
        self,
        *,
        symbol: str | None = None,
        status: OrderStatus | None = None,
        limit: int,
    ) -> list[Order]:
        """Return the newest orders, the last one placed first."""
        found = (
            order
            for order in self._book.newest_orders()
            if symbol in (None, order.symbol) and status in (None, order.status)
        )
        return list(islice(found, limit))

    def executions(self, *, symbol: str | None = None, limit: int) -> list[Execution]:
        """Return the newest executions, the last one first."""
        found = (
            execution
            for execution in self._book.newest_executions()
            if symbol in (None, execution.symbol)
        )
        return list(islice(found, limit))

    def positions(self) -> list[Position]:
        """Return the open positions by symbol, valued at the last prices seen."""
        return [self._position(*each) for each in sorted(self._open_holdings())]

    def account(self) -> Account:
        """Return the account, valued at the last prices seen."""
        ledger = self._ledger
        balance = ledger.cash + ledger.cost
        unrealized = sum(
            (self._unrealized(*each) for each in self._open_holdings()), Decimal(0)
        )
        return Account(
            id="paper",
            name="Paper account",
            currency="USD",
            balance=balance,
            equity=balance + unrealized,
            realized_pnl=ledger.realized,
            unrealized_pnl=unrealized,
        )

    async def poll(self) -> None:
        """Ask for every price that matters once, and act on the answers.

        Orders without a price wait, even where the market does not know the symbol: it
        may be a market that has not loaded all of its symbols yet, and their owner can
        cancel them.
        """
        waiting = self._book.working_orders()
        symbols = {order.symbol for order in waiting}
        symbols.update(symbol for symbol, _ in self._open_holdings())
        prices = await self._current_prices(sorted(symbols))
        for order in waiting:
            price = prices.get(order.symbol)
            if price is not None and self._book.is_working(order.id):
                self._try_to_fill(order, price)
        self._tell_values()

    async def _poll_forever(self) -> None:
        while True:
            await asyncio.sleep(self._poll_interval_s)
            try:
                await self.poll()
            except Exception:
                # Whatever went wrong, the next poll may go right, and an exception
                # here would end the lifespan and so the app.
                log.exception("looking at working orders failed")

    async def _current_prices(self, symbols: Iterable[str]) -> Mapping[str, Decimal]:
        """Ask for several prices, a few at once; leave out those not to be had."""
        prices: dict[str, Decimal] = {}
        silent: dict[str, PriceError] = {}
        turns = asyncio.Semaphore(_PRICES_AT_ONCE)

        async def ask(symbol: str) -> None:
            async with turns:
                try:
                    prices[symbol] = await self._price(symbol)
                except PriceError as error:
                    silent[symbol] = error

        async with asyncio.TaskGroup() as asking:
            for symbol in symbols:
                asking.create_task(ask(symbol))
        self._log_changes(silent, back=self._silent & prices.keys())
        self._silent = set(silent)
        return prices

    def _log_changes(
        self, silent: Mapping[str, PriceError], *, back: Iterable[str]
    ) -> None:
        """Log when a symbol loses or regains its price, not every missing price."""
        for symbol in sorted(silent.keys() - self._silent):
            log.warning("%s has to wait: %s", symbol, silent[symbol])
        for symbol in sorted(back):
            log.info("the price of %s is back", symbol)

    async def _price(self, symbol: str) -> Decimal:
        timeout_s = self._price_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                price = await self._prices.price(symbol)
        except TimeoutError:
            why = f"no answer within {timeout_s:g} s"
            raise PriceUnavailable(symbol, why) from None
        self._marks[symbol] = _Mark(price, self._clock())
        return price

    def _new_order(self, request: OrderRequest) -> Order:
        now = self._clock()
        return Order(
            id=self._new_id(),
            symbol=request.symbol,
            side=request.side,
            type=request.order_type,
            qty=request.qty,
            price=request.price,
            stop_price=request.stop_price,
            placed_at=now,
            updated_at=now,
        )

    def _try_to_fill(self, order: Order, price: Decimal) -> None:
        fill_price = match(order, price)
        if fill_price is None:
            return
        execution = self._book.fill(
            order.id, fill_price, execution_id=self._new_id(), time=self._clock()
        )
        self._ledger.book(execution)
        self.order_changed.send(self._book.order(order.id))
        self.traded.send(execution)

    def _tell_values(self) -> None:
        """Tell of the positions and the account, where they changed."""
        for symbol, holding in sorted(self._ledger.holdings.items()):
            position = self._position(symbol, holding)
            if _is_news(position, self._told_positions.get(symbol)):
                self._told_positions[symbol] = position
                self.position_changed.send(position)
        account = self.account()
        if account != self._told_account:
            self._told_account = account
            self.account_changed.send(account)

    def _open_holdings(self) -> Iterator[tuple[str, Holding]]:
        for symbol, holding in self._ledger.holdings.items():
            if holding.qty:
                yield symbol, holding

    def _unrealized(self, symbol: str, holding: Holding) -> Decimal:
        # Whatever is held was traded at a price that was seen.
        return holding.qty * self._marks[symbol].price - holding.cost

    def _position(self, symbol: str, holding: Holding) -> Position:
        mark = self._marks[symbol]
        return Position(
            symbol=symbol,
            qty=holding.qty,
            average_price=holding.average_price if holding.qty else Decimal(0),
            mark_price=mark.price,
            marked_at=mark.time,
            unrealized_pnl=self._unrealized(symbol, holding),
            realized_pnl=holding.realized,
        )


def _is_news(position: Position, told: Position | None) -> bool:
    """Tell whether a position changed; that it was looked at again is no change."""
    if told is None:
        return True
    if position.qty == told.qty == 0:
        return position.realized_pnl != told.realized_pnl
    return position != told.model_copy(update={"marked_at": position.marked_at})
