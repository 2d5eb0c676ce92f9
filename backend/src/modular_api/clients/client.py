"""What generated clients have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from modular_api.clients.answers import read_answer
from modular_api.clients.asgi_transport import AsgiApp, AsgiTransport
from modular_api.clients.context import context_headers
from modular_api.clients.http_transport import HttpTransport
from modular_api.clients.transport import Transport
from modular_api.clients.wire import EncodedRequest, Request, Response, encode
from modular_api.errors import ConfigurationError

T = TypeVar("T")

DEFAULT_TIMEOUT_S = 10.0


class ModuleClient:
    """Calls one version of one module, over HTTP or inside this process.

    Give one of `base_url`, `app` and `transport`. The client is a context manager, for
    `async with` and for `with`; outside one, close it with `aclose()` or `close()`.

    Args:
        base_url: the server, without the module's prefix: `https://example.com`.
        app: an ASGI app that has the module mounted at its prefix.
        transport: carries the calls in place of the two; it stays the caller's to close.
        state: lifespan state of `app`.
        token: sent as `Authorization: Bearer …`.
        headers: sent with every call.
        timeout_s: limit of one call; None waits for ever.

    Attributes:
        module_name: the module, `broker`.
        api_version: its version, `v1`. (`version` is an operation of every module.)
        prefix: path of the module's version, `/api/v1/broker`.
    """

    module_name: ClassVar[str]
    api_version: ClassVar[str]
    prefix: ClassVar[str]

    def __init__(
        self,
        *,
        base_url: str | None = None,
        app: AsgiApp | None = None,
        transport: Transport | None = None,
        state: Mapping[str, Any] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
    ) -> None:
        self._owns_transport = transport is None
        self._transport = transport or _transport(type(self), base_url, app, state)
        if transport is not None and (base_url is not None or app is not None):
            raise _too_many_targets(type(self))
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        self._timeout_s = timeout_s

    async def aclose(self) -> None:
        """Close the connections."""
        if self._owns_transport:
            await self._transport.aclose()

    def close(self) -> None:
        """Close the connections of synchronous calls."""
        if self._owns_transport:
            self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def _call(self, request: Request, parse: Callable[[Response], T]) -> T:
        encoded = self._encode(request)
        response = await self._transport.send(encoded, self._timeout_s)
        return read_answer(str(encoded), response, parse)

    def _call_sync(self, request: Request, parse: Callable[[Response], T]) -> T:
        encoded = self._encode(request)
        response = self._transport.send_sync(encoded, self._timeout_s)
        return read_answer(str(encoded), response, parse)

    def _encode(self, request: Request) -> EncodedRequest:
        # What the client was given wins over what the context carries along.
        headers = {**context_headers(), **self._headers}
        return encode(request, prefix=self.prefix, headers=headers)


class SyncModuleClient:
    """The operations of a client, for plain code: `client.sync.place_order(…)`."""

    def __init__(self, client: ModuleClient) -> None:
        self._client = client

    def _call(self, request: Request, parse: Callable[[Response], T]) -> T:
        return self._client._call_sync(request, parse)


def _transport(
    class_: type[ModuleClient],
    base_url: str | None,
    app: AsgiApp | None,
    state: Mapping[str, Any] | None,
) -> Transport:
    if base_url is not None and app is None:
        return HttpTransport(base_url)
    if app is not None and base_url is None:
        return AsgiTransport(app, state=state)
    raise _too_many_targets(class_)


def _too_many_targets(class_: type[ModuleClient]) -> ConfigurationError:
    return ConfigurationError(
        f"{class_.__name__}(...) takes exactly one of base_url, app and transport."
    )
