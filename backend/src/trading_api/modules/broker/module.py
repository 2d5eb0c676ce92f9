"""The module's declaration."""

from __future__ import annotations

from modular_api import Module
from modular_api.clients import module_client
from trading_api.modules.datafeed.client_generated import DatafeedClient

from .prices import DatafeedPrices
from .routes import STATUSES, answer_broker_error, router
from .service import PaperBroker
from .sockets import Equity, Executions, Orders, Positions


def paper_broker() -> PaperBroker:
    """Make the broker of one app, which trades at datafeed's prices."""
    return PaperBroker(DatafeedPrices(module_client(DatafeedClient)))


module = Module(
    routers={"v1": router},
    ws={
        "v1": [
            Orders("orders"),
            Executions("executions"),
            Positions("positions"),
            Equity("equity"),
        ]
    },
    service=paper_broker,
    uses=["datafeed"],
    exception_handlers=dict.fromkeys(STATUSES, answer_broker_error),
    stateful=True,
)
