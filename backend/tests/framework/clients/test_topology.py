"""A call to a peer is the same in one process and over HTTP.

Every test runs in both topologies with one body: `shop` calls `catalog`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Body, Header, HTTPException, Request
from pydantic import BaseModel

from modular_api import Module, Problem, idempotent
from modular_api.app.modular_app import ModularApp
from modular_api.clients import RetryPolicy, errors, module_client
from modular_api.clients.answers import DocumentedError, UndocumentedStatus
from modular_api.clients.client import ModuleClient
from modular_api.clients.wire import Request as ClientRequest
from modular_api.clients.wire import Response
from modular_api.testing import PeerTopology

NO_PEERS: Mapping[str, str] = MappingProxyType({})


class Item(BaseModel):
    """What the catalog has."""

    name: str
    number: int


class Catalog:
    """The peer's state, the same in both topologies: all run in this process."""

    def __init__(self) -> None:
        self.made = 0
        self.failures: list[int] = []
        self.calls = 0


catalog_state = Catalog()
catalog = APIRouter()


@catalog.get("/items/{name}")
async def get_item(name: str, in_stock: bool = True) -> Item:
    """Tell of an item, or fail as its name says."""
    catalog_state.calls += 1
    if catalog_state.failures:
        raise HTTPException(catalog_state.failures.pop(0), "for now")
    if name == "slow":
        await asyncio.sleep(0.4)
    if name == "broken":
        raise RuntimeError("broken on purpose")
    if name == "gone":
        raise HTTPException(404, "no such item")
    if name == "taken":
        raise HTTPException(409, "somebody has it")
    return Item(name=name, number=int(in_stock))


@catalog.post("/items", status_code=201)
@idempotent
async def make_item(name: Annotated[str, Body(embed=True)]) -> Item:
    """Make an item, and fail after that if told to."""
    catalog_state.made += 1
    if name == "slow":
        await asyncio.sleep(0.4)
    if catalog_state.failures:
        raise HTTPException(catalog_state.failures.pop(0), "for now")
    return Item(name=name, number=catalog_state.made)


@catalog.get("/stream")
async def stream_items(count: int) -> AsyncIterable[Item]:
    """Items, one a line."""
    for number in range(count):
        yield Item(name="item", number=number)


@catalog.get("/context")
async def tell_context(request: Request) -> dict[str, str | None]:
    """Tell what travelled along."""
    names = ("x-request-id", "traceparent", "tracestate", "authorization", "cookie")
    return {name: request.headers.get(name) for name in names}


class CatalogClient(ModuleClient):
    """What a generated client is, in short."""

    module_name = "catalog"
    api_version = "v1"
    prefix = "/api/v1/catalog"

    async def get_item(self, name: str, **params: Any) -> Any:
        return await self._call(
            ClientRequest("get", f"/items/{name}", params=params), parse
        )

    def get_item_in_a_thread(self, name: str) -> Any:
        return self._call_sync(ClientRequest("get", f"/items/{name}"), parse)

    async def make_item(self, name: str | None = None, key: str | None = None) -> Any:
        request = ClientRequest(
            "post",
            "/items",
            json={"name": name},
            headers={
                "Content-Type": "application/json",
                **({"Idempotency-Key": key} if key else {}),
            },
            takes_idempotency_key=True,
        )
        return await self._call(request, parse)

    async def tell_context(self) -> Any:
        return await self._call(ClientRequest("get", "/context"), parse)

    def stream_items(self, count: int) -> Any:
        request = ClientRequest("get", "/stream", params={"count": count})
        return self._stream(request, parse, lambda item: item["number"], "jsonl")


def parse(response: Response) -> Any:
    """Read an answer as generated code does."""
    if response.status_code in (200, 201):
        return response.json()
    if response.status_code in (404, 409, 422, 503):
        raise DocumentedError(response.json())
    raise UndocumentedStatus


shop = APIRouter()

QUICK = RetryPolicy(first_s=0.001)

peer = module_client(CatalogClient, retries=QUICK)
"""Made at the top of the module, before any app."""


@shop.get("/try")
async def try_call(name: str, how: str = "get_item") -> Any:
    """Call the catalog, and tell the result or the error."""
    timeout_s = 0.15 if name == "slow" else 10.0
    client = module_client(CatalogClient, timeout_s=timeout_s, retries=QUICK)
    call: Callable[..., Any] = getattr(client, how)
    try:
        if how == "get_item_in_a_thread":
            return await asyncio.to_thread(call, name)
        if how == "stream_items":
            return [number async for number in call(int(name))]
        if how == "make_item" and name == "slow":
            return await call(name, key=f"key of {name}")
        return await (call(name) if name else call())
    except errors.CallError as error:
        return {
            "error": type(error).__name__,
            "status": getattr(error, "status", None),
            "problem": getattr(error, "problem", None),
            "attempts": error.attempts,
            "request_id": getattr(error, "request_id", None),
        }


@shop.get("/items/{name}", responses={503: {"model": Problem}})
async def pass_on(name: str) -> Item:
    """Call the catalog and let the framework answer what fails."""
    return Item(**await peer.get_item(name))


@shop.get("/context")
async def pass_context(authorization: Annotated[str | None, Header()] = None) -> Any:
    """Tell what the catalog was told."""
    return await peer.tell_context()


MODULES = {
    "catalog": Module(routers={"v1": catalog}),
    "shop": Module(routers={"v1": shop}, uses=["catalog"]),
}


@pytest.fixture(scope="session")
def create_app() -> Callable[..., ModularApp]:
    """Make an app of these modules."""

    def create(
        names: Sequence[str], *, peer_urls: Mapping[str, str] = NO_PEERS
    ) -> ModularApp:
        modules = [MODULES[name].create_app(name) for name in names]
        return ModularApp(modules, peer_urls=peer_urls)

    return create


@pytest.fixture(autouse=True)
def state() -> Catalog:
    """The catalog's state, new for each test."""
    catalog_state.__init__()  # type: ignore[misc]  # the routes hold this object
    return catalog_state


@pytest.fixture
async def client(peer_topology: PeerTopology) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the shop, whose peer is mounted beside it, then elsewhere."""
    app = peer_topology.start("shop", peers=["catalog"])
    async with _client(app) as client:
        yield client


def _client(app: ModularApp) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    url = "http://test/api/v1/shop"
    return httpx.AsyncClient(transport=transport, base_url=url)


async def told(client: httpx.AsyncClient, name: str, how: str = "get_item") -> Any:
    """What a call gave."""
    headers = {"X-Request-ID": "r-1"}
    params = {"name": name, "how": how}
    return (await client.get("/try", params=params, headers=headers)).json()


async def test_results_are_equal(client: httpx.AsyncClient) -> None:
    """From coroutines, from plain code, and item by item."""
    pen = {"name": "pen", "number": 1}
    assert await told(client, "pen") == pen
    assert await told(client, "pen", "get_item_in_a_thread") == pen
    assert await told(client, "3", "stream_items") == [0, 1, 2]
    assert (await client.get("/items/pen")).json() == pen


@pytest.mark.parametrize(
    ("name", "error", "status", "attempts"),
    [
        ("gone", "NotFound", 404, 1),
        ("taken", "Conflict", 409, 1),
        ("broken", "UnexpectedStatus", 500, 1),
        ("slow", "ClientTimeout", None, 1),
    ],
)
async def test_errors_are_equal(
    client: httpx.AsyncClient,
    name: str,
    error: str,
    status: int | None,
    attempts: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Type, status, body and request id, from coroutines and plain code."""
    caplog.set_level(logging.CRITICAL)
    for how in ("get_item", "get_item_in_a_thread"):
        failure = await told(client, name, how)
        assert failure["error"] == error
        assert (failure["status"], failure["attempts"]) == (status, attempts)
        if status is not None:
            assert failure["request_id"] == "r-1"
            assert failure["problem"]["status"] == status


async def test_an_argument_the_peer_refuses_is_the_same_error(
    client: httpx.AsyncClient,
) -> None:
    """422, with FastAPI's own body."""
    failure = await told(client, "", "make_item")
    assert (failure["error"], failure["status"]) == ("UnprocessableContent", 422)
    assert failure["problem"]["detail"][0]["loc"] == ["body", "name"]


async def test_a_passing_failure_is_tried_again(
    client: httpx.AsyncClient, state: Catalog
) -> None:
    """And one that stays tells the attempts."""
    state.failures = [503, 502]
    assert await told(client, "pen") == {"name": "pen", "number": 1}
    assert state.calls == 3
    state.failures = [503] * 5
    failure = await told(client, "pen")
    assert (failure["error"], failure["attempts"]) == ("ServiceUnavailable", 3)


async def test_a_call_with_a_key_acts_once(
    client: httpx.AsyncClient, state: Catalog
) -> None:
    """An answer that is no answer lets it act again; any other is the answer."""
    state.failures = [503]
    assert await told(client, "pen", "make_item") == {"name": "pen", "number": 2}
    state.failures = [409]
    assert (await told(client, "pen", "make_item"))["error"] == "Conflict"
    assert state.made == 3


async def test_a_call_that_ran_out_of_time_is_done_all_the_same(
    client: httpx.AsyncClient, state: Catalog
) -> None:
    """The peer is not cut off half way: the same key gets what it did."""
    late = await told(client, "slow", "make_item")
    assert late["error"] == "ClientTimeout"
    await asyncio.sleep(0.5)
    again = await told(client, "slow", "make_item")
    assert again == {"name": "slow", "number": 1}
    assert state.made == 1


async def test_a_missing_peer_is_a_503_at_the_call(peer_topology: PeerTopology) -> None:
    """Never at the start; nobody is asked to try again in vain."""
    async with _client(peer_topology.start("shop")) as client:
        assert (await told(client, "pen"))["error"] == "PeerMissing"
        answer = await client.get("/items/pen")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-should-retry"] == "false"
        assert "Module 'catalog' is not mounted" in answer.json()["detail"]


async def test_a_peer_that_went_away_is_a_503_too(
    create_app: Callable[..., ModularApp],
) -> None:
    """After its attempts, with the address in the answer."""
    with PeerTopology(create_app, over_http=True) as topology:
        gone = topology.start("shop", peers=["catalog"])
        address = dict(gone._peer_urls)["catalog"]
    with PeerTopology(
        lambda names, peer_urls: create_app(names, peer_urls={"catalog": address}),
        over_http=True,
    ) as topology:
        async with _client(topology.start("shop")) as client:
            failure = await told(client, "pen")
            assert (failure["error"], failure["attempts"]) == ("PeerUnavailable", 3)
            answer = await client.get("/items/pen")
            assert answer.status_code == 503
            assert address in answer.json()["detail"]


PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_id_trace_and_caller_travel_along(client: httpx.AsyncClient) -> None:
    """As they came; cookies are the caller's own affair."""
    headers = {
        "X-Request-ID": "r-7",
        "Traceparent": PARENT,
        "Tracestate": "vendor=1",
        "Authorization": "Bearer ada",
        "Cookie": "session=1",
    }
    assert (await client.get("/context", headers=headers)).json() == {
        "x-request-id": "r-7",
        "traceparent": PARENT,
        "tracestate": "vendor=1",
        "authorization": "Bearer ada",
        "cookie": None,
    }
    nothing = (await client.get("/context")).json()
    assert nothing.pop("x-request-id")
    assert set(nothing.values()) == {None}


async def test_a_trace_that_is_none_goes_no_further(client: httpx.AsyncClient) -> None:
    """Nor does the state of it, nor a state that is too long."""
    wrong = {"Traceparent": "00-nonsense", "Tracestate": "vendor=1"}
    told = (await client.get("/context", headers=wrong)).json()
    assert (told["traceparent"], told["tracestate"]) == (None, None)
    long = {"Traceparent": PARENT, "Tracestate": "v=" + "1" * 600}
    told = (await client.get("/context", headers=long)).json()
    assert (told["traceparent"], told["tracestate"]) == (PARENT, None)


async def test_the_caller_is_told_to_peers_of_the_app_alone(
    create_app: Callable[..., ModularApp],
) -> None:
    """A client that a handler makes for any other address says nothing of it."""
    seen: list[dict[str, str]] = []

    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        seen.append({k.decode(): v.decode() for k, v in scope["headers"]})
        start = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": b"{}"})

    router = APIRouter()

    @router.get("/context")
    async def call_elsewhere() -> Any:
        async with CatalogClient(app=elsewhere) as stranger:
            return await stranger.tell_context()

    app = ModularApp([Module(routers={"v1": router}).create_app("shop")])
    async with _client(app) as client:
        headers = {"Authorization": "Bearer ada", "Traceparent": PARENT}
        await client.get("/context", headers=headers)
    assert "authorization" not in seen[0]
    assert seen[0]["traceparent"] == PARENT
