"""How a module reaches the modules it uses: in this process, or at an address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, overload

from modular_api.clients.asgi_transport import AsgiApp, AsgiTransport
from modular_api.clients.client import (
    DEFAULT_TIMEOUT_S,
    ModuleClient,
)
from modular_api.clients.context import caller_authorization
from modular_api.clients.errors import PeerMissing
from modular_api.clients.http_transport import HttpTransport
from modular_api.clients.retries import RetryPolicy
from modular_api.clients.transport import Transport
from modular_api.clients.types import UNSET, Unset
from modular_api.clients.wire import (
    AsyncStreamedResponse,
    EncodedRequest,
    Response,
    SyncStreamedResponse,
)
from modular_api.errors import ConfigurationError

if TYPE_CHECKING:
    from modular_api.clients.channels.channel import Channel
    from modular_api.clients.sockets.socket import ModuleSocket

C = TypeVar("C", bound="ModuleClient | ModuleSocket")
RestC = TypeVar("RestC", bound=ModuleClient)
SocketC = TypeVar("SocketC", bound="ModuleSocket")


class Peers:
    """The modules that one app can call, and the clients that call them.

    A module mounted in the app wins over an address. Clients and transports
    are made once, and kept until `aclose`.

    Args:
        timeout_s: limit of one call to a peer; None waits for ever.
    """

    def __init__(self, *, timeout_s: float | None = DEFAULT_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._in_process: dict[str, Transport] = {}
        self._over_http: dict[str, Transport] = {}
        self._clients: dict[Any, ModuleClient | ModuleSocket] = {}

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

    @overload
    def client(
        self,
        class_: type[RestC],
        *,
        timeout_s: float | Unset | None = UNSET,
        retries: RetryPolicy | Unset | None = UNSET,
    ) -> RestC: ...

    @overload
    def client(
        self, class_: type[SocketC], *, timeout_s: float | Unset | None = UNSET
    ) -> SocketC: ...

    def client(
        self,
        class_: type[C],
        *,
        timeout_s: float | Unset | None = UNSET,
        retries: RetryPolicy | Unset | None = UNSET,
    ) -> C:
        """Return the client of this class; the same one for the same options.

        A missing peer is an error of the call, so that a module starts without it.

        Raises: ConfigurationError: a socket client is given retries.
        """
        return self._client(class_, timeout_s, retries)

    def transport(self, module: str) -> Transport:
        """Return what carries calls to a module. Raises: PeerMissing."""
        transport = self._in_process.get(module) or self._over_http.get(module)
        if transport is None:
            raise PeerMissing(module)
        return transport

    async def aclose(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()
        for transport in (*self._in_process.values(), *self._over_http.values()):
            await transport.aclose()

    def _client(
        self,
        class_: type[C],
        timeout_s: float | Unset | None,
        retries: RetryPolicy | Unset | None,
    ) -> C:
        options = _options(class_, self._timeout_s, timeout_s, retries)
        kind = (class_, *options.items())
        known = self._clients.get(kind)
        if isinstance(known, class_):
            return known
        client = class_(transport=_PeerTransport(class_.module_name, self), **options)
        self._clients[kind] = client
        return client


current_peers: ContextVar[Peers | None] = ContextVar("modular_api_peers", default=None)
"""The peers of the app whose code is running."""


@overload
def module_client(
    class_: type[RestC],
    *,
    timeout_s: float | Unset | None = UNSET,
    retries: RetryPolicy | Unset | None = UNSET,
) -> RestC: ...


@overload
def module_client(
    class_: type[SocketC], *, timeout_s: float | Unset | None = UNSET
) -> SocketC: ...


def module_client(
    class_: type[C],
    *,
    timeout_s: float | Unset | None = UNSET,
    retries: RetryPolicy | Unset | None = UNSET,
) -> C:
    """Return a client of a module that the running app can call.

    In a handler or a service it is the app's own client. Made anywhere else, for
    example at the top of a module, it finds the running app's peers at each call.

    Its calls raise PeerMissing where the module is neither mounted in the app nor has an
    address. They carry the id, the trace and the authorization of the request being
    served.

    Args:
        timeout_s: limit of one call, where it is not the default; None waits for ever.
        retries: how calls are repeated, where not as by default; None repeats none.
            Socket clients have no such option.
    Raises: ConfigurationError: a socket client is given retries.
    """
    peers = current_peers.get()
    if peers is not None:
        return peers._client(class_, timeout_s, retries)
    options = _options(class_, DEFAULT_TIMEOUT_S, timeout_s, retries)
    return class_(transport=_PeerTransport(class_.module_name, None), **options)


def _options(
    class_: type[C],
    default_timeout_s: float | None,
    timeout_s: float | Unset | None,
    retries: RetryPolicy | Unset | None,
) -> dict[str, Any]:
    unset = isinstance(timeout_s, Unset)
    options: dict[str, Any] = {"timeout_s": default_timeout_s if unset else timeout_s}
    if not isinstance(retries, Unset):
        if not issubclass(class_, ModuleClient):
            raise ConfigurationError(
                f"{class_.__name__} repeats no calls, it connects again: leave out "
                "retries."
            )
        options["retries"] = retries
    return options


class _PeerTransport:
    """Looks its peer up at each call: peers may be added after clients are made."""

    def __init__(self, module: str, peers: Peers | None) -> None:
        self._module = module
        self._peers = peers

    async def send(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        return await self._peer().send(_told_who_calls(request), timeout_s)

    def send_sync(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        return self._peer().send_sync(_told_who_calls(request), timeout_s)

    def stream(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> AbstractAsyncContextManager[AsyncStreamedResponse]:
        return self._peer().stream(_told_who_calls(request), timeout_s)

    def stream_sync(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> AbstractContextManager[SyncStreamedResponse]:
        return self._peer().stream_sync(_told_who_calls(request), timeout_s)

    # Without the caller's authorization: one connection serves many callers.
    async def connect(
        self, path: str, headers: Mapping[str, str], timeout_s: float | None
    ) -> Channel:
        return await self._peer().connect(path, headers, timeout_s)

    async def aclose(self) -> None:
        """Nothing: the peers own the connections."""

    def close(self) -> None:
        """Nothing: the peers own the connections."""

    def _peer(self) -> Transport:
        peers = self._peers or current_peers.get()
        if peers is None:
            raise PeerMissing(self._module)
        return peers.transport(self._module)


def _told_who_calls(request: EncodedRequest) -> EncodedRequest:
    """Return a call with the authorization of the request that is being served.

    Peers are the same app, so they may know whom it serves. Nobody else is told, and a
    call with an authorization of its own keeps it.
    """
    authorization = caller_authorization.get()
    if authorization is None or any(n == "authorization" for n, _ in request.headers):
        return request
    headers = [*request.headers, ("authorization", authorization)]
    return replace(request, headers=headers)
