"""How a module reaches the modules it uses: in this process, or at an address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from modular_api.clients.asgi_transport import AsgiApp, AsgiTransport
from modular_api.clients.client import DEFAULT_TIMEOUT_S, ModuleClient
from modular_api.clients.errors import PeerMissing
from modular_api.clients.http_transport import HttpTransport
from modular_api.clients.transport import Transport
from modular_api.clients.wire import EncodedRequest, Response

C = TypeVar("C", bound=ModuleClient)


class Peers:
    """The modules that one app can call, and the clients that call them.

    A module mounted in the app wins over an address. One client and one transport a
    class and a module are made, and kept until `aclose`.

    Args:
        timeout_s: limit of one call to a peer; None waits for ever.
    """

    def __init__(self, *, timeout_s: float | None = DEFAULT_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._in_process: dict[str, Transport] = {}
        self._over_http: dict[str, Transport] = {}
        self._clients: dict[type[ModuleClient], ModuleClient] = {}

    def add_app(
        self, module: str, app: AsgiApp, *, state: Mapping[str, Any] | None = None
    ) -> None:
        """Call a module in the app it is mounted in.

        Called while the app's loop runs (in its lifespan), synchronous calls from
        other threads go to that loop, where the module's service lives.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        self._in_process[module] = AsgiTransport(app, state=state, loop=loop)

    def add_address(
        self, module: str, base_url: str, *, token: str | None = None
    ) -> None:
        """Call a module over HTTP where it is not mounted in the app.

        Raises: ConfigurationError: the address is no HTTP URL.
        """
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self._over_http[module] = HttpTransport(base_url, headers=headers)

    def client(self, class_: type[C]) -> C:
        """Return the client of this class.

        A peer that is missing is told at the call, so that a module starts without it.
        """
        known = self._clients.get(class_)
        if isinstance(known, class_):
            return known
        client = class_(
            transport=_PeerTransport(class_.module_name, self),
            timeout_s=self._timeout_s,
        )
        self._clients[class_] = client
        return client

    def transport(self, module: str) -> Transport:
        """Return what carries calls to a module. Raises: PeerMissing."""
        transport = self._in_process.get(module) or self._over_http.get(module)
        if transport is None:
            raise PeerMissing(module)
        return transport

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in (*self._in_process.values(), *self._over_http.values()):
            await transport.aclose()


current_peers: ContextVar[Peers | None] = ContextVar("modular_api_peers", default=None)
"""The peers of the app whose code is running."""


def module_client(class_: type[C]) -> C:
    """Return a client of a module that the running app can call.

    In a handler or a service it is the app's own client. Made anywhere else, at the top
    of a module for one, it finds the running app's peers at each call.

    Its calls raise PeerMissing where the module is neither mounted in the app nor has an
    address.
    """
    peers = current_peers.get()
    if peers is not None:
        return peers.client(class_)
    return class_(transport=_PeerTransport(class_.module_name, None))


class _PeerTransport:
    """Finds its way at each call: peers may be added after clients are made."""

    def __init__(self, module: str, peers: Peers | None) -> None:
        self._module = module
        self._peers = peers

    async def send(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        return await self._peer().send(request, timeout_s)

    def send_sync(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        return self._peer().send_sync(request, timeout_s)

    async def aclose(self) -> None:
        """Nothing: the peers own the connections."""

    def close(self) -> None:
        """Nothing: the peers own the connections."""

    def _peer(self) -> Transport:
        peers = self._peers or current_peers.get()
        if peers is None:
            raise PeerMissing(self._module)
        return peers.transport(self._module)
