"""What generated clients have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar

from modular_api.clients.answers import Answer, read_answer
from modular_api.clients.asgi_transport import AsgiApp
from modular_api.clients.context import context_headers
from modular_api.clients.credentials import Credentials, Keyring, SecurityScheme
from modular_api.clients.errors import CallError
from modular_api.clients.exchange import Exchange
from modular_api.clients.retries import RetryPolicy
from modular_api.clients.streams import (
    Framing,
    ItemStream,
    SyncItemStream,
    open_stream,
    open_sync_stream,
)
from modular_api.clients.target import transport_to
from modular_api.clients.transport import Transport
from modular_api.clients.wire import (
    AsyncStreamedResponse,
    EncodedRequest,
    Request,
    Response,
    SyncStreamedResponse,
    encode,
)

T = TypeVar("T")
H = TypeVar("H")

DEFAULT_TIMEOUT_S = 10.0

DEFAULT_RETRIES = RetryPolicy()


class ModuleClient:
    """Calls one version of one module, over HTTP or inside this process.

    Give one of `base_url`, `app` and `transport`. The client is a context manager, for
    `async with` and for `with`; outside one, close it with `aclose()` or `close()`.

    Args:
        base_url: the server, without the module's prefix: `https://example.com`.
        app: an ASGI app that has the module mounted at its prefix.
        transport: carries the calls in place of the two; it stays the caller's to close.
        state: lifespan state of `app`.
        token: sent as `Authorization: Bearer …` with every call.
        credentials: sent to the operations whose security asks for them, and to no
            others; see `modular_api.clients.credentials`.
        headers: sent with every call.
        timeout_s: limit of one call with all its attempts, and of a stream until it
            begins; None waits for ever.
        retries: how calls that may be repeated are repeated; None repeats none.

    Attributes:
        module_name: the module, `broker`.
        api_version: its version, `v1`. (`version` is an operation of every module.)
        prefix: path of the module's version, `/api/v1/broker`.
        security_schemes: what its specification names, for `credentials`.

    Raises: ConfigurationError: not exactly one target, or a credential without a use.
    """

    module_name: ClassVar[str]
    api_version: ClassVar[str]
    prefix: ClassVar[str]
    security_schemes: ClassVar[Mapping[str, SecurityScheme]] = MappingProxyType({})

    def __init__(
        self,
        *,
        base_url: str | None = None,
        app: AsgiApp | None = None,
        transport: Transport | None = None,
        state: Mapping[str, Any] | None = None,
        token: str | None = None,
        credentials: Credentials | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        retries: RetryPolicy | None = DEFAULT_RETRIES,
    ) -> None:
        self._owns_transport = transport is None
        self._transport = transport_to(
            type(self).__name__,
            base_url=base_url,
            app=app,
            transport=transport,
            state=state,
        )
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        self._keyring = Keyring(type(self).__name__, self.security_schemes, credentials)
        self._timeout_s = timeout_s
        self._retries = retries

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

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _call(self, request: Request, parse: Callable[[Response], T]) -> T:
        exchange = self._exchange(request)
        response = await exchange.run(self._transport.send)
        return read_answer(
            exchange.call, response, parse, attempts=exchange.attempts.count
        )

    def _call_sync(self, request: Request, parse: Callable[[Response], T]) -> T:
        exchange = self._exchange(request)
        response = exchange.run_sync(self._transport.send_sync)
        return read_answer(
            exchange.call, response, parse, attempts=exchange.attempts.count
        )

    def _stream(
        self,
        request: Request,
        parse: Callable[[Response], object],
        parse_item: Callable[[Any], T],
        framing: Framing,
    ) -> ItemStream[T]:
        """Return the items of an answer. `parse` reads answers with error statuses.

        `parse_item` is given parsed JSON, or a ServerSentEvent where the framing is
        `events`. The call is made when the first item is asked for.
        """
        opened = self._open(request)
        return open_stream(opened, self._name(request), framing, parse, parse_item)

    def _stream_sync(
        self,
        request: Request,
        parse: Callable[[Response], object],
        parse_item: Callable[[Any], T],
        framing: Framing,
    ) -> SyncItemStream[T]:
        opened = self._open_sync(request)
        return open_sync_stream(opened, self._name(request), framing, parse, parse_item)

    @asynccontextmanager
    async def _open(self, request: Request) -> AsyncIterator[AsyncStreamedResponse]:
        async with AsyncExitStack() as attempt:

            async def send(
                encoded: EncodedRequest, timeout_s: float | None
            ) -> AsyncStreamedResponse:
                await attempt.aclose()  # the attempt before, whose answer is not used
                stream = self._transport.stream(encoded, timeout_s)
                return await attempt.enter_async_context(stream)

            exchange = self._exchange(request)
            answer = await exchange.run(send)
            with _attempts_told(exchange):
                yield answer

    @contextmanager
    def _open_sync(self, request: Request) -> Iterator[SyncStreamedResponse]:
        with ExitStack() as attempt:

            def send(
                encoded: EncodedRequest, timeout_s: float | None
            ) -> SyncStreamedResponse:
                attempt.close()  # the attempt before, whose answer is not used
                stream = self._transport.stream_sync(encoded, timeout_s)
                return attempt.enter_context(stream)

            exchange = self._exchange(request)
            answer = exchange.run_sync(send)
            with _attempts_told(exchange):
                yield answer

    def _exchange(self, request: Request) -> Exchange:
        return Exchange(
            self._name(request),
            request,
            keyring=self._keyring,
            encode=self._encode,
            policy=self._retries,
            timeout_s=self._timeout_s,
        )

    def _name(self, request: Request) -> str:
        return f"{request.method.upper()} {self.prefix}{request.url}"

    async def _call_with_headers(
        self,
        request: Request,
        parse: Callable[[Response], T],
        parse_headers: Callable[[Response], H],
    ) -> Answer[T, H]:
        both = _with_headers(parse, parse_headers)
        return await self._call(request, both)

    def _call_with_headers_sync(
        self,
        request: Request,
        parse: Callable[[Response], T],
        parse_headers: Callable[[Response], H],
    ) -> Answer[T, H]:
        return self._call_sync(request, _with_headers(parse, parse_headers))

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

    def _call_with_headers(
        self,
        request: Request,
        parse: Callable[[Response], T],
        parse_headers: Callable[[Response], H],
    ) -> Answer[T, H]:
        return self._client._call_with_headers_sync(request, parse, parse_headers)

    def _stream(
        self,
        request: Request,
        parse: Callable[[Response], object],
        parse_item: Callable[[Any], T],
        framing: Framing,
    ) -> SyncItemStream[T]:
        return self._client._stream_sync(request, parse, parse_item, framing)


@contextmanager
def _attempts_told(exchange: Exchange) -> Iterator[None]:
    """Put the number of attempts on an error that reading the answer raises."""
    try:
        yield
    except CallError as error:
        error.attempts = exchange.attempts.count
        raise


def _with_headers(
    parse: Callable[[Response], T], parse_headers: Callable[[Response], H]
) -> Callable[[Response], Answer[T, H]]:
    def parse_both(response: Response) -> Answer[T, H]:
        return Answer(parse(response), parse_headers(response))

    return parse_both
