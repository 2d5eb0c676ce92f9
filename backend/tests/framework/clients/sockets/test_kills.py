"""A server is killed again and again: every number comes once, or a Gap stands for it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from modular_api.app.socket_documents import socket_documents
from modular_api.clients.sockets import ConnectionLost, Gap, GapReason
from modular_api.clients.sockets.backoff import ReconnectDelay
from modular_api.codegen.python_socket_client.render import render_python_socket_client
from modular_api.testing.live_server import LiveServer

pytestmark = pytest.mark.slow

KILLS = 20
SERVER = Path(__file__).with_name("counting_server.py")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """These connections are too short-lived for the delays to start anew."""
    monkeypatch.setattr(ReconnectDelay, "delay_s", lambda *_: 0.05)


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[ModuleType]:
    """The generated module `counting_socket`."""
    spec = importlib.util.spec_from_file_location("counting_server", SERVER)
    assert spec is not None and spec.loader is not None
    server = importlib.util.module_from_spec(spec)
    sys.modules["counting_server"] = server
    spec.loader.exec_module(server)
    document = socket_documents(server.module.create_app("counting"))["v1"]
    files = render_python_socket_client(
        document, module="counting", version="v1", rest_files={}, format_file=str
    )
    for path, text in {**files, "__init__.py": ""}.items():
        target = tmp_path / "counting_generated" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    sys.path.insert(0, str(tmp_path))
    yield importlib.import_module("counting_generated.counting_socket")
    sys.path.remove(str(tmp_path))
    for name in [n for n in sys.modules if n.startswith("counting_")]:
        del sys.modules[name]


@contextmanager
def running(port: int, since: float) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server in a process of its own, until it is killed."""
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(port), str(since)], env=os.environ
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_every_number_once_or_a_gap_over_twenty_kills(
    counting: ModuleType,
) -> None:
    """SIGKILL, and again on the same port: the server forgets, the client does not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    since = time.time()
    seen: list[Any] = []
    # A process needs a while to start, and the first one is waited for.
    client = counting.CountingSocket(base_url=f"http://127.0.0.1:{port}", timeout_s=60)
    async with contextlib.aclosing(client):
        counts = client.counts()
        for _ in range(KILLS + 1):
            with running(port, since):
                before = _numbers(seen)
                async with asyncio.timeout(60):
                    async for item in counts:
                        seen.append(item if isinstance(item, Gap) else item.n)
                        if _numbers(seen) >= before + 100:
                            break
    _check(seen)
    gaps = [item for item in seen if isinstance(item, Gap)]
    assert len(gaps) == KILLS
    assert {gap.reason for gap in gaps} == {GapReason.NOT_RECOVERED}
    assert _numbers(seen) >= 100 * (KILLS + 1)


def _numbers(items: list[Any]) -> int:
    return sum(isinstance(item, int) for item in items)


def _check(items: list[Any]) -> None:
    """Every number is the next one, unless a Gap stands before it; none comes twice."""
    last: int | None = None
    is_told = False
    for item in items:
        if isinstance(item, Gap):
            is_told = True
            continue
        if last is not None:
            assert item > last if is_told else item == last + 1, (last, item)
        last, is_told = item, False


async def test_every_number_once_over_twenty_lost_connections(
    market: ModuleType, market_app: ModuleType
) -> None:
    """The server lives and remembers: nothing is missing, and there is no Gap."""
    with LiveServer(market_app.make_app()) as server:
        async with (
            market.MarketSocket(base_url=server.base_url) as reader,
            market.MarketSocket(base_url=server.base_url) as other,
        ):
            async with reader.numbers(market.NumbersRequest(names=["a"])) as numbers:
                async with asyncio.timeout(120):
                    async for value in _with_faults(market, numbers, other):
                        if value == 10 * (KILLS + 1):
                            break


async def _with_faults(
    market: ModuleType, numbers: Any, other: Any
) -> AsyncIterator[int]:
    """Yield the numbers, and drop every connection after each tenth."""
    expected = 1
    await other.push(market.Push(name="a", first=1, count=10))
    async for number in numbers:
        assert not isinstance(number, Gap), number
        assert number.value == expected
        expected += 1
        yield number.value
        if number.value % 10 == 0:
            then = market.Push(name="a", first=expected, count=10)
            await _until_sent(market, other, then)


async def _until_sent(market: ModuleType, other: Any, then: Any) -> None:
    """Send the fault on a connection that works: a lost message is not repeated."""
    while True:
        try:
            await other.followed()
        except ConnectionLost:
            await asyncio.sleep(0.01)
        else:
            await other.fault(market.Fault(code=0, then=then))
            return
