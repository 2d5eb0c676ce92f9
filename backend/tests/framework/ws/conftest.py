"""Small apps with a socket, and what tests talk to them with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, Self

import pytest
from pydantic import BaseModel
from websockets.sync.client import ClientConnection, connect

from modular_api import Module
from modular_api.app.modular_app import ModularApp
from modular_api.testing import LiveServer
from modular_api.ws import WsRouter

ADDRESS = "/api/v1/market/ws"


class BarsRequest(BaseModel):
    """Whose bars."""

    symbol: str
    resolution: str = "1"


class Bar(BaseModel):
    """A bar."""

    close: float


class Market:
    """A service that counts what is asked of it; its bars are pushed in by tests."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.drained = False
        self.events: dict[str, asyncio.Queue[Bar | Exception]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""

    async def drain(self) -> None:
        """Remember it."""
        self.drained = True

    async def bars(self, symbol: str) -> AsyncIterator[Bar]:
        """Yield what is put into the symbol's queue, and raise what is an error."""
        self.started.append(symbol)
        queue = self.events.setdefault(symbol, asyncio.Queue())
        try:
            while True:
                item = await queue.get()
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.stopped.append(symbol)

    def put(self, symbol: str, item: Bar | Exception) -> None:
        """Let the stream of a symbol go on."""
        self.events.setdefault(symbol, asyncio.Queue()).put_nowait(item)


class Bars(WsRouter[BarsRequest, Bar]):
    """Live bars of one symbol and resolution."""

    async def stream(self, request: BarsRequest) -> AsyncIterator[Bar]:
        """Yield the service's bars."""
        async for bar in self.service.bars(request.symbol):
            yield bar


class Prices(WsRouter[BarsRequest, Bar]):
    """What tests publish."""


class Sockets(Protocol):
    """Makes an app of one module, `market`, with these routers."""

    def __call__(self, *routers: Any, **module: Any) -> ModularApp: ...


@pytest.fixture
def sockets() -> Sockets:
    """Make apps with sockets."""

    def make(*routers: Any, **options: Any) -> ModularApp:
        module = Module(ws={"v1": list(routers)}, **{"service": Market, **options})
        return ModularApp([module.create_app("market")])

    return make


@pytest.fixture
def bars() -> Callable[..., Bars]:
    """The router class that streams from the service."""
    return Bars


@pytest.fixture
def prices() -> Callable[..., Prices]:
    """The router class that is only published to."""
    return Prices


class Client:
    """A client of a live server, speaking JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def send(self, type_: str, payload: Any = None, **beside: Any) -> None:
        """Send a message."""
        self.socket.send(json.dumps({"type": type_, "payload": payload, **beside}))

    def receive(self, timeout_s: float = 5.0) -> Any:
        """Return the next message."""
        return json.loads(self.socket.recv(timeout=timeout_s))

    def ask(self, type_: str, payload: Any = None, **beside: Any) -> Any:
        """Send a message and return the next one."""
        self.send(type_, payload, **beside)
        return self.receive()


Connect = Callable[..., AbstractContextManager[Client]]


@pytest.fixture
def connected() -> Connect:
    """Connect to a live server's socket."""

    @contextmanager
    def connected_to(server: LiveServer, **options: Any) -> Iterator[Client]:
        options = {"proxy": None, "compression": None, "max_size": None} | options
        with connect(f"{server.ws_url}{ADDRESS}", **options) as socket:
            yield Client(socket)

    return connected_to
