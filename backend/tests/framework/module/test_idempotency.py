"""Handlers that act once under an idempotency key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from modular_api import Module, idempotent
from modular_api.app.modular_app import ModularApp
from modular_api.clients import app_tasks
from modular_api.clients.client import ModuleClient
from modular_api.clients.errors import ClientTimeout
from modular_api.clients.wire import Request as ClientRequest
from modular_api.errors import ConfigurationError
from modular_api.module.declaration import BadDeclaration
from modular_api.module.idempotency_store import Claim, KeptAnswer
from modular_api.module.memory_store import MemoryStore

PREFIX = "/api/v1/shop"


class Thing(BaseModel):
    """What is bought."""

    name: str


class Bought(Thing):
    """And its number."""

    number: int


class Shop:
    """A module whose handlers count what they do."""

    def __init__(self) -> None:
        self.bought: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.fault: Exception | None = None

    def router(self) -> APIRouter:
        router = APIRouter()

        @router.post("/things", status_code=201)
        @idempotent
        async def buy(thing: Thing, response: Response, number: int = 0) -> Bought:
            self.bought.append(thing.name)
            self.entered.set()
            await self.gate.wait()
            if self.fault is not None:
                raise self.fault
            response.headers["X-Shop"] = "corner"
            return Bought(name=thing.name, number=len(self.bought))

        @router.post("/plain")
        @idempotent
        def buy_in_a_thread(thing: Thing) -> str:
            self.bought.append(thing.name)
            return f"{thing.name} {len(self.bought)}"

        @router.post("/forms")
        @idempotent
        async def buy_by_form(name: Annotated[str, Form()]) -> int:
            self.bought.append(name)
            return len(self.bought)

        @router.post("/raw")
        @idempotent
        async def buy_raw(request: Request) -> int:
            self.bought.append((await request.body()).decode())
            return len(self.bought)

        @router.delete("/things/{name}", status_code=204)
        @idempotent
        async def give_back(name: str) -> None:
            self.bought.append(f"not {name}")

        @router.post("/unmarked")
        async def buy_twice(thing: Thing) -> int:
            self.bought.append(thing.name)
            return len(self.bought)

        @router.post("/guarded")
        @idempotent
        async def buy_as(
            thing: Thing,
            caller: str = Depends(self.caller),
            key: str | None = Depends(APIKeyHeader(name="X-Key", auto_error=False)),
        ) -> str:
            self.bought.append(thing.name)
            return f"{caller or key} {len(self.bought)}"

        return router

    async def caller(
        self, bearer: Annotated[Any, Depends(HTTPBearer(auto_error=False))]
    ) -> str:
        """Refuse one caller."""
        token = bearer.credentials if bearer else ""
        if token == "locked-out":
            raise HTTPException(403, "locked out")
        return token


class Stamp:
    """Middleware of the module that marks every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", b"1")]
            await send(message)

        await self.app(scope, receive, stamped)


@pytest.fixture
def shop() -> Shop:
    """The module's state."""
    return Shop()


@pytest.fixture
def store() -> MemoryStore:
    """What keeps its answers."""
    return MemoryStore()


def _app(shop: Shop, store: MemoryStore | None = None) -> ModularApp:
    module = Module(
        routers={"v1": shop.router()},
        idempotency_store=store,
        middleware=[Middleware(Stamp)],
    )
    return ModularApp([module.create_app("shop")])


def _client(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"http://test{PREFIX}")


@pytest.fixture
async def client(shop: Shop, store: MemoryStore) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app."""
    async with _client(_app(shop, store)) as client:
        yield client


def key(name: str = "k", **more: str) -> dict[str, str]:
    """Headers with a key."""
    return {"Idempotency-Key": name, **more}


PEN = {"name": "pen"}


async def test_the_same_request_gets_the_first_answer_again(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    """Status, headers and body, through the module's middleware, and it says so."""
    first = await client.post("/things", json=PEN, headers=key())
    again = await client.post("/things", json=PEN, headers=key())
    assert shop.bought == ["pen"]
    assert first.json() == again.json() == {"name": "pen", "number": 1}
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["x-shop"] == "corner"
    assert again.headers.get_list("x-stamp") == ["1"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["x-request-id"] != again.headers["x-request-id"]


async def test_without_a_key_or_a_mark_nothing_is_kept(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    """And another key is another request."""
    for headers in ({}, {}, key("a"), key("b")):
        assert (await client.post("/things", json=PEN, headers=headers)).is_success
    for _ in range(2):
        assert (await client.post("/unmarked", json=PEN, headers=key())).is_success
    assert len(shop.bought) == 6


BOUNDARY = {"Content-Type": "multipart/form-data; boundary=x"}
"""httpx draws lots for it else, and it is a part of the body."""


@pytest.mark.parametrize(
    ("path", "kind", "same", "other", "headers"),
    [
        ("/plain", "json", PEN, {"name": "ink"}, {}),
        ("/forms", "data", PEN, {"name": "ink"}, {}),
        ("/forms", "files", {"name": (None, "a")}, {"name": (None, "b")}, BOUNDARY),
        ("/raw", "content", b"pen", b"ink", {}),
    ],
)
async def test_every_kind_of_handler_and_body_is_told_apart(
    client: httpx.AsyncClient,
    shop: Shop,
    path: str,
    kind: str,
    same: Any,
    other: Any,
    headers: dict[str, str],
) -> None:
    """Plain functions, forms, uploads, and bodies the handler reads itself."""
    headers = key("k", **headers)
    bodies: list[dict[str, Any]] = [{kind: same}, {kind: same}, {kind: other}]
    first, again, another = [
        await client.post(path, headers=headers, **body) for body in bodies
    ]
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert another.status_code == 422
    assert len(shop.bought) == 1


async def test_an_answer_without_a_body_is_given_again(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    """Without a body."""
    for _ in range(2):
        deleted = await client.delete("/things/pen", headers=key())
        assert (deleted.status_code, deleted.content) == (204, b"")
    assert shop.bought == ["not pen"]


async def test_another_request_under_a_used_key_is_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    """By its body or its query; the problem says what to do."""
    await client.post("/things", json=PEN, headers=key())
    other = await client.post("/things", json={"name": "ink"}, headers=key())
    assert other.status_code == 422
    assert other.headers["content-type"] == "application/problem+json"
    assert "'k' was used for another request" in other.json()["detail"]
    query = await client.post("/things?number=2", json=PEN, headers=key())
    assert query.status_code == 422
    # Another operation has keys of its own.
    assert (await client.post("/plain", json=PEN, headers=key())).status_code == 200
    assert shop.bought == ["pen", "pen"]


async def test_a_request_that_comes_while_the_first_is_served_has_to_wait(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    """409, and when to ask again; then it gets the first one's answer."""
    shop.gate.clear()
    first = asyncio.ensure_future(client.post("/things", json=PEN, headers=key()))
    await shop.entered.wait()
    second = await client.post("/things", json=PEN, headers=key())
    assert (second.status_code, second.headers["retry-after"]) == (409, "1")
    assert "still being served" in second.json()["detail"]
    shop.gate.set()
    assert (await first).status_code == 201
    third = await client.post("/things", json=PEN, headers=key())
    assert third.json() == (await first).json()
    assert shop.bought == ["pen"]


@pytest.mark.parametrize("status", [400, 404, 409, 500])
async def test_an_error_answer_is_kept(
    client: httpx.AsyncClient, shop: Shop, status: int
) -> None:
    """It is the answer to this key, whatever has changed since."""
    shop.fault = HTTPException(status, "no")
    first = await client.post("/things", json=PEN, headers=key())
    shop.fault = None
    again = await client.post("/things", json=PEN, headers=key())
    assert (first.status_code, again.status_code) == (status, status)
    assert first.json() == again.json()
    assert len(shop.bought) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_an_answer_that_asks_for_another_attempt_is_not(
    client: httpx.AsyncClient, shop: Shop, status: int
) -> None:
    """Or none could ever succeed."""
    shop.fault = HTTPException(status, "later")
    first = await client.post("/things", json=PEN, headers=key())
    shop.fault = None
    again = await client.post("/things", json=PEN, headers=key())
    assert (first.status_code, again.status_code) == (status, 201)


async def test_what_failed_half_way_is_not_done_again(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    """Nobody knows what the handler did before it raised."""
    shop.fault = RuntimeError("half way")
    first = await client.post("/things", json=PEN, headers=key())
    shop.fault = None
    again = await client.post("/things", json=PEN, headers=key())
    assert (first.status_code, again.status_code) == (500, 500)
    assert "not known" in again.json()["detail"]
    assert shop.bought == ["pen"]


async def test_a_call_that_was_cut_off_is_not_done_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its handler is cancelled when the client in process is closed."""
    monkeypatch.setattr(app_tasks, "_CLOSE_TIMEOUT_S", 0.01)

    class ShopClient(ModuleClient):
        module_name, api_version, prefix = "shop", "v1", PREFIX

    app = _app(shop)
    shop.gate.clear()
    async with ShopClient(app=app, timeout_s=0.05) as peer:
        request = ClientRequest(
            "post",
            "/things",
            json=PEN,
            headers={**key(), "Content-Type": "application/json"},
        )
        with pytest.raises(ClientTimeout):
            await peer._call(request, lambda response: response)
    shop.gate.set()
    async with _client(app) as client:
        again = await client.post("/things", json=PEN, headers=key())
    assert again.status_code == 500
    assert shop.bought == ["pen"]


async def test_callers_do_not_see_each_others_answers(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    """They are told apart by what they authenticate with."""
    seen = []
    for headers in (
        {"Authorization": "Bearer ada"},
        {"Authorization": "Bearer bob"},
        {"X-Key": "carl"},
        {"X-Key": "dora"},
    ):
        for _ in range(2):
            answer = await client.post(
                "/guarded", json=PEN, headers=key("k", **headers)
            )
            seen.append(answer.json())
    assert seen == ["ada 1"] * 2 + ["bob 2"] * 2 + ["carl 3"] * 2 + ["dora 4"] * 2


async def test_a_refused_caller_gets_no_kept_answer(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dependencies and validation come first, each time; what they answer is not kept."""
    headers = key("k", Authorization="Bearer locked-out")
    refused = await client.post("/guarded", json=PEN, headers=headers)
    invalid = await client.post("/guarded", json={}, headers=key())
    assert (refused.status_code, invalid.status_code) == (403, 422)
    assert (await client.post("/guarded", json=PEN, headers=key())).status_code == 200
    assert shop.bought == ["pen"]
    assert (await client.post("/guarded", json=PEN, headers=headers)).status_code == 403


async def test_a_principal_may_be_told_by_the_author() -> None:
    """Where callers are known by something the specification does not say."""
    count = 0
    router = APIRouter()

    @router.post("/x")
    @idempotent(principal=lambda request: request.headers["x-user"])
    async def act() -> int:
        nonlocal count
        count += 1
        return count

    app = ModularApp([Module(routers={"v1": router}).create_app("shop")])
    async with _client(app) as client:
        numbers = [
            (await client.post("/x", headers=key("k", **{"X-User": user}))).json()
            for user in ("ada", "bob", "ada")
        ]
    assert numbers == [1, 2, 1]


async def test_a_principal_keeps_its_keys_when_its_token_is_renewed() -> None:
    """By default a new token is a new caller."""
    acted: list[str] = []
    router = APIRouter()

    @router.post("/by-subject")
    @idempotent(principal=lambda request: request.headers["authorization"][:10])
    async def act() -> int:
        acted.append("by subject")
        return len(acted)

    @router.post("/by-header")
    @idempotent
    async def act_by_header() -> int:
        acted.append("by header")
        return len(acted)

    app = ModularApp([Module(routers={"v1": router}).create_app("shop")])
    async with _client(app) as client:
        for path in ("/by-subject", "/by-header"):
            for token in ("ada.1", "ada.2"):
                headers = key(Authorization=f"Bearer {token}")
                assert (await client.post(path, headers=headers)).status_code == 200
    assert acted == ["by subject", "by header", "by header"]


async def test_instances_that_share_a_store_answer_for_one_another(shop: Shop) -> None:
    """And those that do not, do not; many apps live in one process."""
    store = MemoryStore()
    for apps, bought in (((store, store), 1), ((None, None), 2)):
        shop.bought.clear()
        for kept_in in apps:
            async with _client(_app(shop, kept_in)) as client:
                answer = await client.post("/things", json=PEN, headers=key())
                assert answer.status_code == 201
        assert len(shop.bought) == bought


async def test_a_mark_above_the_route_is_refused() -> None:
    """There it would mark a function nobody calls."""
    router = APIRouter()

    @idempotent
    @router.post("/things")
    async def buy() -> None: ...

    with pytest.raises(BadDeclaration, match=r"put it below.*buy"):
        Module(routers={"v1": router}).create_app("shop")


async def test_a_handler_may_serve_marked_and_unmarked() -> None:
    """As long as a route takes what was marked."""
    router = APIRouter()

    async def buy() -> None: ...

    router.post("/once")(idempotent(buy))
    router.post("/always", operation_id="buy_always")(buy)
    assert Module(routers={"v1": router}).create_app("shop").name == "shop"


async def test_callers_are_told_apart_by_their_cookies(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    """One session never sees the answer of another."""
    for session, number in (("ada", 1), ("bob", 2), ("ada", 1)):
        headers = key(Cookie=f"session={session}")
        answer = await client.post("/things", json=PEN, headers=headers)
        assert answer.json()["number"] == number


async def test_an_answer_too_large_to_keep_is_not_given_again(
    store: MemoryStore,
) -> None:
    """The request is not served twice either, and the keys of others stay."""
    acted: list[int] = []
    router = APIRouter()

    @router.post("/large")
    @idempotent
    async def large(chunks: int) -> StreamingResponse:
        acted.append(chunks)
        return StreamingResponse(iter([b"x" * 65_536] * chunks))

    module = Module(routers={"v1": router}, idempotency_store=store)
    async with _client(ModularApp([module.create_app("shop")])) as client:
        for name, chunks in (("small", 1), ("limit", 16), ("large", 17)):
            url = f"/large?chunks={chunks}"
            first = await client.post(url, headers=key(name))
            assert len(first.content) == chunks * 65_536
            again = await client.post(url, headers=key(name))
            if name == "large":
                assert again.status_code == 500
                assert "too large" in again.json()["detail"]
            else:
                assert again.content == first.content
        assert acted == [1, 16, 17]
        again = await client.post("/large?chunks=1", headers=key("small"))
        assert again.headers["idempotency-replayed"] == "true"


async def test_an_impossible_key_is_refused(client: httpx.AsyncClient) -> None:
    """As every other parameter is."""
    for name in ("", "k" * 256):
        answer = await client.post("/things", json=PEN, headers=key(name))
        assert answer.status_code == 422


def test_the_specification_says_the_header_and_the_conflict(shop: Shop) -> None:
    """So that clients send one; parameters of the handler stay what they were."""
    paths = _app(shop).modules_apps[0].versions["v1"].openapi()["paths"]
    operation = paths["/things"]["post"]
    names = {p["name"]: p["in"] for p in operation["parameters"]}
    assert names == {"number": "query", "Idempotency-Key": "header"}
    assert "still being served" in operation["responses"]["409"]["description"]
    assert operation["operationId"] == "buy"
    assert operation["responses"]["201"]["content"]["application/json"]["schema"]
    assert "409" not in paths["/unmarked"]["post"]["responses"]


def test_a_stream_cannot_be_marked() -> None:
    """It could not be given again."""

    async def numbers() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(ConfigurationError, match="numbers answers with a stream"):
        idempotent(numbers)


async def test_a_marked_route_outside_a_module_is_refused(shop: Shop) -> None:
    """Nothing would keep its answers."""
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(shop.router())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.post("/things", json=PEN)).status_code == 201
        with pytest.raises(ConfigurationError, match=r"Module\(routers=…\)"):
            await client.post("/things", json=PEN, headers=key())


def test_a_store_that_is_none_is_refused() -> None:
    """When the module is declared."""
    wrong: Any = {}
    with pytest.raises(BadDeclaration, match="idempotency_store is a dict"):
        Module(idempotency_store=wrong)


class TestMemoryStore:
    """What is kept in a process, and for how long."""

    async def test_it_forgets_the_oldest_when_it_is_full(self) -> None:
        """By number and by size; what is being served stays."""
        store = MemoryStore(max_answers=2, max_bytes=10)
        await store.claim("running", "f")
        for name in "abc":
            await _keep(store, name, b"xx")
        assert await _known(store, "abc") == [False, True, True]
        assert await store.claim("running", "f") == Claim("f")
        await _keep(store, "big", b"x" * 9)
        assert await _known(store, ["b", "c", "big"]) == [False, False, True]

    async def test_what_is_larger_than_all_of_it_takes_nothing_away(self) -> None:
        """Its key is remembered, its answer is not."""
        store = MemoryStore(max_bytes=10)
        await _keep(store, "small", b"xx")
        await _keep(store, "big", b"x" * 11)
        assert await _known(store, ["small"]) == [True]
        claim = await store.claim("big", "f")
        assert claim is not None and claim.answer is not None
        assert claim.answer.status == 500

    async def test_it_forgets_what_is_too_old(self, monkeypatch: Any) -> None:
        """Then the key is free."""
        now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: now)
        store = MemoryStore(ttl_s=60)
        await _keep(store, "a", b"")
        now += 59
        assert await store.claim("a", "f") is not None
        now += 1
        assert await store.claim("a", "f") is None

    async def test_a_released_key_is_free(self) -> None:
        """Whoever comes next takes it."""
        store = MemoryStore()
        assert await store.claim("a", "f") is None
        await store.release("a")
        assert await store.claim("a", "g") is None
        assert await store.claim("a", "g") == Claim("g")


async def _keep(store: MemoryStore, name: str, body: bytes) -> None:
    await store.claim(name, "f")
    await store.keep(name, Claim("f", KeptAnswer(200, (), body)))


async def _known(store: MemoryStore, names: Any) -> list[bool]:
    found = []
    for name in names:
        claim = await store.claim(name, "f")
        found.append(claim is not None)
        if claim is None:
            await store.release(name)
    return found
