"""Which credentials a call carries, and when a token is fetched."""

from __future__ import annotations

import asyncio
import json
import threading
from base64 import b64decode
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from modular_api.clients import errors
from modular_api.clients.access_tokens import AccessToken
from modular_api.clients.client import ModuleClient
from modular_api.clients.context import outgoing_headers
from modular_api.clients.credentials import (
    ApiKey,
    Basic,
    Bearer,
    Credentials,
    OAuth2,
    SecurityScheme,
)
from modular_api.clients.retries import RetryPolicy
from modular_api.clients.wire import Request, Response
from modular_api.errors import ConfigurationError

SCHEMES = {
    "bearer": SecurityScheme("http", "bearer"),
    "basic": SecurityScheme("http", "basic"),
    "header_key": SecurityScheme("apiKey", location="header", name="X-Key"),
    "query_key": SecurityScheme("apiKey", location="query", name="key"),
    "cookie_key": SecurityScheme("apiKey", location="cookie", name="session"),
    "oauth": SecurityScheme("oauth2"),
    "oidc": SecurityScheme("openIdConnect"),
}


class GuardedClient(ModuleClient):
    """What a generated client is, in short."""

    module_name = "guarded"
    api_version = "v1"
    prefix = "/api/v1/guarded"
    security_schemes = SCHEMES

    async def call(self, *security: tuple[str, ...], **parts: Any) -> Any:
        method = parts.pop("method", "get")
        request = Request(method, "/x", security=security, **parts)
        return await self._call(request, read)

    def call_sync(self, *security: tuple[str, ...]) -> Any:
        return self._call_sync(Request("get", "/x", security=security), read)


def read(response: Response) -> Any:
    """Return what the app was sent, or raise the error of a 401."""
    if response.status_code == 401:
        from modular_api.clients.answers import DocumentedError

        raise DocumentedError
    return response.json()


class Guard:
    """Tells where credentials stand in a request; answers 401 to refused tokens."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        told = {
            name: headers[name]
            for name in ("authorization", "x-key", "cookie")
            if name in headers
        }
        told |= {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        status = 401 if told.get("authorization") in self.refused else 200
        start = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": start})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})


@pytest.fixture
def guard() -> Guard:
    """The app that is called."""
    return Guard()


@pytest.fixture
def client(guard: Guard) -> Callable[..., GuardedClient]:
    """Makes a client of the app."""

    def make(credentials: Credentials | None = None, **more: Any) -> GuardedClient:
        return GuardedClient(app=guard, credentials=credentials, **more)

    return make


@pytest.mark.parametrize(
    ("scheme", "credential", "told"),
    [
        ("bearer", Bearer("t"), {"authorization": "Bearer t"}),
        ("basic", Basic("ä", "p:w"), {"authorization": "Basic w6Q6cDp3"}),
        ("header_key", ApiKey("k"), {"x-key": "k"}),
        ("query_key", ApiKey("k&"), {"key": "k&"}),
        ("cookie_key", ApiKey("k"), {"cookie": "session=k"}),
        ("oauth", Bearer("t"), {"authorization": "Bearer t"}),
        ("oauth", OAuth2("t"), {"authorization": "Bearer t"}),
        ("oidc", OAuth2(fetch=lambda: "t"), {"authorization": "Bearer t"}),
        ("bearer", OAuth2(fetch=lambda: "t"), {"authorization": "Bearer t"}),
    ],
)
async def test_each_kind_goes_where_its_scheme_says(
    client: Callable[..., GuardedClient], scheme: str, credential: Any, told: Any
) -> None:
    """Asynchronously and not; an operation that asks for none is told none."""
    guarded = client({scheme: credential})
    assert await guarded.call((scheme,)) == told
    assert await asyncio.to_thread(guarded.call_sync, (scheme,)) == told
    assert await guarded.call() == {}
    other = "basic" if scheme != "basic" else "bearer"
    assert await guarded.call((other,)) == {}


def test_a_basic_credential_is_utf_8() -> None:
    """As RFC 7617 has it."""
    assert b64decode("w6Q6cDp3").decode() == "ä:p:w"


async def test_every_alternative_that_is_complete_is_sent(
    client: Callable[..., GuardedClient],
) -> None:
    """FastAPI may demand them all; schemes in one go together, or not at all."""
    guarded = client({"header_key": ApiKey("h"), "query_key": ApiKey("q")})
    both = ("header_key", "query_key")
    assert await guarded.call(("bearer", "header_key"), both) == {
        "x-key": "h",
        "key": "q",
    }
    assert await guarded.call(("query_key",), both) == {"x-key": "h", "key": "q"}
    assert await guarded.call(("query_key",), ("bearer", "header_key")) == {"key": "q"}
    assert await guarded.call(("bearer",), ("basic",)) == {}


async def test_one_credential_serves_every_scheme_it_fits(
    client: Callable[..., GuardedClient],
) -> None:
    """A bearer token is one for HTTP, OAuth2 and OpenID Connect."""
    guarded = client(Bearer("t"))
    for scheme in ("bearer", "oauth", "oidc"):
        assert await guarded.call((scheme,)) == {"authorization": "Bearer t"}
    assert await guarded.call(("basic",)) == {}


async def test_the_narrower_of_two_is_sent(
    client: Callable[..., GuardedClient],
) -> None:
    """Context, then the client's own token, then credentials, then the call itself."""
    outgoing = outgoing_headers.set({"authorization": "context"})
    plain, guarded = client(), client(Bearer("credential"), token="own")
    assert (await plain.call(("bearer",)))["authorization"] == "context"
    assert (await guarded.call())["authorization"] == "Bearer own"
    assert (await guarded.call(("bearer",)))["authorization"] == "Bearer credential"
    by_hand = await guarded.call(("bearer",), headers={"Authorization": "call"})
    assert by_hand["authorization"] == "call"
    outgoing_headers.reset(outgoing)


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        ({"nope": Bearer("t")}, "no security scheme 'nope'; there are: 'bearer'"),
        ({"basic": Bearer("t")}, "Bearer does not fit security scheme 'basic'"),
        ({"nope": ApiKey("t"), "basic": ApiKey("t")}, "'nope'.*'basic'"),
        (ApiKey("t"), "several security schemes; name one of 'header_key'"),
    ],
)
def test_a_credential_without_a_use_is_refused(
    client: Callable[..., GuardedClient], credentials: Any, message: str
) -> None:
    """When the client is made, with all that is wrong, and no secret in the message."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        client(credentials)
    assert "'t'" not in str(caught.value)


def test_a_client_without_schemes_takes_no_credentials(guard: Guard) -> None:
    """The error says that there are none."""

    class OpenClient(GuardedClient):
        security_schemes = {}

    with pytest.raises(ConfigurationError, match="Bearer fits no .* there are: none"):
        OpenClient(app=guard, credentials=Bearer("t"))


def test_secrets_are_not_shown() -> None:
    """Neither in a traceback nor in a log."""
    for credential in (
        Bearer("secret"),
        Basic("ada", "secret"),
        ApiKey("secret"),
        OAuth2("secret"),
        AccessToken("secret"),
    ):
        assert "secret" not in repr(credential)


class Login:
    """Counts the tokens it gives."""

    def __init__(self, **more: Any) -> None:
        self.count = 0
        self._more = more

    async def fetch(self) -> AccessToken:
        self.count += 1
        count = self.count
        await asyncio.sleep(0.01)
        return AccessToken(f"t{count}", **self._more)


async def test_a_token_is_fetched_once_for_all_who_wait(
    client: Callable[..., GuardedClient],
) -> None:
    """In one loop, in several threads, and by clients that share the credential."""
    login = Login()
    credential = OAuth2(fetch=login.fetch)
    first, second = client(credential), client(credential)
    told = await asyncio.gather(
        *(first.call(("oauth",)) for _ in range(5)),
        *(second.call(("bearer",)) for _ in range(5)),
        *(asyncio.to_thread(second.call_sync, ("oauth",)) for _ in range(3)),
    )
    assert told == [{"authorization": "Bearer t1"}] * 13
    assert login.count == 1


async def test_an_expired_token_is_renewed(
    client: Callable[..., GuardedClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shortly before its end: by 30 s, or by a tenth of a short life."""
    now = 1000.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr("modular_api.clients.access_tokens.time", clock)
    for life_s, early_s in ((3600.0, 30.0), (10.0, 1.0)):
        login = Login(expires_in_s=life_s)
        guarded = client(OAuth2(fetch=login.fetch), timeout_s=None)
        begin = now
        await guarded.call(("oauth",))
        now = begin + life_s - early_s - 0.1
        await guarded.call(("oauth",))
        assert login.count == 1
        now = begin + life_s - early_s
        await guarded.call(("oauth",))
        assert login.count == 2


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_refused_token_is_fetched_again_once(
    client: Callable[..., GuardedClient], guard: Guard, method: str
) -> None:
    """And the call repeated: a 401 says that nothing was done."""
    login = Login()
    guarded = client(OAuth2("old", login.fetch))
    guard.refused = {"Bearer old"}
    told = await guarded.call(("oauth",), method=method)
    assert told == {"authorization": "Bearer t1"}
    guard.refused |= {"Bearer t1", "Bearer t2"}
    guard.calls = 0
    with pytest.raises(errors.Unauthorized) as caught:
        await guarded.call(("oauth",), method=method)
    assert (guard.calls, login.count, caught.value.attempts) == (2, 2, 2)


class Lossy(Guard):
    """Acts and loses its first answer; then the token it was called with is over."""

    def __init__(self, loss: int | None) -> None:
        super().__init__()
        self.loss = loss

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.calls:
            await super().__call__(scope, receive, send)
            return
        self.calls = 1
        self.refused = {"Bearer t1"}
        if self.loss is not None:
            start = {"type": "http.response.start", "status": self.loss, "headers": []}
            await send(start)
            await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("loss", [None, 502, 504])
@pytest.mark.parametrize("sync", [False, True])
async def test_no_new_token_repeats_what_may_have_been_done(
    loss: int | None, sync: bool
) -> None:
    """To the server it is another caller's key: the call would act twice."""
    guard, login = Lossy(loss), Login()
    guarded = GuardedClient(
        app=guard,
        credentials=OAuth2(fetch=login.fetch),
        retries=RetryPolicy(first_s=0.001),
    )
    request = Request("post", "/x", security=(("oauth",),), takes_idempotency_key=True)

    async def call() -> Any:
        if sync:
            return await asyncio.to_thread(guarded._call_sync, request, read)
        return await guarded._call(request, read)

    with pytest.raises(errors.PeerUnavailable, match=r"\(2 attempts\)$") as caught:
        await call()
    assert (guard.calls, caught.value.attempts) == (2, 2)
    # The refused token is forgotten all the same.
    assert await call() == {"authorization": "Bearer t2"}


@pytest.mark.parametrize(("method", "loss"), [("get", None), ("post", 503)])
async def test_a_new_token_repeats_what_cannot_act_twice(
    method: str, loss: int | None
) -> None:
    """An idempotent method, and a server that says itself that it did nothing."""
    guard, login = Lossy(loss), Login()
    guarded = GuardedClient(
        app=guard,
        credentials=OAuth2(fetch=login.fetch),
        retries=RetryPolicy(first_s=0.001),
    )
    told = await guarded.call(
        ("oauth",), method=method, takes_idempotency_key=method == "post"
    )
    assert (told, guard.calls) == ({"authorization": "Bearer t2"}, 3)


async def test_a_fixed_token_that_is_refused_is_the_end(
    client: Callable[..., GuardedClient], guard: Guard
) -> None:
    """There is no other."""
    guard.refused = {"Bearer t"}
    for credential in (Bearer("t"), OAuth2("t")):
        guard.calls = 0
        with pytest.raises(errors.Unauthorized):
            await client(credential).call(("oauth",))
        assert guard.calls == 1


async def test_a_login_that_fails_is_told_to_all_who_wait(
    client: Callable[..., GuardedClient], guard: Guard
) -> None:
    """With its reason; nothing is sent, and the next call tries again."""
    count = 0

    async def fetch() -> str:
        nonlocal count
        count += 1
        await asyncio.sleep(0.01)
        if count == 1:
            raise ConnectionError("the login is away")
        return "t"

    guarded = client(OAuth2(fetch=fetch))
    failed = await asyncio.gather(
        *(guarded.call(("oauth",)) for _ in range(3)), return_exceptions=True
    )
    for error in failed:
        assert isinstance(error, errors.TokenNotFetched)
        assert "ConnectionError: the login is away" in str(error)
    assert (count, guard.calls) == (1, 0)
    assert await guarded.call(("oauth",)) == {"authorization": "Bearer t"}


async def test_who_gives_up_fetching_leaves_it_to_the_others(
    client: Callable[..., GuardedClient],
) -> None:
    """A cancelled call takes nobody with it, and a waiter may be cancelled alone."""
    gate = asyncio.Event()
    count = 0

    async def fetch() -> str:
        nonlocal count
        count += 1
        await gate.wait()
        return "t"

    guarded = client(OAuth2(fetch=fetch))
    first, second, third = (
        asyncio.ensure_future(guarded.call(("oauth",))) for _ in range(3)
    )
    await asyncio.sleep(0.01)
    third.cancel()
    first.cancel()
    await asyncio.sleep(0.01)
    gate.set()
    assert await second == {"authorization": "Bearer t"}
    assert (first.cancelled(), third.cancelled(), count) == (True, True, 2)


async def test_fetching_counts_into_the_time_of_the_call(
    client: Callable[..., GuardedClient], guard: Guard
) -> None:
    """A login that hangs is a call that timed out."""

    async def fetch() -> str:
        await asyncio.sleep(60)
        return "t"

    with pytest.raises(errors.ClientTimeout):
        await client(OAuth2(fetch=fetch), timeout_s=0.02).call(("oauth",))
    assert guard.calls == 0


def test_plain_code_fetches_with_plain_functions(
    client: Callable[..., GuardedClient],
) -> None:
    """In the thread that calls."""
    threads: list[int] = []

    def fetch() -> str:
        threads.append(threading.get_ident())
        return "t"

    guarded = client(OAuth2(fetch=fetch))
    assert guarded.call_sync(("oauth",)) == {"authorization": "Bearer t"}
    assert threads == [threading.get_ident()]
    guarded.close()


def test_plain_code_fetches_with_coroutines_too(
    client: Callable[..., GuardedClient],
) -> None:
    """In a loop of their own, which ends with them."""
    login = Login()
    guarded = client(OAuth2(fetch=login.fetch))
    assert guarded.call_sync(("oauth",)) == {"authorization": "Bearer t1"}
    guarded.close()


def test_oauth2_needs_a_token_or_a_way_to_get_one() -> None:
    """It cannot do anything else."""
    with pytest.raises(ConfigurationError, match="access_token, or a fetch"):
        OAuth2()


async def test_a_colon_in_a_user_name_is_refused(
    client: Callable[..., GuardedClient],
) -> None:
    """The server would take what follows it for the password."""
    with pytest.raises(errors.InvalidArgument, match="colon"):
        await client({"basic": Basic("a:b", "c")}).call(("basic",))
