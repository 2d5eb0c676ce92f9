"""Tools for testing apps made of modules: fixtures, a real server, one shared lifespan.

The names are loaded when first asked for. pytest imports this package in every run, for
the sake of `plugin`, and must not pay for a server nobody uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modular_api.lazy import lazy_attributes

if TYPE_CHECKING:
    from modular_api.testing.background import LifespanInBackground
    from modular_api.testing.errors import BackgroundLifespanError, LiveServerError
    from modular_api.testing.live_server import LiveServer
    from modular_api.testing.peer_topology import PeerTopology
    from modular_api.testing.session import keep_running

__all__ = [
    "BackgroundLifespanError",
    "LifespanInBackground",
    "LiveServer",
    "LiveServerError",
    "PeerTopology",
    "keep_running",
]

_HOMES = {
    "BackgroundLifespanError": ".errors",
    "LifespanInBackground": ".background",
    "LiveServer": ".live_server",
    "LiveServerError": ".errors",
    "PeerTopology": ".peer_topology",
    "keep_running": ".session",
}

if not TYPE_CHECKING:
    __getattr__ = lazy_attributes(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
