"""The static model tells what a gateway has to know of an app."""

from __future__ import annotations

import runpy
from pathlib import Path

import fastws
import pytest
from fastapi import APIRouter

from modular_api import Module, SqliteStore, idempotent
from modular_api.app.modular_app import ModularApp
from modular_api.module.memory_store import MemoryStore
from modular_api.ws import WsRouter

FACTORY = Path(__file__).parents[2] / "gateway_app" / "factory.py"


def test_sockets_and_streams_are_told() -> None:
    """A version without one has no socket; a route that answers at once is no stream."""
    model = runpy.run_path(str(FACTORY))["factory"].create_app().describe()
    versions = {
        (module.name, version.name): version
        for module in model.modules
        for version in module.versions
    }
    sockets = {key: version.socket for key, version in versions.items()}
    assert sockets == {
        ("files", "v1"): None,
        ("ticks", "v1"): "/api/v1/ticks/ws",
        ("ticks", "v2"): None,
    }
    streams = {
        route.path for v in versions.values() for route in v.routes if route.streams
    }
    assert streams == {"/events", "/lines"}


class Pushed(WsRouter[None, int]):
    """Sends what is published."""


class Streamed(WsRouter[None, int]):
    """Sends what every instance finds out by itself."""

    async def stream(self, request):
        """Count."""
        yield 1


def keyed() -> APIRouter:
    """A router with an idempotent handler."""
    router = APIRouter()

    @router.post("/orders")
    @idempotent
    async def order() -> None: ...

    return router


def talking() -> fastws.OperationRouter:
    """A router of fastws with an update of its own."""
    router = fastws.OperationRouter()

    @router.recv("news")
    async def news(payload: str) -> str:
        return payload

    return router


KEYS = "the answers under its idempotency keys"


@pytest.mark.parametrize(
    ("declared", "state"),
    [
        ({}, []),
        ({"ws": {"v1": [Streamed("a")]}}, []),
        ({"routers": {"v1": keyed()}, "idempotency_store": SqliteStore("x")}, []),
        ({"stateful": True}, ["the state of its service"]),
        ({"routers": {"v1": keyed()}}, [KEYS]),
        ({"routers": {"v1": keyed()}, "idempotency_store": MemoryStore()}, [KEYS]),
        (
            {"ws": {"v1": [Streamed("a"), Pushed("b")], "v2": [talking()]}},
            ["the updates it pushes to b, news"],
        ),
    ],
)
def test_what_a_process_keeps_to_itself_is_told(declared, state) -> None:
    """Two instances would disagree about it."""
    app = ModularApp([Module(**declared).create_app("shop")])
    (module,) = app.describe().modules
    assert [told.split(" (")[0] for told in module.process_state] == state
    assert module.stateful is bool(state)
