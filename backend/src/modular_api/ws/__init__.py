"""Typed sockets: routers from a declaration, and the adapter that serves them.

Names are loaded when they are first used: without fastws, everything but its adapter
can be imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modular_api.lazy import lazy_attributes

if TYPE_CHECKING:
    from modular_api.ws.adapter import FastWSAdapter
    from modular_api.ws.errors import CloseCode, ErrorCode, SocketError
    from modular_api.ws.hub import Policy
    from modular_api.ws.limits import Limits
    from modular_api.ws.operations import Operation, SocketSpec
    from modular_api.ws.router import WsRouter

__all__ = [
    "CloseCode",
    "ErrorCode",
    "FastWSAdapter",
    "Limits",
    "Operation",
    "Policy",
    "SocketError",
    "SocketSpec",
    "WsRouter",
]

_HOMES = {
    "CloseCode": ".errors",
    "ErrorCode": ".errors",
    "FastWSAdapter": ".adapter",
    "Limits": ".limits",
    "Operation": ".operations",
    "Policy": ".hub",
    "SocketError": ".errors",
    "SocketSpec": ".operations",
    "WsRouter": ".router",
}

if not TYPE_CHECKING:
    __getattr__ = lazy_attributes(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
