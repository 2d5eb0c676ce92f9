"""The module's endpoints."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from modular_api import Problem, Service, idempotent, problem_response
from trading_api.models.symbol_name import SymbolName

from .errors import (
    BrokerError,
    OrderNotWorking,
    PriceUnavailable,
    TooManyWorkingOrders,
    UnknownOrder,
    UnknownSymbol,
)
from .models import (
    Account,
    Execution,
    Order,
    OrderRequest,
    OrderStatus,
    Position,
)
from .service import PaperBroker

router = APIRouter()

Broker = Annotated[PaperBroker, Service]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]
OfSymbol = Annotated[SymbolName | None, Query(description="Of this symbol only.")]
OfStatus = Annotated[OrderStatus | None, Query(description="Of this status only.")]

STATUSES: dict[type[BrokerError], int] = {
    UnknownOrder: 404,
    UnknownSymbol: 404,
    OrderNotWorking: 409,
    TooManyWorkingOrders: 409,
    PriceUnavailable: 503,
}
"""How the broker's errors are answered."""


def _problems(descriptions: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": Problem, "description": text}
        for status, text in descriptions.items()
    }


@router.get("/accounts")
async def list_accounts(broker: Broker) -> list[Account]:
    """List the accounts; there is one."""
    return [broker.account()]


@router.get("/account")
async def get_account(broker: Broker) -> Account:
    """Tell what the account is worth."""
    return broker.account()


@router.get("/orders")
async def list_orders(
    broker: Broker,
    status: OfStatus = None,
    symbol: OfSymbol = None,
    limit: Limit = 200,
) -> list[Order]:
    """List orders, the last one placed first."""
    return broker.orders(symbol=symbol, status=status, limit=limit)


@router.post(
    "/orders",
    status_code=201,
    responses=_problems(
        {
            404: "The market has no such symbol.",
            409: "There are too many working orders.",
            503: "The price to trade at is not available; nothing was recorded.",
        }
    ),
)
@idempotent
async def place_order(request: OrderRequest, broker: Broker) -> Order:
    """Place an order; one that trades at the price of now is filled in the answer."""
    return await broker.place_order(request)


@router.get("/orders/{order_id}", responses=_problems({404: "No such order."}))
async def get_order(order_id: str, broker: Broker) -> Order:
    """Tell what has become of an order."""
    return broker.order(order_id)


@router.delete(
    "/orders/{order_id}",
    responses=_problems({404: "No such order.", 409: "The order is not working."}),
)
async def cancel_order(order_id: str, broker: Broker) -> Order:
    """Cancel a working order and return it as it ended."""
    return broker.cancel_order(order_id)


@router.get("/positions")
async def list_positions(broker: Broker) -> list[Position]:
    """List the open positions by symbol."""
    return broker.positions()


@router.get("/executions")
async def list_executions(
    broker: Broker, symbol: OfSymbol = None, limit: Limit = 200
) -> list[Execution]:
    """List executions, the last one first."""
    return broker.executions(symbol=symbol, limit=limit)


async def answer_broker_error(request: Request, error: Exception) -> Response:
    """Exception handler: what the broker refuses becomes a problem."""
    assert isinstance(error, BrokerError)
    return problem_response(STATUSES[type(error)], str(error))
