"""The module's declaration."""

from __future__ import annotations

from modular_api import Module

from .errors import UnknownSymbol
from .routes import answer_unknown_symbol, router
from .service import MarketData

module = Module(
    routers={"v1": router},
    service=MarketData,
    exception_handlers={UnknownSymbol: answer_unknown_symbol},
)
