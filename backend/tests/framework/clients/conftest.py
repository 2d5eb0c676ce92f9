"""A small ASGI app that tells what it was sent, and a client written by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from modular_api.clients.client import ModuleClient
from modular_api.clients.wire import Request, Response
from modular_api.testing.live_server import LiveServer


class EchoClient(ModuleClient):
    """What a generated client is, in short."""

    module_name = "echo"
    api_version = "v1"
    prefix = "/api/v1/echo"

    async def call(self, path: str = "/told", **parts: Any) -> Any:
        return await self._call(_request(path, parts), Response.json)

    async def answer(self, path: str = "/told", **parts: Any) -> Response:
        return await self._call(_request(path, parts), _as_it_is)

    def call_sync(self, path: str = "/told", **parts: Any) -> Any:
        return self._call_sync(_request(path, parts), Response.json)


def _as_it_is(response: Response) -> Response:
    return response


def _request(path: str, parts: dict[str, Any]) -> Request:
    return Request(parts.pop("method", "get"), path, **parts)


async def echo_app(scope: Any, receive: Any, send: Any) -> None:
    """Tell the request, or do what its path says."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    action = scope["path"].removeprefix("/api/v1/echo/")
    if action == "raise":
        raise RuntimeError("raised before the answer")
    message = await receive()
    told = {
        "method": scope["method"],
        "path": scope["path"],
        "raw_path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": {k.decode(): v.decode("latin-1") for k, v in scope["headers"]},
        "repeated": [
            (k.decode(), v.decode()) for k, v in scope["headers"] if k == b"x-list"
        ],
        "body": message["body"].decode("latin-1"),
        "loop": id(asyncio.get_running_loop()),
    }
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"application/json"),
                (b"x-request-id", b"r-9"),
                (b"set-cookie", b"a=b"),
                (b"X-Tags", b"a"),
                (b"x-tags", b"b"),
            ],
        }
    )
    if action == "break":
        raise RuntimeError("raised in the middle of the answer")
    if action == "wait":
        assert (await receive())["type"] == "http.disconnect"
    text = json.dumps(told).encode()
    await send({"type": "http.response.body", "body": text[:5], "more_body": True})
    await send({"type": "http.response.body", "body": text[5:]})
    if action == "disconnect":
        assert (await receive())["type"] == "http.disconnect"


@pytest.fixture(scope="module")
def echo_server() -> Iterator[LiveServer]:
    """The app behind a real server."""
    with LiveServer(echo_app) as server:
        yield server


@pytest.fixture(params=["in process", "over http"])
def target(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a client is given: the app itself, then an address."""
    if request.param == "in process":
        return {"app": echo_app}
    server: LiveServer = request.getfixturevalue("echo_server")
    return {"base_url": server.base_url}


@pytest.fixture
def app() -> Any:
    """The app itself."""
    return echo_app


@pytest.fixture
def client_class() -> type[EchoClient]:
    """The client of the app."""
    return EchoClient
