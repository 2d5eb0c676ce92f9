"""One small app of plain FastAPI for the tests of the tools themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

from modular_api.testing import LiveServer


class Ledger:
    """Made by the lifespan: its lock and queue belong to one loop once used."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.lock = asyncio.Lock()
        self.queue: asyncio.Queue[str] = asyncio.Queue(maxsize=1)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    app.state.starts = getattr(app.state, "starts", 0) + 1
    app.state.running = True
    yield {"ledger": Ledger()}
    app.state.running = False
    app.state.hung_up_before_the_end = app.state.hung_up.is_set()


def _create_app() -> FastAPI:
    app = FastAPI(title="Ledger", lifespan=_lifespan)
    app.state.hanging = threading.Event()
    app.state.hung_up = threading.Event()

    @app.get("/")
    async def home() -> dict[str, str]:
        return {"hello": "world"}

    @app.get("/take")
    async def take(request: Request) -> dict[str, str]:
        ledger: Ledger = request.state.ledger
        async with ledger.lock:
            return {"taken": await ledger.queue.get()}

    @app.post("/give/{text}")
    async def give(request: Request, text: str) -> dict[str, str]:
        await request.state.ledger.queue.put(text)
        return {"given": text}

    @app.post("/echo")
    async def echo(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            for number in range(3):
                yield f"data: {number}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    @app.get("/hang")
    async def hang() -> None:
        app.state.hanging.set()
        try:
            await asyncio.Event().wait()
        finally:
            app.state.hung_up.set()

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("no such account")

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(f"{text} {id(asyncio.get_running_loop())}")

    return app


@pytest.fixture(scope="session")
def create_app() -> Callable[[], FastAPI]:
    """The app the plugin's fixtures work with in this folder."""
    return _create_app


@pytest.fixture(scope="session")
def running_server() -> Iterator[LiveServer]:
    """The plugin's own would be shared with the other folders, whose app is another."""
    with LiveServer(_create_app()) as server:
        yield server


@pytest.fixture
def plain_app(create_app: Callable[[], FastAPI]) -> FastAPI:
    """A new app, not started."""
    return create_app()


@pytest.fixture
def server(plain_app: FastAPI) -> LiveServer:
    """A server of that app, not started, with little patience."""
    return LiveServer(plain_app, shutdown_timeout_s=0.2)
