"""Credentials of a client, and which operations they are sent to.

    BrokerClient(base_url=…, credentials=Bearer("…"))
    BrokerClient(base_url=…, credentials={"user": Basic("ada", "…"), "key": ApiKey("…")})

A generated client knows the security schemes of its specification, and each call which
of them its operation takes. A credential goes to those operations and to no others.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from modular_api.clients.access_tokens import FetchToken, TokenKeeper
from modular_api.clients.errors import InvalidArgument
from modular_api.clients.wire import Request
from modular_api.errors import ConfigurationError


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
class OAuth2:
    """An access token, fetched when it is needed and kept until it expires.

    `fetch` runs once for all calls that wait for a token: at the first of them, shortly
    before the token expires, and when the server answered 401 to it. The call that was
    refused is repeated once. One object given to several clients is one login.

    Args:
        access_token: a token that is known already.
        fetch: gets one, as a function or a coroutine function; without it the token
            never changes.

    Attributes:
        keeper: holds the token that counts at the moment.
    """

    access_token: str | None = field(default=None, repr=False)
    fetch: FetchToken | None = None
    keeper: TokenKeeper = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.access_token is None and self.fetch is None:
            raise ConfigurationError(
                "OAuth2(...) needs an access_token, or a fetch that gets one."
            )
        object.__setattr__(self, "keeper", TokenKeeper(self.access_token, self.fetch))


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
        the first one alone is not enough. If two schemes use the same header, parameter
        or cookie, only the first is sent.
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
    """A call with its credentials, and the tokens to forget after a 401."""

    request: Request
    tokens: tuple[tuple[TokenKeeper, str], ...] = ()

    def forget_tokens(self) -> bool:
        """Forget the tokens the server refused; tell whether others can be fetched."""
        renewable = [pair for pair in self.tokens if pair[0].can_fetch]
        for keeper, token in renewable:
            keeper.forget(token)
        return bool(renewable)


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
        # Parameters of the call itself win.
        headers={**headers, **request.headers},
        params={**params, **request.params},
        cookies={**cookies, **request.cookies},
    )
    tokens = tuple((c.keeper, token) for _, c, token in used if isinstance(c, OAuth2))
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
        # Schemes may belong to different servers or purposes: one key must not be sent
        # for all of them.
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
        return await credential.keeper.get()
    return _fixed_token(credential)


def _token_sync(credential: Credential) -> str:
    if isinstance(credential, OAuth2):
        return credential.keeper.get_sync()
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
