"""Apps of some modules only, and modules served by processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

import httpx
import pytest

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


def is_port_in_use(port: int) -> bool:
    """Return whether somebody listens on this port of the loopback address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
