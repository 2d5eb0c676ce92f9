"""The pages on sockets: examples run, tables say what the code says."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from fastapi.testclient import TestClient

from modular_api import AppFactory
from modular_api.clients.sockets import GapReason
from modular_api.testing import LiveServer
from modular_api.ws import CloseCode, ErrorCode, Limits, Policy
from trading_api.app_factory import ModularApp

BACKEND = Path(__file__).resolve().parent.parent
SOCKETS = (BACKEND.parent / "docs" / "SOCKETS.md").read_text()
ROUTERS = (BACKEND / "docs" / "WS_ROUTERS_GEN.md").read_text()


def python_blocks(page: str) -> list[str]:
    """Return the page's Python examples, in order."""
    return re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)


def table(page: str, head: str) -> list[list[str]]:
    """Return the rows of the table whose first head begins with these words."""
    (rows,) = re.findall(rf"^\| {head}.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    return [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in rows.splitlines()
    ]


@pytest.mark.integration
def test_the_client_of_ten_lines_follows_the_declared_socket(
    modules_dir: Path, write_module: Callable[..., Path]
) -> None:
    """Both as they stand on the page, in two processes."""
    declaration, client, *_ = python_blocks(SOCKETS)
    assert len(client.splitlines()) <= 10
    write_module("clock", declaration)
    with LiveServer(AppFactory(modules_dir, generation="off").create_app()) as server:
        address = server.base_url.removeprefix("http://")
        done = subprocess.run(
            [sys.executable, "-c", client.replace("127.0.0.1:8000", address)],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    assert done.returncode == 0, done.stderr
    answer, *updates = done.stdout.splitlines()
    assert answer.startswith("ticks.subscribe.response {'every_s': 0.1")
    assert len(updates) == 3
    assert all(line.startswith("ticks.update {'time': ") for line in updates)


@pytest.mark.integration
def test_the_generated_client_follows_in_five_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As it stands on the page, against the trading app on a real server."""
    example = python_blocks(SOCKETS)[2]
    assert len(example.strip().split("\n\n")[1].splitlines()) <= 5
    with LiveServer(
        AppFactory("trading_api.modules", generation="off").create_app(["datafeed"])
    ) as server:
        run_in_a_coroutine(example.replace("http://127.0.0.1:8000", server.base_url))
    assert float(capsys.readouterr().out) > 0


def test_a_module_follows_a_peer_as_the_page_says() -> None:
    """In the lifespan of an app that has the peer mounted."""
    example = python_blocks(SOCKETS)[3]

    async def main() -> None:
        app = AppFactory("trading_api.modules", generation="off").create_app(
            ["datafeed"]
        )
        async with app.router.lifespan_context(app):
            names: dict[str, Any] = {}
            exec(example, names)
            assert await names["price_of"]("AAPL") > 0

    asyncio.run(main())


def run_in_a_coroutine(example: str) -> None:
    """Run an example that awaits; its imports stay outside."""
    imports, _, rest = example.partition("\n\n")
    names: dict[str, Any] = {}
    exec(f"{imports}\n\nasync def main():\n{indent(rest, '    ')}", names)
    asyncio.run(names["main"]())


def test_the_reasons_of_gaps_are_told() -> None:
    """Every one."""
    told = [row[0].strip("`") for row in table(SOCKETS, "Reason of")]
    assert told == list(GapReason)


def test_the_declaration_makes_the_operations_the_page_names(
    modules_dir: Path, write_module: Callable[..., Path]
) -> None:
    """And the documents are where it says."""
    write_module("clock", python_blocks(SOCKETS)[0])
    client = TestClient(AppFactory(modules_dir, generation="off").create_app())
    operations = client.get("/api/v1/clock/asyncapi.json").json()["operations"]
    assert {"ticks.subscribe", "ticks.unsubscribe", "ticks.update"} <= set(operations)
    assert client.get("/api/v1/asyncapi").status_code == 200


def test_the_limits_are_told() -> None:
    """Every one, with its default."""
    told = {row[0].strip("`"): row[1] for row in table(SOCKETS, "Limit of")}
    assert told == {each.name: str(each.default) for each in fields(Limits)}


def test_the_codes_and_policies_are_told() -> None:
    """Every one."""
    closing = [int(row[0]) for row in table(SOCKETS, "Close code")]
    assert closing == sorted(CloseCode)
    errors = [row[0].strip("`") for row in table(SOCKETS, "Error code")]
    assert errors == list(ErrorCode)
    policies = [row[0].strip("`") for row in table(SOCKETS, "Policy")]
    assert policies == list(Policy)


def test_the_trading_sockets_are_told(apps: ModularApp) -> None:
    """Every router of every module."""
    told = {row[1].strip("`") for row in table(SOCKETS, "Socket")}
    declared = {
        name
        for module in apps.modules_apps
        for adapter in module.ws_versions
        for name in adapter.ws_routers
    }
    assert told == declared


PRELUDE = """
    import asyncio
    from collections.abc import AsyncIterator
    from typing import Annotated

    from fastapi import APIRouter, Depends
    from fastws import OperationRouter
    from pydantic import BaseModel

    from modular_api import Module
    from modular_api.ws import WsRouter

    router = APIRouter()

    class BarsRequest(BaseModel):
        symbol: str
        resolution: str = "1"

    class Bar(BaseModel):
        close: str

    class OrderRequest(BaseModel):
        symbol: str

    class Order(BaseModel):
        symbol: str

    def make_order(request):
        return Order(symbol=request.symbol)

    class Signal:
        def __init__(self):
            self.listeners = []
        def connect(self, listener):
            self.listeners.append(listener)
        def disconnect(self, listener):
            self.listeners.remove(listener)

    class MarketData:
        def __init__(self):
            self.order_changed = Signal()
        async def __aenter__(self):
            return self
        async def __aexit__(self, *error):
            assert self.order_changed.listeners == []
        async def bars(self, symbol, resolution):
            yield Bar(close="1")
            await asyncio.sleep(60)
"""

MODULE = """
    module = Module(
        routers={"v1": router},
        ws={"v1": [Bars("bars"), Orders("orders"), chat]},
        service=MarketData,
    )
"""


def test_the_examples_for_authors_work_together(
    modules_dir: Path, write_module: Callable[..., Path]
) -> None:
    """A stream, a push from the service, one from a handler, a plain question."""
    bars, pushed, handler, chat, user_test = python_blocks(ROUTERS)
    assert user_test.startswith("def test_subscribe_to_quotes")
    parts = [dedent(PRELUDE), bars, pushed, handler, chat, dedent(MODULE)]
    write_module("shop", "\n\n".join(parts))
    app = AppFactory(modules_dir, generation="off").create_app()
    with TestClient(app) as client, client.websocket_connect("/api/v1/shop/ws") as ws:
        ws.send_json({"type": "bars.subscribe", "payload": {"symbol": "AAPL"}})
        assert ws.receive_json()["type"] == "bars.subscribe.response"
        assert ws.receive_json()["payload"] == {"close": "1"}
        ws.send_json({"type": "orders.subscribe"})
        assert ws.receive_json()["payload"] == {"success": True}
        client.post("/api/v1/shop/orders", json={"symbol": "AAPL"})
        assert ws.receive_json()["payload"] == {"symbol": "AAPL"}
        ws.send_json({"type": "ping"})
        assert ws.receive_json()["type"] == "pong"


def test_the_test_for_authors_passes(client: TestClient) -> None:
    """The last example, as it stands."""
    names: dict[str, object] = {"TestClient": TestClient}
    exec(python_blocks(ROUTERS)[-1], names)
    test = names["test_subscribe_to_quotes"]
    assert callable(test)
    test(client)
