"""The servers `bench_ws.py` compares, each in a process of its own.

    python benchmarks/ws_servers.py ours|fastws|picows

It prints the port it listens on. Then every line on its standard input, as
`{"updates": 50, "topics": 1, "per_second": 10, "size": 20}`, makes it publish, and it
prints what that cost: `{"cpu_s": 0.9}`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI
from fastws import Client, FastWS, Message, OperationRouter
from pydantic import BaseModel

from modular_api import Module
from modular_api.app.modular_app import ModularApp
from modular_api.ws import WsRouter
from modular_api.ws.serving import uvicorn_options

ADDRESS = "/api/v1/bench/ws"

Publish = Callable[[int, int, str], Awaitable[None]]
"""Publishes to a topic at a time, with so much text beside."""


class Follow(BaseModel):
    """Which topic."""

    topic: int


class Tick(BaseModel):
    """An update: when it was published, in ns of the machine's monotonic clock."""

    sent_ns: int
    text: str


class Ticks(WsRouter[Follow, Tick]):
    """Published by the commands."""


async def obey(publish: Publish) -> None:
    """Publish as told on standard input until it ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        text = "x" * order["size"]
        cpu = time.process_time()
        begin = loop.time()
        for number in range(order["updates"]):
            due = begin + number / order["per_second"]
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            await publish(number % order["topics"], time.monotonic_ns(), text)
        await asyncio.sleep(order.get("settle_s", 0.5))
        print(json.dumps({"cpu_s": time.process_time() - cpu}), flush=True)


def ours() -> tuple[FastAPI, Publish]:
    """A module with one router."""
    module = Module(ws={"v1": [Ticks("tick")]})
    app = ModularApp([module.create_app("bench")])

    async def publish(topic: int, sent_ns: int, text: str) -> None:
        router = app.modules_apps[0].ws_versions[0].running_router("tick")
        router.publish(Follow(topic=topic), Tick(sent_ns=sent_ns, text=text))

    return app, publish


def fastws() -> tuple[FastAPI, Publish]:
    """The same with fastws as its README shows it."""
    app, service, router = FastAPI(), FastWS(), OperationRouter()

    @router.send("tick.subscribe", reply="tick.subscribe.response")
    def follow(payload: Follow, client: Client) -> Follow:
        client.subscribe(str(payload.topic))
        return payload

    @router.recv("tick.update")
    def update(payload: Tick) -> Tick:
        return payload

    service.include_router(router)

    @app.websocket(ADDRESS)
    async def socket(client: Client = Depends(service.manage)) -> None:
        await service.serve(client)

    async def publish(topic: int, sent_ns: int, text: str) -> None:
        payload = {"sent_ns": sent_ns, "text": text}
        await service.server_send(
            Message(type="tick.update", payload=payload), topic=str(topic)
        )

    return app, publish


class _Server(uvicorn.Server):
    """Tells its port, and obeys once it has started."""

    def __init__(self, config: uvicorn.Config, publish: Publish) -> None:
        super().__init__(config)
        self._publish = publish

    async def main_loop(self) -> None:
        """Publish instead of waiting for a signal."""
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)
        await obey(self._publish)


async def serve_with_uvicorn(app: FastAPI, publish: Publish, options: Any) -> None:
    """Serve on a free port, with the socket options of our servers."""
    settings = {**uvicorn_options(), **options}
    config = uvicorn.Config(app, port=0, log_config=None, **settings)
    await _Server(config, publish).serve()


async def serve_with_picows() -> None:
    """Frames of the same text over picows, without anything around them."""
    picows: Any = import_module("picows")  # optional, hence no import statement
    text_type = picows.WSMsgType.TEXT
    followers: dict[int, list[Any]] = {}

    class Listener(picows.WSListener):  # type: ignore[misc] # published without types
        """Follows what is asked for, unvalidated."""

        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            """Answer a subscription."""
            if frame.msg_type == text_type:
                topic = json.loads(frame.get_payload_as_bytes())["payload"]["topic"]
                followers.setdefault(topic, []).append(transport)
                transport.send(text_type, b'{"type":"tick.subscribe.response"}')

    async def publish(topic: int, sent_ns: int, text: str) -> None:
        payload = {"sent_ns": sent_ns, "text": text}
        data = json.dumps({"type": "tick.update", "payload": payload}).encode()
        for transport in followers.get(topic, ()):
            transport.send(text_type, data)

    server = await picows.ws_create_server(lambda _: Listener(), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await obey(publish)


def main(kind: str) -> None:
    """Serve until standard input ends."""
    logging.disable(logging.INFO)
    if kind == "picows":
        asyncio.run(serve_with_picows())
    elif kind == "ours":
        asyncio.run(serve_with_uvicorn(*ours(), {}))
    else:
        asyncio.run(serve_with_uvicorn(*fastws(), {"ws": "auto"}))


if __name__ == "__main__":
    main(sys.argv[1])
