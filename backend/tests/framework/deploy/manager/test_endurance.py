"""The same again and again, under load: nothing fails, and nothing is left behind."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import psutil
import pytest

from modular_api.deploy.manager.control.orders import order
from modular_api.deploy.manager.server_manager import ServerManager

from .conftest import TinyProject, gateway_of, tiny_config

pytestmark = [pytest.mark.integration, pytest.mark.slow]

REQUESTS_PER_S = 300
CLIENTS = 10


@dataclass
class Load:
    """What became of the requests: by method, the number of each outcome.

    Attributes:
        begun: how many were sent, by method.
    """

    get: Counter[str] = field(default_factory=Counter)
    post: Counter[str] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)

    async def kill(self, pid: int) -> int:
        """Kill a process; return how many POSTs were in flight until it was gone."""
        answered = self.post.total()
        process = psutil.Process(pid)
        process.kill()
        while process.is_running():
            await asyncio.sleep(0)
        return self.begun["POST"] - answered

    @property
    def cut_off_gets(self) -> int:
        """GETs whose answer had reached nginx in part: it cannot ask for another."""
        return self.get["RemoteProtocolError"]

    @property
    def failed_gets(self) -> int:
        """Other GETs that were not answered with 200."""
        return self.get.total() - self.get["200"] - self.cut_off_gets

    @property
    def failed_posts(self) -> int:
        """POSTs that were not answered with 200."""
        return self.post.total() - self.post["200"]


@asynccontextmanager
async def under_load(url: str) -> AsyncIterator[Load]:
    """Have clients ask all the time, half of it GET, half POST."""
    load = Load()

    async def ask(client: httpx.AsyncClient) -> None:
        pause = CLIENTS / REQUESTS_PER_S
        await asyncio.sleep(random.random() * pause)
        while True:
            began = time.monotonic()
            for method, path, outcomes in (
                ("GET", "/alpha/pid", load.get),
                ("POST", "/alpha/items?item=1", load.post),
            ):
                load.begun[method] += 1
                try:
                    response = await client.request(method, path)
                    outcomes[str(response.status_code)] += 1
                except httpx.TransportError as error:
                    outcomes[type(error).__name__] += 1
            rest = 2 * pause - (time.monotonic() - began)
            await asyncio.sleep(max(0.0, rest))

    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
        asking = [asyncio.create_task(ask(client)) for _ in range(CLIENTS)]
        try:
            yield load
        finally:
            for task in asking:
                task.cancel()
            await asyncio.wait(asking)


async def test_ten_rolling_restarts_in_a_row_fail_no_request(
    project: TinyProject,
) -> None:
    """Of one instance alone: there is nobody else to take its requests."""
    async with project.running(tiny_config()) as manager:
        async with under_load(await gateway_of(manager)) as load:
            pids = set()
            for _ in range(10):
                await order(manager.pid_dir, "restart", server="alpha", force=False)
                pids.add(manager.processes["alpha-0"].pid)
            await asyncio.sleep(0.5)
        assert len(pids) == 10
        assert load.failed_gets == load.cut_off_gets == load.failed_posts == 0, load
        assert load.get.total() > 500


async def test_twenty_kills_of_one_of_two_fail_no_get(project: TinyProject) -> None:
    """A POST may fail when it is in flight: nobody knows whether it was answered."""
    async with project.running(tiny_config(alphas=2)) as manager:
        async with under_load(await gateway_of(manager)) as load:
            in_flight = 0
            for number in range(20):
                if number and number % 8 == 0:  # one more of each would be a crash loop
                    await order(manager.pid_dir, "restart", server="alpha", force=False)
                name = f"alpha-{number % 2}"
                victim = manager.processes[name].pid
                in_flight += await load.kill(victim)
                began = time.monotonic()
                while not await _is_back(manager, name, victim):
                    assert time.monotonic() - began < 20
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.5)
        assert load.failed_gets == load.cut_off_gets == 0, load
        assert load.failed_posts <= in_flight, load


async def test_twenty_cycles_leave_nothing_behind(project: TinyProject) -> None:
    """No process, no descriptor, no file but logs and what nginx was told."""
    manager = project.manager(tiny_config())
    before: tuple[int, set[int]] | None = None
    for _ in range(20):
        assert await manager.start_all(), manager.error
        await manager.stop_all(timeout=3.0)
        me = psutil.Process()
        now = me.num_fds(), {child.pid for child in me.children(recursive=True)}
        before = before or now
        assert now == before
    assert {file.name for file in manager.pid_dir.iterdir()} == {"manager.lock"}


async def _is_back(manager: ServerManager, name: str, victim: int) -> bool:
    server, _, index = name.rpartition("-")
    instance = (await manager.get_status())["servers"][server][int(index)]
    return instance["healthy"] and instance["pid"] != victim
