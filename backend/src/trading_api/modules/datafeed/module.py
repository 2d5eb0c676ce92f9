"""The module's declaration."""

from __future__ import annotations

from modular_api import Module

from .errors import UnknownSymbol
from .routes import answer_unknown_symbol, router
from .service import MarketData
from .sockets import Bars, Quotes

module = Module(
    routers={"v1": router},
    ws={"v1": [Bars("bars"), Quotes("quotes")]},
    service=MarketData,
    exception_handlers={UnknownSymbol: answer_unknown_symbol},
)
