"""The modules an app's own code can call: those mounted here, and those elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp

from modular_api.app.request_context import PEERS_KEY
from modular_api.clients.peers import Peers, current_peers
from modular_api.module.module_app import ModuleApp


@asynccontextmanager
async def run_peers(
    app: ASGIApp,
    modules: Iterable[ModuleApp],
    urls: Mapping[str, str],
    state: dict[str, Any],
) -> AsyncIterator[None]:
    """Let `module_client` find the modules, in services and in handlers.

    What the services start inherits the context this runs in; a request finds the
    peers in the lifespan state.

    Args:
        state: the lifespan state; calls in process carry it as it is at their time.
    Raises: ConfigurationError: an address is no HTTP URL.
    """
    peers = Peers()
    for name, url in urls.items():
        peers.add_address(name, url)
    for module in modules:
        peers.add_app(module.name, app, state=state)
    state[PEERS_KEY] = peers
    before = current_peers.get()
    current_peers.set(peers)
    try:
        yield
    finally:
        # Not reset(token): a lifespan may be left in another context than entered.
        current_peers.set(before)
        await peers.aclose()
