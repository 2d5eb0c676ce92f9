"""Modules served by processes of their own, and the helpers that start them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import httpx
import pytest
from scripts.backend_manager import is_port_in_use

from tests.integration.conftest import (
    run_service,
    stop_service,
    wait_for_service_sync,
)

pytestmark = pytest.mark.integration

_PORT = 18000 + os.getpid() % 100 * 10 + 2


def test_each_service_serves_its_own_module(
    broker_service: str, datafeed_service: str
) -> None:
    """And knows nothing of the other one's."""
    assert httpx.get(f"{broker_service}/api/v1/broker/accounts").status_code == 200
    assert httpx.get(f"{broker_service}/api/v1/datafeed/symbols").status_code == 404
    assert httpx.get(f"{datafeed_service}/api/v1/datafeed/symbols").status_code == 200
    assert httpx.get(f"{datafeed_service}/api/v1/broker/accounts").status_code == 404


def test_an_order_is_placed_at_the_price_of_the_datafeed(
    broker_service: str, datafeed_service: str
) -> None:
    """The template of the testing guide: two services, one workflow."""
    quote = httpx.get(f"{datafeed_service}/api/v1/datafeed/quotes/AAPL").json()
    order = httpx.post(
        f"{broker_service}/api/v1/broker/orders",
        json={"symbol": "AAPL", "price": quote["price"]},
    )
    assert order.status_code == 201


def test_a_service_frees_its_port() -> None:
    """It is in use exactly as long as the service runs."""
    with run_service("datafeed", _PORT):
        assert is_port_in_use(_PORT)
    assert not is_port_in_use(_PORT)


def test_a_taken_port_is_named() -> None:
    """A stranger's server must not answer for the module."""
    with (
        socket.create_server(("127.0.0.1", 0)) as holder,
        pytest.raises(RuntimeError, match=f"Port {holder.getsockname()[1]} is taken"),
        run_service("datafeed", holder.getsockname()[1]),
    ):
        pass


def test_a_service_that_cannot_start_says_why() -> None:
    """At once, in the words of the process."""
    with (
        pytest.raises(RuntimeError, match="no_such_module"),
        run_service("no_such_module", _PORT),
    ):
        pass


def test_nobody_answering_is_false_in_time() -> None:
    """The wait ends by itself."""
    began = time.monotonic()
    assert not wait_for_service_sync(f"http://127.0.0.1:{_PORT}", timeout_s=0.1)
    assert time.monotonic() - began < 3


def test_a_process_that_ignores_the_request_to_end_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the time a service has for its requests."""
    monkeypatch.setattr("tests.integration.conftest._STOP_TIMEOUT_S", 0.1)
    deaf = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    deaf += "print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", deaf], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        stop_service(process)
    assert process.returncode == -9
