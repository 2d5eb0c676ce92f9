"""The trading app as many processes behind nginx, all of them real.

One deployment is started for all tests. Each makes sure that it runs, so any of them can
be run alone; they are in the order in which a reader would try things.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from scripts.backend_manager import (
    ServerManager,
    generate_nginx_config,
    is_port_in_use,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from modular_api.clients.sockets import Gap, GapReason
from modular_api.deploy.config import DeploymentConfig, NginxConfig, ServerConfig
from trading_api.modules.datafeed.client_generated.datafeed_socket import (
    DatafeedSocket,
    Quote,
    QuotesRequest,
)

from .conftest import ensure_started, new_manager, wait_for_healthy

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("backend_manager")]

TIMEOUT_S = 5.0

PORT_HOLDER = (
    "import socket, sys;"
    "s = [socket.create_server(('127.0.0.1', int(port))) for port in sys.argv[1:]];"
    "print(flush=True); input()"
)


@contextmanager
def another_process(code: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that is none of the manager's; it ends on a line of input."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield process
        process.communicate(b"\n")


@asynccontextmanager
async def client_of(port: int) -> AsyncIterator[httpx.AsyncClient]:
    url = f"http://127.0.0.1:{port}/api/v1"
    async with httpx.AsyncClient(
        base_url=url, timeout=TIMEOUT_S, trust_env=False
    ) as client:
        yield client


def socket_of(manager: ServerManager, module: str) -> connect:
    port = manager.config.nginx.port
    return connect(f"ws://127.0.0.1:{port}/api/v1/{module}/ws", proxy=None)


class TestBackendManager:
    """What an operator does with a deployment, step by step."""

    async def test_01_everything_is_started(
        self, session_backend_manager: ServerManager
    ) -> None:
        """A pid file holds the number alone; who that is stands beside it."""
        manager = session_backend_manager
        await ensure_started(manager)
        nginx_pid = int(manager.nginx_pid_file.read_text())
        assert manager.nginx_process is not None
        assert manager.nginx_process.pid == nginx_pid
        assert manager.processes.keys() == {"broker-0", "datafeed-0"}
        for name, process in manager.processes.items():
            assert process.poll() is None
            assert int((manager.pid_dir / f"{name}.pid").read_text()) == process.pid
            [record] = manager.pid_dir.glob(f"{name}.*.json")
            identity = json.loads(record.read_text())["identity"]
            assert identity["pid"] == process.pid
            assert identity.keys() == {"pid", "create_time", "token"}

    async def test_02_every_port_answers(
        self, session_backend_manager: ServerManager
    ) -> None:
        """The gateway and each server, on the ports of the configuration."""
        manager = session_backend_manager
        await ensure_started(manager)
        ports = dict(manager.config.get_all_ports())
        assert all(map(is_port_in_use, ports.values()))
        for module in ("broker", "datafeed"):
            for port in (ports["nginx"], ports[f"{module}-0"]):
                async with client_of(port) as client:
                    response = await client.get(f"/{module}/health")
                assert response.json()["module"] == module

    async def test_03_a_server_has_its_own_modules_alone(
        self, session_backend_manager: ServerManager
    ) -> None:
        """What the gateway knows, the server beside it does not."""
        manager = session_backend_manager
        await ensure_started(manager)
        ports = dict(manager.config.get_all_ports())
        for name, path in {
            "broker-0": "/datafeed/symbols",
            "datafeed-0": "/broker/orders",
        }.items():
            async with client_of(ports[name]) as client:
                assert (await client.get(path)).status_code == 404
            async with client_of(ports["nginx"]) as client:
                assert (await client.get(path)).status_code == 200

    async def test_04_a_module_reaches_the_module_it_uses(
        self, session_backend_manager: ServerManager
    ) -> None:
        """An order is filled at a price of the datafeed, which is another process."""
        await ensure_started(session_backend_manager)
        order = {"symbol": "AAPL", "qty": 1, "side": "buy"}
        async with client_of(session_backend_manager.config.nginx.port) as client:
            response = await client.post("/broker/orders", json=order)
        assert response.status_code == 201, response.text
        assert response.json()["status"] == "filled"

    async def test_05_sockets_pass_the_gateway(
        self, session_backend_manager: ServerManager
    ) -> None:
        """A subscription is answered and updates come."""
        await ensure_started(session_backend_manager)
        async with socket_of(session_backend_manager, "datafeed") as opened:
            assert (await subscribe(opened))["payload"]["success"] is True
            update = json.loads(await asyncio.wait_for(opened.recv(), TIMEOUT_S))
        assert update["type"] == "quotes.update"

    async def test_06_status_tells_of_every_process(
        self, session_backend_manager: ServerManager
    ) -> None:
        """What an operator wants to know, and nothing that is not so."""
        manager = session_backend_manager
        await ensure_started(manager)
        status = await manager.get_status()
        assert status["running"] and status["nginx"]["healthy"]
        [broker] = status["servers"]["broker"]
        assert broker["healthy"] and broker["state"] == "ready"
        assert broker["pid"] == manager.processes["broker-0"].pid
        assert broker["modules"] == ["broker"]
        assert broker["port"] == manager.config.servers["broker"].port
        assert broker["memory_bytes"] > 1_000_000

    async def test_07_a_killed_process_comes_back(
        self, session_backend_manager: ServerManager
    ) -> None:
        """Who asks meanwhile waits for the next process and is answered."""
        manager = session_backend_manager
        await ensure_started(manager)
        before = manager.processes["datafeed-0"].pid
        os.kill(before, signal.SIGKILL)
        async with client_of(manager.config.nginx.port) as client:
            assert (await client.get("/datafeed/symbols")).status_code == 200
        assert await wait_for_healthy(manager)
        assert manager.processes["datafeed-0"].pid != before
        [datafeed] = (await manager.get_status())["servers"]["datafeed"]
        assert datafeed["restarts"] >= 1

    async def test_08_a_rolling_restart_goes_unnoticed(
        self, session_backend_manager: ServerManager
    ) -> None:
        """No request fails; the server's sockets get 1012, those of others nothing.

        A generated client is back by itself, and tells what it cannot have seen.
        """
        manager = session_backend_manager
        await ensure_started(manager)
        before = manager.processes["datafeed-0"].pid
        port = manager.config.nginx.port
        async with (
            client_of(port) as client,
            socket_of(manager, "broker") as other,
            socket_of(manager, "datafeed") as own,
            DatafeedSocket(base_url=f"http://127.0.0.1:{port}") as socket,
            socket.quotes(QuotesRequest(symbols=["AAPL"])) as quotes,
        ):
            assert isinstance(await anext(quotes), Quote)
            asking = asyncio.create_task(keep_asking(client, "/datafeed/symbols"))
            await asyncio.to_thread(control, manager, "restart", "datafeed")
            asking.cancel()
            statuses = await asking
            assert await code_of_the_end(own) == 1012
            pong = await other.ping()
            await asyncio.wait_for(pong, TIMEOUT_S)
            async with asyncio.timeout(TIMEOUT_S):
                while not isinstance(item := await anext(quotes), Gap):
                    assert isinstance(item, Quote)
                assert item.reason is GapReason.NOT_RECOVERED
                assert isinstance(await anext(quotes), Quote)
        assert set(statuses) == {200} and len(statuses) > 20
        assert manager.processes["datafeed-0"].pid != before

    async def test_09_a_taken_port_names_its_holder(self, tmp_path: Path) -> None:
        """Nothing is started, and the holder is left alone."""
        base = 18000 + os.getpid() % 100 * 10
        config = DeploymentConfig(
            nginx=NginxConfig(port=base),
            servers={"datafeed": ServerConfig(modules=["datafeed"], port=base + 1)},
        )
        manager = new_manager(config, tmp_path)
        ports = str(base), str(base + 1)
        with another_process(PORT_HOLDER, *ports) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            assert not await manager.start_all()
            for port in ports:
                assert f"port {port}: it is taken by process {holder.pid}" in str(
                    manager.error
                )
            assert "socket.create_server" in str(manager.error)
            assert holder.poll() is None
        assert not is_port_in_use(base)
        assert not list(manager.pid_dir.glob("*.pid"))

    async def test_10_a_bound_port_stops_the_start(self, tmp_path: Path) -> None:
        """Even where its holder does not listen yet."""
        base = 18000 + os.getpid() % 100 * 10
        config = DeploymentConfig(
            nginx=NginxConfig(port=base),
            servers={"broker": ServerConfig(modules=["broker"], port=base + 1)},
        )
        manager = new_manager(config, tmp_path)
        manager.nginx_config_path.parent.mkdir()
        with manager.nginx_config_path.open("w") as file:
            generate_nginx_config(config, file, pid_file=manager.nginx_pid_file)
        with socket.socket() as blocker:
            blocker.bind(("127.0.0.1", base))
            assert not await manager.start_all()
        assert not is_port_in_use(base + 1)
        assert f"listen 127.0.0.1:{base};" in manager.nginx_config_path.read_text()

    async def test_11_strangers_are_never_signalled(self, tmp_path: Path) -> None:
        """A pid file may name a process that is somebody else's by now."""
        manager = new_manager(
            DeploymentConfig(servers={"a": ServerConfig(modules=["broker"])}), tmp_path
        )
        with another_process("input()") as stranger:
            manager.pid_dir.mkdir()
            (manager.pid_dir / "a-0.pid").write_text(f"{stranger.pid}\n")
            identity = {"pid": stranger.pid, "create_time": 1.0, "token": "other"}
            record = {
                "name": "a-0",
                "slot": "blue",
                "identity": identity,
                "address": ["127.0.0.1", 1],
                "health": ["127.0.0.1", 2],
                "modules": ["broker"],
            }
            (manager.pid_dir / "a-0.blue.json").write_text(json.dumps(record))
            await manager.stop_all(timeout=0.2)
            await manager._force_kill_port_holders([1])
            assert stranger.poll() is None
        assert not list(manager.pid_dir.glob("a-0.*"))

    async def test_12_another_manager_may_not_take_over(
        self, session_backend_manager: ServerManager
    ) -> None:
        """It is told which one runs."""
        manager = session_backend_manager
        await ensure_started(manager)
        other = new_manager(manager.config, manager.pid_dir.parent)
        assert not await other.start_all()
        assert f"Manager {os.getpid()} runs already" in str(other.error)

    @pytest.mark.slow
    async def test_13_a_module_is_found_where_it_has_moved_to(
        self, session_backend_manager: ServerManager
    ) -> None:
        """Its own process moves, and those that call it are told of it."""
        manager = session_backend_manager
        await ensure_started(manager)
        before = manager.config
        moved = before.servers["datafeed"].model_copy(
            update={"port": before.servers["datafeed"].port + 5}
        )
        manager.config = before.model_copy(
            update={"servers": {**before.servers, "datafeed": moved}}
        )
        try:
            await asyncio.to_thread(control, manager, "reload")
            request = {"symbol": "AAPL", "qty": 1, "side": "buy"}
            async with client_of(before.nginx.port) as client:
                response = await client.post("/broker/orders", json=request)
                assert response.status_code == 201, response.text
                assert (await client.get("/datafeed/symbols")).status_code == 200
            assert not is_port_in_use(before.servers["datafeed"].port)
        finally:
            manager.config = before
            await asyncio.to_thread(control, manager, "reload")

    async def test_14_a_stop_leaves_nothing_behind(
        self, session_backend_manager: ServerManager
    ) -> None:
        """No process, port or pid file; whoever knows the files can order it."""
        manager = session_backend_manager
        await ensure_started(manager)
        processes = [*manager.processes.values()]
        other = new_manager(manager.config, manager.pid_dir.parent)
        await other.stop_all(timeout=3.0)
        assert all(process.poll() is not None for process in processes)
        assert not (await manager.get_status())["running"]
        assert {file.name for file in manager.pid_dir.iterdir()} == {"manager.lock"}
        ports = [port for _, port in manager.config.get_all_ports()]
        assert not any(map(is_port_in_use, ports))

    async def test_15_status_of_what_is_stopped(
        self, session_backend_manager: ServerManager
    ) -> None:
        """Nothing runs, and it says so."""
        await session_backend_manager.stop_all(timeout=2.0)
        status = await session_backend_manager.get_status()
        assert not status["running"]
        assert not status["nginx"]["running"] and not status["nginx"]["healthy"]
        assert status["servers"] == {"broker": [], "datafeed": []}


async def subscribe(opened: ClientConnection) -> dict[str, Any]:
    request = {"type": "quotes.subscribe", "payload": {"symbols": ["AAPL"]}}
    await opened.send(json.dumps(request))
    answer: dict[str, Any] = json.loads(
        await asyncio.wait_for(opened.recv(), TIMEOUT_S)
    )
    return answer


async def code_of_the_end(opened: ClientConnection) -> int | None:
    """Wait until the other side closes a socket; return its code."""
    async with asyncio.timeout(TIMEOUT_S):
        with suppress(ConnectionClosed):
            while True:
                await opened.recv()
    return opened.close_code


async def keep_asking(client: httpx.AsyncClient, path: str) -> list[int]:
    """Ask until cancelled; return every status."""
    statuses = []
    try:
        while True:
            statuses.append((await client.get(path)).status_code)
            await asyncio.sleep(0.005)
    except asyncio.CancelledError:
        return statuses


def control(manager: ServerManager, *arguments: str) -> str:
    """Run a command of the manager's as an operator does."""
    command = [sys.executable, "scripts/backend_manager.py", *arguments]
    command += ["--local-dir", str(manager.pid_dir.parent)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
