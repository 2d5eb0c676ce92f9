"""The sockets of Python and of TypeScript read the same of what a server says.

One file of scripts is played to both; `lab/conversations.test.ts` does it in Node.js, and
runs with the other tests of the lab.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from modular_api.clients.channels.channel import Disconnected
from modular_api.clients.sockets import Gap, ModuleSocket, SocketErrorAnswer
from modular_api.clients.sockets.backoff import ReconnectDelay
from modular_api.clients.sockets.operations import Follow, Receiving, Sending
from modular_api.clients.sockets.subscription import Subscription

SCRIPTS = json.loads(
    Path(__file__).with_name("lab").joinpath("conversations.json").read_text("utf-8")
)
TIMEOUT_S = 10


class LabSocket(ModuleSocket):
    """What would be generated, without models."""

    module_name = "lab"
    api_version = "v1"
    address = "/api/v1/lab/ws"

    def follow(self, router: str) -> Subscription[Any]:
        """Subscribe to a router; the one named `latest` conflates."""
        operation = Follow[Any, Any](
            subscribe=Sending(f"{router}.subscribe", lambda it: it, lambda _: None),
            unsubscribe=f"{router}.unsubscribe",
            update=Receiving(f"{router}.update", lambda it: it),
            gap=f"{router}.gap",
            conflates=router == "latest",
        )
        return self._follow(operation, {"names": ["a"]})


class FakeConnection:
    """A channel whose other end is played by hand."""

    def __init__(self) -> None:
        self._asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._told: asyncio.Queue[str | Disconnected] = asyncio.Queue()
        self.all_is_read = asyncio.Event()

    async def send(self, text: str) -> None:
        self._asked.put_nowait(json.loads(text))

    async def receive(self) -> str:
        if self._told.empty():
            self.all_is_read.set()
        told = await self._told.get()
        if isinstance(told, Disconnected):
            raise told
        return told

    def abort(self) -> None:
        self._told.put_nowait(Disconnected(1006))

    async def aclose(self) -> None:
        """Nothing is open."""

    async def heard(self, type_: str) -> dict[str, Any]:
        """Return the next message of the client, which is of this type."""
        message = await self._asked.get()
        assert message["type"] == type_
        return message

    def tell(self, message: dict[str, Any]) -> None:
        self.all_is_read.clear()
        self._told.put_nowait(json.dumps(message))

    def end(self, code: int, reason: str) -> None:
        self._told.put_nowait(Disconnected(code, reason))


class FakeTransport:
    """Hands a connection to each who dials."""

    def __init__(self) -> None:
        self.dialled: asyncio.Queue[FakeConnection] = asyncio.Queue()

    async def connect(self, *_: object) -> FakeConnection:
        connection = FakeConnection()
        self.dialled.put_nowait(connection)
        return connection

    async def aclose(self) -> None:
        """Nothing is open."""


async def play(connection: FakeConnection, router: str, step: dict[str, Any]) -> None:
    """Let the server do one thing."""
    if "answer" in step or "refuse" in step:
        asked = await connection.heard(f"{router}.subscribe")
        if "recover" in step:
            assert asked.get("recover") == step["recover"]
        if "answer" in step:
            type_ = f"{asked['type']}.response"
            connection.tell({"type": type_, "id": asked["id"], **step["answer"]})
        else:
            payload = {"code": step["refuse"], "message": ""}
            connection.tell({"type": "error", "id": asked["id"], "payload": payload})
    elif "update" in step:
        payload = {"name": step["update"]["topic"], "value": step["update"]["offset"]}
        update = {"type": f"{router}.update", **step["update"], "payload": payload}
        connection.tell(update)
    elif "gap" in step:
        payload = {"missed": step["missed"]}
        connection.tell({"type": f"{router}.gap", **step["gap"], "payload": payload})
    else:
        payload = {"code": step["error"], "message": ""}
        error = {"type": "error", "topic": step["topic"], "payload": payload}
        connection.tell(error)


async def items_of(subscription: Subscription[Any]) -> list[Any]:
    """Read to the end; return values, gaps and errors as the scripts have them."""
    items: list[Any] = []
    while True:
        try:
            item = await anext(subscription)
        except StopAsyncIteration:
            return items
        except SocketErrorAnswer as error:
            items.append({"error": error.code})
        else:
            if isinstance(item, Gap):
                gap = {"gap": item.reason, "topic": item.topic, "missed": item.missed}
                items.append(gap)
            else:
                items.append(item["value"])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script["name"])
async def test_python_reads_what_the_script_says(
    script: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is told first and read then, so that nothing depends on time."""
    monkeypatch.setattr(ReconnectDelay, "delay_s", lambda *_: 0.001)
    transport: Any = FakeTransport()
    connections = script["connections"]
    async with asyncio.timeout(TIMEOUT_S):
        socket = LabSocket(transport=transport, buffer=script.get("buffer", 1024))
        subscription = socket.follow(script["router"])
        for number, steps in enumerate(connections, start=1):
            connection = await transport.dialled.get()
            for step in steps:
                await play(connection, script["router"], step)
            await connection.all_is_read.wait()
            if number < len(connections):
                connection.end(1012, "retry_after_ms=1")
        await socket.aclose()
        assert await items_of(subscription) == script["items"]
