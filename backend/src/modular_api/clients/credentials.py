"""What a caller proves who it is with, and which operations get to see it.

    BrokerClient(base_url=…, credentials=Bearer("…"))
    BrokerClient(base_url=…, credentials={"user": Basic("ada", "…"), "key": ApiKey("…")})

A generated client knows the security schemes of its specification, and each call which
of them its operation takes. A credential goes to those operations and to no others.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import threading
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, TypeVar

from modular_api.clients.errors import InvalidArgument, TokenNotFetched
from modular_api.clients.loop_thread import LoopThread
from modular_api.clients.wire import Request
from modular_api.errors import ConfigurationError

T = TypeVar("T")

_RENEW_BEFORE_S = 30.0
"""How long before its end a token is renewed, or a tenth of a shorter life."""


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A way to prove who calls, as a specification describes it.

    Attributes:
        type: its type in OpenAPI.
        scheme: for `http`: `bearer`, `basic`, …, in lower case.
        location: for `apiKey`: where the key stands.
        name: for `apiKey`: the header, query parameter or cookie.
    """

    type: Literal["http", "apiKey", "oauth2", "openIdConnect", "mutualTLS"]
    scheme: str = ""
    location: Literal["", "header", "query", "cookie"] = ""
    name: str = ""

    def __str__(self) -> str:
        details = [self.scheme, self.location and f"in {self.location} '{self.name}'"]
        return " ".join(filter(None, [self.type, *details]))


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that does not change: `Authorization: Bearer …`."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Basic:
    """A name and a password: `Authorization: Basic …`, in UTF-8 (RFC 7617)."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, in the header, query parameter or cookie its scheme names."""

    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, and how long it lives; None where nobody knows."""

    token: str = field(repr=False)
    expires_in_s: float | None = None


FetchToken: TypeAlias = Callable[[], AccessToken | str | Awaitable[AccessToken | str]]
"""Gets a new access token, by refreshing the old one or by logging in again."""


@dataclass(frozen=True, slots=True)
class OAuth2:
    """An access token, fetched when it is needed and kept until it expires.

    `fetch` runs once for all calls that wait for a token: at the first of them, shortly
    before the token expires, and when the server answered 401 to it. The call that was
    refused is repeated once. One object given to several clients is one login.

    Args:
        access_token: a token that is known already.
        fetch: gets one, as a function or a coroutine function; without it the token
            never changes.
    """

    access_token: str | None = field(default=None, repr=False)
    fetch: FetchToken | None = None
    _kept: _KeptToken = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.access_token is None and self.fetch is None:
            raise ConfigurationError(
                "OAuth2(...) needs an access_token, or a fetch that gets one."
            )
        object.__setattr__(self, "_kept", _KeptToken(self.access_token, self.fetch))


Credential: TypeAlias = Bearer | Basic | ApiKey | OAuth2

Credentials: TypeAlias = Credential | Mapping[str, Credential]
"""One credential for every scheme it fits, or one for each scheme by name."""


class Keyring:
    """The credentials of one client, by the schemes of its specification.

    Raises: ConfigurationError: a credential has no scheme it fits.
    """

    def __init__(
        self,
        client: str,
        schemes: Mapping[str, SecurityScheme],
        credentials: Credentials | None,
    ) -> None:
        self._schemes = schemes
        self._credentials = _by_scheme(client, schemes, credentials)

    async def sign(self, request: Request) -> Signed:
        """Return the call with what its operation asks for.

        Without credentials for one of its alternatives the call stays as it is.
        Raises: TokenNotFetched.
        """
        if not request.security:
            return Signed(request)
        return _signed(
            request,
            [
                (scheme, credential, await _token(credential))
                for scheme, credential in self._chosen(request)
            ],
        )

    def sign_sync(self, request: Request) -> Signed:
        """Do the same for plain code; a coroutine is run to fetch a token."""
        return _signed(
            request,
            [
                (scheme, credential, _token_sync(credential))
                for scheme, credential in self._chosen(request)
            ],
        )

    def _chosen(self, request: Request) -> Iterator[tuple[SecurityScheme, Credential]]:
        """Yield what is asked for by each alternative whose credentials are all there.

        FastAPI documents several dependencies as alternatives and demands them all, so
        the first one alone is not enough. In one place stands the first that may.
        """
        taken: set[tuple[str, str]] = set()
        for names in request.security:
            if all(name in self._credentials for name in names):
                for name in names:
                    scheme = self._schemes[name]
                    place = (scheme.location, scheme.name)  # empty: authorization
                    if place not in taken:
                        taken.add(place)
                        yield scheme, self._credentials[name]


@dataclass(frozen=True, slots=True)
class Signed:
    """A call with its credentials, and the tokens that a 401 says are worthless."""

    request: Request
    tokens: tuple[tuple[OAuth2, str], ...] = ()

    def forget_tokens(self) -> bool:
        """Forget the tokens the server refused; tell whether others can be fetched."""
        fetched = [pair for pair in self.tokens if pair[0].fetch is not None]
        for credential, token in fetched:
            credential._kept.forget(token)
        return bool(fetched)


def _signed(
    request: Request, used: list[tuple[SecurityScheme, Credential, str]]
) -> Signed:
    if not used:
        return Signed(request)
    headers: dict[str, Any] = {}
    params: dict[str, Any] = {}
    cookies: dict[str, Any] = {}
    for scheme, credential, token in used:
        if isinstance(credential, ApiKey):
            places = {"header": headers, "query": params, "cookie": cookies}
            places[scheme.location][scheme.name] = token
        elif isinstance(credential, Basic):
            headers["authorization"] = f"Basic {token}"
        else:
            headers["authorization"] = f"Bearer {token}"
    signed = replace(
        request,
        # Parameters of the call itself have the last word.
        headers={**headers, **request.headers},
        params={**params, **request.params},
        cookies={**cookies, **request.cookies},
    )
    tokens = tuple((c, token) for _, c, token in used if isinstance(c, OAuth2))
    return Signed(signed, tokens)


def _by_scheme(
    client: str,
    schemes: Mapping[str, SecurityScheme],
    credentials: Credentials | None,
) -> dict[str, Credential]:
    if credentials is None:
        return {}
    if isinstance(credentials, Mapping):
        faults = [
            _misfit(name, schemes, credential)
            for name, credential in credentials.items()
            if name not in schemes or not _fits(credential, schemes[name])
        ]
        if faults:
            raise ConfigurationError(f"{client}(credentials=…): {'; '.join(faults)}")
        return dict(credentials)
    fitting = [name for name, scheme in schemes.items() if _fits(credentials, scheme)]
    kind = type(credentials).__name__
    if not fitting:
        known = _listed(schemes)
        raise ConfigurationError(
            f"{client}(credentials=…): {kind} fits no security scheme; there are: {known}"
        )
    if isinstance(credentials, ApiKey) and len(fitting) > 1:
        # Another server's key, or another purpose's, would be told to all of them.
        raise ConfigurationError(
            f"{client}(credentials=…): ApiKey fits several security schemes; name one "
            f"of {', '.join(map(repr, fitting))}: {{{fitting[0]!r}: ApiKey(…)}}"
        )
    return dict.fromkeys(fitting, credentials)


def _misfit(
    name: str, schemes: Mapping[str, SecurityScheme], credential: Credential
) -> str:
    if name not in schemes:
        return f"there is no security scheme {name!r}; there are: {_listed(schemes)}"
    kind = type(credential).__name__
    return f"{kind} does not fit security scheme {name!r}, which is {schemes[name]}"


def _listed(schemes: Mapping[str, SecurityScheme]) -> str:
    return (
        ", ".join(f"{name!r} ({scheme})" for name, scheme in schemes.items()) or "none"
    )


def _fits(credential: Credential, scheme: SecurityScheme) -> bool:
    match credential:
        case ApiKey():
            return scheme.type == "apiKey"
        case Basic():
            return (scheme.type, scheme.scheme) == ("http", "basic")
        case Bearer() | OAuth2():
            bears = (scheme.type, scheme.scheme) == ("http", "bearer")
            return bears or scheme.type in ("oauth2", "openIdConnect")


async def _token(credential: Credential) -> str:
    if isinstance(credential, OAuth2):
        return await credential._kept.get()
    return _fixed_token(credential)


def _token_sync(credential: Credential) -> str:
    if isinstance(credential, OAuth2):
        return credential._kept.get_sync()
    return _fixed_token(credential)


def _fixed_token(credential: Bearer | Basic | ApiKey) -> str:
    match credential:
        case Bearer(token):
            return token
        case ApiKey(key):
            return key
        case Basic(username, password):
            if ":" in username:
                raise InvalidArgument(
                    "username", username, "has a colon, which ends it (RFC 7617)"
                )
            return b64encode(f"{username}:{password}".encode()).decode("ascii")


class _KeptToken:
    """The token of one login. Calls of all threads and loops share one fetch."""

    def __init__(self, token: str | None, fetch: FetchToken | None) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token = token
        self._renew_at = math.inf
        # Its result is what went wrong, or None.
        self._fetching: Future[TokenNotFetched | None] | None = None

    def forget(self, token: str) -> None:
        """Fetch another one next time, unless it is another one already."""
        with self._lock:
            if self._token == token:
                self._token = None

    async def get(self) -> str:
        """Return a token that has not expired. Raises: TokenNotFetched."""
        while (token := self._fresh()) is None:
            fetching, ours = self._begin()
            if ours:
                with self._ending(fetching):
                    fetched = self._ask()
                    if inspect.isawaitable(fetched):
                        fetched = await fetched
                    self._keep(fetched)
            else:
                # Not the future itself: who gives up waiting must not cancel it.
                await asyncio.wait([asyncio.wrap_future(fetching)])
                _raise(fetching.result())
        return token

    def get_sync(self) -> str:
        """Do the same for plain code."""
        while (token := self._fresh()) is None:
            fetching, ours = self._begin()
            if ours:
                with self._ending(fetching):
                    fetched = self._ask()
                    if inspect.isawaitable(fetched):
                        fetched = _run(fetched)
                    self._keep(fetched)
            else:
                _raise(fetching.result())
        return token

    def _fresh(self) -> str | None:
        with self._lock:
            if self._fetch is not None and time.monotonic() >= self._renew_at:
                self._token = None
            return self._token

    def _begin(self) -> tuple[Future[TokenNotFetched | None], bool]:
        """Return the fetch that runs, and whether it is this caller's to run."""
        with self._lock:
            if self._fetching is not None:
                return self._fetching, False
            self._fetching = Future()
            return self._fetching, True

    def _ask(self) -> AccessToken | str | Awaitable[AccessToken | str]:
        assert self._fetch is not None, "a token is only forgotten if another can come"
        return self._fetch()

    def _keep(self, fetched: AccessToken | str) -> None:
        if isinstance(fetched, str):
            fetched = AccessToken(fetched)
        life_s = fetched.expires_in_s
        with self._lock:
            self._token = fetched.token
            # A call that leaves now must arrive before the token expires.
            self._renew_at = (
                math.inf
                if life_s is None
                else time.monotonic() + life_s - min(life_s * 0.1, _RENEW_BEFORE_S)
            )

    @contextmanager
    def _ending(self, fetching: Future[TokenNotFetched | None]) -> Iterator[None]:
        """Tell those who wait how the fetch ended; a cancelled one they run again."""
        failure: TokenNotFetched | None = None
        try:
            yield
        except Exception as error:
            failure = TokenNotFetched(error)
            raise failure from error
        finally:
            with self._lock:
                self._fetching = None
            fetching.set_result(failure)


def _raise(failure: TokenNotFetched | None) -> None:
    if failure is not None:
        raise TokenNotFetched(failure.reason) from failure.reason


def _run(awaitable: Awaitable[T]) -> T:
    """Run a coroutine for plain code, whose thread may have a loop of its own."""

    async def run() -> T:
        return await awaitable

    thread = LoopThread()
    try:
        return thread.run(run())
    finally:
        thread.close()
