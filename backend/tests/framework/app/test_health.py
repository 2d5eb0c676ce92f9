"""Alive and ready: what an app answers about itself at each stage of its life."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
import pytest

from modular_api import Module
from modular_api.app import health
from modular_api.app.draining import drain_app
from modular_api.app.modular_app import ModularApp


class Gate:
    """A service that is ready as a test wants it to be."""

    def __init__(self, ready: Callable[[], Awaitable[object]] | None = None) -> None:
        if ready is not None:
            self._ready = ready

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def ready(self) -> object:
        """Say whether requests may come."""
        return await self._ready() if hasattr(self, "_ready") else None


def app_of(service: Any = None) -> ModularApp:
    module = Module(service=(lambda: service) if service else None)
    return ModularApp([module.create_app("gate")], title="Gates", version="1.2.3")


@asynccontextmanager
async def client_of(
    app: ModularApp, state: dict[str, Any] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Call the app with a lifespan state as a server passes it on."""

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state or {})}, receive, send)

    transport = httpx.ASGITransport(app=with_state)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        yield client


async def test_an_app_that_has_not_started_is_alive_and_not_ready() -> None:
    """The problem says which, and a server may be asked before it accepts anything."""
    async with client_of(app_of()) as client:
        live = await client.get("/health/live")
        assert live.status_code == 200
        assert live.json()["state"] == "alive"
        assert live.json()["pid"] == os.getpid()
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.headers["content-type"] == "application/problem+json"
        assert ready.json()["state"] == "starting"


async def test_a_running_app_is_ready_and_says_what_it_is() -> None:
    """Modules, version, hashes of documents, the loop, and what the server adds."""
    app = app_of(Gate())
    async with app.router.lifespan_context(app) as state:
        about = {health.SERVER_KEY: {"slot": "blue", "http": "httptools"}}
        async with client_of(app, {**(state or {}), **about}) as client:
            answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["state"] == "ready"
    assert body["version"] == "1.2.3"
    assert body["modules"] == ["gate"]
    assert body["loop"] in ("asyncio", "uvloop")
    assert (body["slot"], body["http"]) == ("blue", "httptools")
    [module] = app.describe().modules
    assert body["specs"] == {"gate": {"v1": module.versions[0].spec_sha256}}
    assert body["sockets"] == {"gate": {}}
    assert body["uses"] == {"gate": []}


async def test_an_app_that_drains_is_alive_and_not_ready() -> None:
    """So that whoever spreads requests looks elsewhere, and nobody kills it."""
    app = app_of()
    async with app.router.lifespan_context(app) as state:
        async with client_of(app, state) as client:  # type: ignore[arg-type] # Starlette: a Mapping
            await drain_app(state or {})
            assert (await client.get("/health/live")).status_code == 200
            ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["state"] == "draining"


async def _say_no() -> object:
    return False


async def _fail() -> object:
    raise ConnectionError("no database")


async def _hang() -> object:
    await asyncio.sleep(10)
    return None


@pytest.mark.parametrize(
    ("ready", "why"),
    [
        (_say_no, "gate: its service is not ready"),
        (_fail, "gate: ConnectionError: no database"),
        (_hang, "gate: its service did not say within 0.01 s"),
    ],
)
async def test_a_service_can_say_that_it_is_not_ready(
    ready: Callable[[], Awaitable[object]],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By False, by an exception, or by not answering."""
    monkeypatch.setattr(health, "HOOK_TIMEOUT_S", 0.01)
    app = app_of(Gate(ready))
    async with app.router.lifespan_context(app) as state:
        async with client_of(app, state) as client:  # type: ignore[arg-type] # as above
            answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert (answer.json()["state"], answer.json()["detail"]) == ("waiting", why)


def test_no_document_mentions_them() -> None:
    """They belong to operations, not to the interface that was promised."""
    assert not any("health/" in path for path in app_of().merged_openapi()["paths"])
