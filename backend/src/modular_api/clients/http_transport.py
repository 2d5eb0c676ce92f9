"""Calls over HTTP, with httpx."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any

from modular_api.clients.errors import ClientTimeout, PeerUnavailable
from modular_api.clients.wire import (
    AsyncStreamedResponse,
    EncodedRequest,
    Headers,
    Response,
    StreamedResponse,
    SyncStreamedResponse,
)
from modular_api.errors import ConfigurationError

if TYPE_CHECKING:
    from http.cookiejar import CookieJar
    from ssl import SSLContext

    import httpx

    from modular_api.clients.channels.channel import Channel


class HttpTransport:
    """Keeps connections to one server; one event loop for its asynchronous calls.

    httpx is imported with the first call: importing a client stays cheap, and an
    in-process client never needs it.

    Args:
        base_url: scheme, host, and a path if the server stands below one.
        headers: sent in place of a call's own of the same names.
        verify: whose certificates are trusted; False trusts everybody's.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        verify: SSLContext | bool = True,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"base_url is {base_url!r}; it must begin with http:// or https://"
            )
        self.base_url = base_url.rstrip("/")
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._verify = verify
        self._async_client: httpx.AsyncClient | None = None
        self._client: httpx.Client | None = None

    async def send(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        """Send within `timeout_s`, from connecting to the last byte."""
        client = self._opened_async()
        with self._errors(request, timeout_s):
            async with asyncio.timeout(timeout_s):
                answer = await client.send(self._built(client, request))
        return Response(answer.status_code, _headers(answer), answer.content)

    def send_sync(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        """Send; `timeout_s` limits connecting and each wait for bytes by itself."""
        client = self._opened()
        with self._errors(request, timeout_s):
            answer = client.send(self._built(client, request, timeout_s))
        return Response(answer.status_code, _headers(answer), answer.content)

    @asynccontextmanager
    async def stream(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> AsyncIterator[AsyncStreamedResponse]:
        """Send, and read the answer as it comes; `timeout_s` limits its head."""
        client = self._opened_async()
        with self._errors(request, timeout_s):
            async with asyncio.timeout(timeout_s):
                answer = await client.send(self._built(client, request), stream=True)
        try:
            chunks = self._chunks(request, answer)
            async with aclosing(chunks):
                yield StreamedResponse(answer.status_code, _headers(answer), chunks)
        finally:
            await answer.aclose()

    @contextmanager
    def stream_sync(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> Iterator[SyncStreamedResponse]:
        """Do the same for plain code; `timeout_s` limits each wait until the head."""
        client = self._opened()
        built = self._built(client, request, timeout_s)
        # httpx reads the limits of a wait when it begins to wait.
        limits = built.extensions["timeout"]
        with self._errors(request, timeout_s):
            answer = client.send(built, stream=True)
        limits.update(dict.fromkeys(limits, None))
        try:
            chunks = self._chunks_sync(request, answer)
            with closing(chunks):
                yield StreamedResponse(answer.status_code, _headers(answer), chunks)
        finally:
            answer.close()

    async def connect(
        self, path: str, headers: Mapping[str, str], timeout_s: float | None
    ) -> Channel:
        """Connect to a socket of the server."""
        from modular_api.clients.channels import network

        return await network.connect(
            self.base_url, path, {**headers, **self._headers}, timeout_s
        )

    async def aclose(self) -> None:
        """Close every connection."""
        client, self._async_client = self._async_client, None
        if client is not None:
            await client.aclose()
        self.close()

    def close(self) -> None:
        """Close the connections of synchronous calls."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _opened_async(self) -> httpx.AsyncClient:
        import httpx

        if self._async_client is None:
            self._async_client = httpx.AsyncClient(**self._options())
        return self._async_client

    def _opened(self) -> httpx.Client:
        import httpx

        if self._client is None:
            self._client = httpx.Client(**self._options())
        return self._client

    def _options(self) -> dict[str, Any]:
        import httpx

        # httpx's own limit of 100 connections would let streams that are read for long
        # keep every other call waiting.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        return {
            "timeout": None,
            "cookies": _no_cookies(),
            "limits": limits,
            "verify": self._verify,
        }

    def _built(
        self,
        client: httpx.AsyncClient | httpx.Client,
        request: EncodedRequest,
        timeout_s: float | None = None,
    ) -> httpx.Request:
        return client.build_request(
            request.method,
            self.base_url + request.target,
            headers=self._with_own(request.headers),
            content=request.body,
            timeout=timeout_s,
        )

    def _with_own(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        # No mapping: a field may be repeated.
        others = (field for field in headers if field[0] not in self._headers)
        # Bytes: texts would be encoded as ASCII.
        return [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in (*others, *self._headers.items())
        ]

    async def _chunks(
        self, request: EncodedRequest, answer: httpx.Response
    ) -> AsyncGenerator[bytes, None]:
        with self._errors(request, None):
            async for chunk in answer.aiter_bytes():
                yield chunk

    def _chunks_sync(
        self, request: EncodedRequest, answer: httpx.Response
    ) -> Generator[bytes, None, None]:
        with self._errors(request, None):
            yield from answer.iter_bytes()

    @contextmanager
    def _errors(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> Iterator[None]:
        import httpx

        try:
            yield
        except (TimeoutError, httpx.TimeoutException) as error:
            raise ClientTimeout(str(request), timeout_s) from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            # Not only transport errors: decoding a body can fail, too.
            reason = str(error) or type(error).__name__
            reached = not isinstance(error, (httpx.ConnectError, httpx.InvalidURL))
            raise PeerUnavailable(
                str(request), self.base_url, reason, may_have_acted=reached
            ) from error


def _no_cookies() -> CookieJar:
    """Return a jar that keeps nothing: a call must not depend on those before it."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}
