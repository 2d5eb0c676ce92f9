"""Deployments to measure: a small app of its own behind nginx, or the trading app."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import psutil

from modular_api.deploy.config import DeploymentConfig, NginxConfig, ServerConfig
from modular_api.deploy.manager.control.orders import order
from modular_api.deploy.manager.server_manager import ServerManager
from modular_api.project.source import AppSource

SHOP = """
from fastapi import APIRouter
from modular_api import Module
from pydantic import BaseModel

router = APIRouter()

class Order(BaseModel):
    symbol: str
    qty: int

@router.get("/ping")
async def ping() -> str:
    return "pong 1"

@router.post("/orders", status_code=201)
async def place_order(order: Order) -> Order:
    return order

module = Module(routers={"v1": router})
"""
GET, POST = "/api/v1/shop/ping", "/api/v1/shop/orders"
BODY = '{"symbol": "AAPL", "qty": 1}'

_PATIENCE_S = 30.0


def write_shop(folder: Path) -> Path:
    """Write an app of one module that keeps no state; return its modules' folder."""
    package = folder / "modules" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""A shop to measure with."""\n')
    (package / "module.py").write_text(SHOP)
    return package.parent


@asynccontextmanager
async def shop(
    folder: Path, *, instances: int, reload: bool = False
) -> AsyncIterator[Shop]:
    """Run the shop behind nginx on free ports, and stop it."""
    server = ServerConfig(
        modules=["shop"], instances=instances, log_level="warning", reload=reload
    )
    config = DeploymentConfig(nginx=NginxConfig(port=0), servers={"shop": server})
    modules_dir = write_shop(folder)
    source = AppSource(modules_dir=modules_dir)
    manager = ServerManager(config, folder / "nginx" / "nginx.conf", source=source)
    manager.pid_dir, manager.log_dir = folder / "pids", folder / "logs"
    manager.nginx_pid_file = folder / "pids" / "nginx.pid"
    if not await manager.start_all():
        raise RuntimeError(f"the shop does not start: {manager.error}")
    try:
        yield Shop(manager, modules_dir / "shop" / "module.py")
    finally:
        await manager.stop_all(timeout=3)


class Shop:
    """The running shop."""

    def __init__(self, manager: ServerManager, code: Path) -> None:
        self.manager = manager
        self.code = code

    async def ports(self) -> tuple[int, list[int]]:
        """Return the gateway's port, and those of the instances."""
        status = await self.manager.get_status()
        own = [instance["port"] for instance in status["servers"]["shop"]]
        return status["nginx"]["port"], own

    async def restart(self) -> None:
        """Roll every instance."""
        await order(self.manager.pid_dir, "restart", server="shop", force=False)

    async def wait_until_all_are_ready(self) -> None:
        """Return once every instance says so."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            status = await self.manager.get_status()
            if all(instance["healthy"] for instance in status["servers"]["shop"]):
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"not ready again: {status['servers']}")
            await asyncio.sleep(0.02)


class Witness(logging.Handler):
    """Remembers when processes changed their state, from the manager's log."""

    _LINE = re.compile(r"process (?P<pid>\d+)\): \w+ → (?P<state>\w+)")

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[float, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note a change of state; any other line is none."""
        if found := self._LINE.search(record.getMessage()):
            self.changes.append((record.created, int(found["pid"]), found["state"]))

    def failed(self, pid: int) -> float:
        """Return when the manager found out that a process is gone."""
        return next(at for at, who, to in self.changes if who == pid and to == "failed")

    def ready_beside(self, pid: int, after: float) -> float:
        """Return when the next other process became ready."""
        return next(
            at
            for at, who, to in self.changes
            if at >= after and who != pid and to == "ready"
        )


@contextmanager
def witness() -> Iterator[Witness]:
    """Watch the manager's log."""
    seen, log = Witness(), logging.getLogger("modular_api.deploy.manager")
    before = log.level
    log.addHandler(seen)
    log.setLevel(logging.INFO)
    try:
        yield seen
    finally:
        log.removeHandler(seen)
        log.setLevel(before)


class TradingApp:
    """The trading app as two processes and nginx, started by the command."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = folder / "deployment.yaml"
        self._config.write_text(
            "nginx: {port: 0}\n"
            "servers:\n"
            "  broker: {modules: [broker]}\n"
            "  datafeed: {modules: [datafeed]}\n"
        )

    def start(self) -> float:
        """Start it; return the seconds until all of it was ready."""
        begin = time.perf_counter()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "modular_api.cli", "manager", "start"),
                *("--config", str(self._config), "--local-dir", str(self._folder)),
                "--json",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline().startswith("{"):
            self._process.kill()
            raise RuntimeError("the trading app does not start")
        return time.perf_counter() - begin

    def stop(self) -> float:
        """Stop it as Ctrl-C does; return the seconds until nothing ran any more."""
        own = psutil.Process(self._process.pid).children(recursive=True)
        begin = time.perf_counter()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_PATIENCE_S)
        took = time.perf_counter() - begin
        assert self._process.stdout is not None
        self._process.stdout.close()
        gone, alive = psutil.wait_procs(own, timeout=0.2)
        del gone
        if alive:
            raise RuntimeError(f"left behind: {alive}")
        if left := list((self._folder / "pids").glob("*.pid")):
            raise RuntimeError(f"left behind: {left}")
        return took


def rate_of(port: int, path: str, *, seconds: float, connections: int = 32) -> float:
    """Return the requests a second wrk gets answered.

    Raises: RuntimeError: wrk is missing, or saw an error.
    """
    program = shutil.which("wrk")
    if program is None:
        raise RuntimeError("wrk is missing; on Debian: apt-get install wrk")
    done = subprocess.run(
        [
            *(program, "-t1", f"-c{connections}", f"-d{seconds:g}s"),
            f"http://127.0.0.1:{port}{path}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found is not None
    return float(found[1])


async def seconds_until(port: int, path: str, *, text: str) -> float:
    """Ask again and again; return how long it took until this was the answer."""
    begin = time.perf_counter()
    async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE_S) as client:
        while time.perf_counter() - begin < _PATIENCE_S:
            try:
                if (await client.get(f"http://127.0.0.1:{port}{path}")).text == text:
                    return time.perf_counter() - begin
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.01)
    raise RuntimeError(f"{path} did not change within {_PATIENCE_S:g} s")


def kill(pid: int) -> float:
    """Kill a process of ours; return when, in seconds since the epoch."""
    at = time.time()
    os.kill(pid, signal.SIGKILL)
    return at
