"""Credentials of every scheme that FastAPI declares."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import Depends
from fastapi.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    OAuth2PasswordBearer,
    OpenIdConnect,
)

from modular_api.clients.credentials import ApiKey, Basic, Bearer, OAuth2
from modular_api.clients.errors import ApiError
from tests.framework.codegen.constructs.catalogue import (
    Client,
    Generated,
    Theme,
    annotate,
    assert_same,
)

theme = Theme()

SCHEMES: dict[str, tuple[str, Any, Any, str]] = {
    "bearer": ("a bearer token", HTTPBearer, Bearer("secret"), "secret"),
    "basic": ("a name and a password", HTTPBasic, Basic("ada", "pa:ss"), "ada pa:ss"),
    "oauth": ("OAuth2", OAuth2PasswordBearer, OAuth2("secret"), "secret"),
    "openid": ("OpenID Connect", OpenIdConnect, Bearer("secret"), "Bearer secret"),
    "key_header": ("a key in a header", APIKeyHeader, ApiKey("secret"), "secret"),
    "key_query": ("a key in the query", APIKeyQuery, ApiKey("se&cret"), "se&cret"),
    "key_cookie": ("a key in a cookie", APIKeyCookie, ApiKey("secret"), "secret"),
}
"""By name: words, FastAPI's class, a credential, and what the server sees of it."""

_ARGUMENTS: dict[Any, dict[str, str]] = {
    APIKeyHeader: {"name": "X-Key"},
    APIKeyQuery: {"name": "key"},
    APIKeyCookie: {"name": "key"},
    OAuth2PasswordBearer: {"tokenUrl": "token"},
    OpenIdConnect: {"openIdConnectUrl": "https://example.com/openid"},
}

_DEMANDS = {
    name: class_(scheme_name=name, **_ARGUMENTS.get(class_, {}))
    for name, (_, class_, _, _) in SCHEMES.items()
}


def _seen(given: Any) -> str:
    if isinstance(given, HTTPAuthorizationCredentials):
        return given.credentials
    if isinstance(given, HTTPBasicCredentials):
        return f"{given.username} {given.password}"
    return str(given)


def _declare(name: str) -> None:
    words, _, credential, seen = SCHEMES[name]

    async def endpoint(given: Any) -> Any:
        return _seen(given)

    annotate(endpoint, given=Annotated[Any, Depends(_DEMANDS[name])], answer=str)

    async def check(client: Client, c: Generated) -> None:
        call = f"{name}_security"
        target = {"app": client.app_of_tests}
        signed = c.ConstructsClient(credentials={name: credential}, **target)
        assert_same(seen, await getattr(signed, call)())
        assert_same(seen, getattr(signed.sync, call)())
        with pytest.raises(ApiError, match=r"401|403"):
            await getattr(client, call)()

    theme.add(f"{name}_security", words, endpoint, check)


for _name in SCHEMES:
    _declare(_name)


async def _both(
    key: Annotated[str, Depends(_DEMANDS["key_header"])],
    bearer: Annotated[HTTPAuthorizationCredentials, Depends(_DEMANDS["bearer"])],
) -> list[str]:
    return [key, bearer.credentials]


async def _check_both(client: Client, c: Generated) -> None:
    credentials = {"key_header": ApiKey("k"), "bearer": Bearer("b")}
    signed = c.ConstructsClient(credentials=credentials, app=client.app_of_tests)
    assert_same(["k", "b"], await signed.two_schemes())
    assert_same("k", await signed.key_header_security())


theme.add("two_schemes", "two credentials at once", _both, _check_both)
