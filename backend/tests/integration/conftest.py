"""Apps of some modules only, and modules served by processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import httpx
import pytest
import pytest_asyncio
from scripts.backend_manager import ServerManager, is_port_in_use

from modular_api.deploy.config import DeploymentConfig, NginxConfig, ServerConfig
from trading_api.app_factory import ModularApp
from trading_api.shared.tests.conftest import create_test_app

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 3.0
_POLL_S = 0.02
_FIRST_PORT = 18000 + os.getpid() % 100 * 10


@pytest.fixture(scope="session")
def broker_only_app() -> ModularApp:
    """The broker alone, running for the whole session."""
    return create_test_app(enabled_modules=["broker"])


@pytest.fixture(scope="session")
def datafeed_only_app() -> ModularApp:
    """The datafeed alone, running for the whole session."""
    return create_test_app(enabled_modules=["datafeed"])


@pytest.fixture(scope="session")
def no_modules_app() -> ModularApp:
    """What is left without modules, running for the whole session."""
    return create_test_app(enabled_modules=[])


@pytest.fixture(scope="session")
def broker_service() -> Iterator[str]:
    """The URL of a process that serves the broker alone."""
    with run_service("broker", _FIRST_PORT) as url:
        yield url


@pytest.fixture(scope="session")
def datafeed_service() -> Iterator[str]:
    """The URL of a process that serves the datafeed alone."""
    with run_service("datafeed", _FIRST_PORT + 1) as url:
        yield url


@contextmanager
def run_service(module_name: str, port: int) -> Iterator[str]:
    """Serve one module in a uvicorn process, as in production; yield its URL.

    Raises: RuntimeError: the port is taken, or the process does not answer in time;
        with what the process said.
    """
    if is_port_in_use(port):
        raise RuntimeError(f"Port {port} is taken; '{module_name}' cannot be served.")
    command = [sys.executable, "-m", "uvicorn", "trading_api.main:app"]
    options = [f"--port={port}", "--log-level=warning"]
    environment = {**os.environ, "ENABLED_MODULES": module_name}
    with (
        TemporaryFile("w+") as output,
        subprocess.Popen(
            [*command, *options],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            if not wait_for_service_sync(url, process=process):
                output.seek(0)
                raise RuntimeError(
                    f"'{module_name}' does not answer at {url}:\n{output.read()}"
                )
            yield url
        finally:
            stop_service(process)


def stop_service(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and make it end if it does not."""
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for_service_sync(
    url: str,
    timeout_s: float = _START_TIMEOUT_S,
    *,
    process: subprocess.Popen[bytes] | None = None,
) -> bool:
    """Return whether the app at this URL answers within the time.

    Args:
        process: what serves it; once that has ended nobody waits any longer.
    """
    deadline = time.monotonic() + timeout_s
    with httpx.Client(base_url=url, trust_env=False, timeout=timeout_s) as client:
        while time.monotonic() < deadline:
            if process is not None and process.poll() is not None:
                return False
            try:
                return client.get("/api/v1/openapi.json").is_success
            except httpx.TransportError:
                time.sleep(_POLL_S)
    return False


@pytest.fixture(scope="session")
def session_test_config() -> DeploymentConfig:
    """One process a module behind nginx, on ports of this test process alone."""
    base = 19000 + os.getpid() % 100 * 10
    return DeploymentConfig(
        nginx=NginxConfig(port=base, worker_processes=1, worker_connections=1024),
        servers={
            "broker": ServerConfig(modules=["broker"], port=base + 1),
            "datafeed": ServerConfig(modules=["datafeed"], port=base + 2),
        },
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def session_backend_manager(
    session_test_config: DeploymentConfig, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServerManager]:
    """The trading app as three processes, started once; `ensure_started` mends it."""
    folder = tmp_path_factory.mktemp("backend_manager_session")
    manager = new_manager(session_test_config, folder)
    assert await manager.start_all(), manager.error
    yield manager
    await _ensure_all_processes_killed(manager)


def new_manager(
    config: DeploymentConfig, folder: Path, **options: Any
) -> ServerManager:
    """Return a manager that keeps every file in a folder."""
    manager = ServerManager(config, folder / "nginx" / "nginx.conf", **options)
    manager.pid_dir = folder / "pids"
    manager.log_dir = folder / "logs"
    manager.nginx_pid_file = folder / "pids" / "nginx.pid"
    return manager


async def ensure_started(manager: ServerManager) -> None:
    """Start the manager's processes where they do not run, or are not well.

    Raises: RuntimeError: they cannot be started.
    """
    if await wait_for_healthy(manager, timeout_s=0):
        return
    await manager.stop_all(timeout=2.0)
    if not await manager.start_all():
        raise RuntimeError(f"cannot be started: {manager.error}")


async def wait_for_healthy(manager: ServerManager, timeout_s: float = 10.0) -> bool:
    """Return whether every process is healthy within the time."""
    deadline = time.monotonic() + timeout_s
    while True:
        status = await manager.get_status()
        instances = [status["servers"][name] for name in manager.config.servers]
        if (
            status["running"]
            and status["nginx"]["healthy"]
            and all(
                server and all(i["healthy"] for i in server) for server in instances
            )
        ):
            return True
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(_POLL_S)


async def _ensure_all_processes_killed(manager: ServerManager) -> None:
    """Stop everything, and fail loudly when a process or a port is left.

    Raises: AssertionError: something was; it is gone now.
    """
    pids = [process.pid for process in manager.processes.values()]
    if manager.nginx_process is not None:
        pids.append(manager.nginx_process.pid)
    await manager.stop_all(timeout=3.0)
    ports = [port for _, port in manager.config.get_all_ports()]
    taken = [port for port in ports if is_port_in_use(port)]
    left = [pid for pid in pids if manager._is_process_running(pid)]
    files = [file.name for file in manager.pid_dir.glob("*.pid")]
    await manager._force_kill_port_holders(taken)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not (taken or left or files), f"leaked: {taken=} {left=} {files=}"
