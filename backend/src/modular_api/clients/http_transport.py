"""Calls over HTTP, with httpx."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modular_api.clients.errors import ClientTimeout, PeerUnavailable
from modular_api.clients.wire import EncodedRequest, Response
from modular_api.errors import ConfigurationError

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    import httpx


class HttpTransport:
    """Keeps connections to one server; one event loop for its asynchronous calls.

    httpx is imported with the first call: importing a client stays cheap, and an
    in-process client never needs it.

    Args:
        base_url: scheme, host, and a path if the server stands below one.
        headers: sent in place of a call's own of the same names.
    """

    def __init__(
        self, base_url: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"base_url is {base_url!r}; it must begin with http:// or https://"
            )
        self.base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._async_client: httpx.AsyncClient | None = None
        self._client: httpx.Client | None = None

    async def send(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        """Send within `timeout_s`, from connecting to the last byte."""
        import httpx

        if self._async_client is None:
            self._async_client = httpx.AsyncClient(timeout=None, cookies=_no_cookies())
        with self._errors(request, timeout_s):
            async with asyncio.timeout(timeout_s):
                answer = await self._async_client.request(
                    request.method,
                    self.base_url + request.target,
                    headers={**dict(request.headers), **self._headers},
                    content=request.body,
                )
        return _response(answer)

    def send_sync(self, request: EncodedRequest, timeout_s: float | None) -> Response:
        """Send; `timeout_s` limits connecting and each wait for bytes by itself."""
        import httpx

        if self._client is None:
            self._client = httpx.Client(timeout=None, cookies=_no_cookies())
        with self._errors(request, timeout_s):
            answer = self._client.request(
                request.method,
                self.base_url + request.target,
                headers={**dict(request.headers), **self._headers},
                content=request.body,
                timeout=timeout_s,
            )
        return _response(answer)

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

    @contextmanager
    def _errors(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> Iterator[None]:
        import httpx

        try:
            yield
        except (TimeoutError, httpx.TimeoutException) as error:
            raise ClientTimeout(str(request), timeout_s) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise PeerUnavailable(str(request), self.base_url, reason) from error


def _no_cookies() -> CookieJar:
    """Return a jar that keeps nothing: a call must not depend on those before it."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _response(answer: httpx.Response) -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, answer.content)
