"""However an app is spread over processes, a client sees the same app.

One process, a process for each module behind nginx, and two instances of each: the same
requests get the same answers, which are those of the app in a thread of this process.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import runpy
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from websockets.sync.client import connect

from modular_api import ModularApp
from modular_api.deploy.config.models import (
    DeploymentConfig,
    NginxConfig,
    ServerConfig,
)
from modular_api.deploy.manager.server_manager import ServerManager
from modular_api.deploy.nginx.errors import NginxMissing
from modular_api.deploy.nginx.gate import find_nginx
from modular_api.project.source import AppSource
from modular_api.testing import LiveServer

# One worker runs the file, so that each topology is started once.
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("topologies")]

TESTS = Path(__file__).parents[1]
APP = "gateway_app.factory:factory"
MODULES = ("files", "ticks")
START_S = 60

FILES = "/api/v1/files"
TICKS = "/api/v1/ticks"


@dataclass(frozen=True)
class Topology:
    """A running app, and the processes it consists of."""

    name: str
    port: int
    instances: int

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def one_process() -> Iterator[Topology]:
    """Serve all modules as `modular-api run` does."""
    options = ["--app", APP, "--port", "0", "--json", "--log-level", "warning"]
    process = subprocess.Popen(
        [sys.executable, "-m", "modular_api.cli", "run", *options],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    too_long = threading.Timer(START_S, process.kill)
    too_long.start()
    try:
        announced = json.loads(process.stdout.readline())
        yield Topology("one process", httpx.URL(announced["url"]).port or 0, 1)
    finally:
        too_long.cancel()
        process.terminate()
        try:
            assert process.wait(10) == 0
        finally:
            process.kill()
            process.communicate()


@contextmanager
def many_processes(folder: Path, instances: int) -> Iterator[Topology]:
    """Serve each module by processes of its own, on free ports."""
    config = DeploymentConfig(
        nginx=NginxConfig(port=0),
        servers={
            name: ServerConfig(modules=[name], instances=instances) for name in MODULES
        },
    )
    source = AppSource(app=APP, import_folders=(TESTS,))
    manager = ServerManager(config, folder / "nginx.conf", source=source)
    manager.pid_dir = folder / "pids"
    manager.log_dir = folder / "logs"
    manager.nginx_pid_file = folder / "nginx.pid"
    assert asyncio.run(manager.start_all()), manager.error
    status = asyncio.run(manager.get_status())
    pids = [one["pid"] for server in status["servers"].values() for one in server]
    pids.append(status["nginx"]["pid"])
    assert len(set(pids)) == instances * len(MODULES) + 1
    try:
        yield Topology(f"{instances} a module", status["nginx"]["port"], instances)
    finally:
        asyncio.run(manager.stop_all())
        left = [pid for pid in pids if psutil.pid_exists(pid)]
        assert not left, f"still there: {[psutil.Process(pid) for pid in left]}"


@pytest.fixture(scope="module", params=["one", "split", "doubled"])
def topology(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Topology]:
    """Each of them in turn."""
    if request.param == "one":
        with one_process() as running:
            yield running
        return
    try:
        find_nginx()
    except NginxMissing as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp(request.param)
    with many_processes(folder, 1 if request.param == "split" else 2) as running:
        yield running


@pytest.fixture(scope="module")
def reference_app() -> ModularApp:
    """The app they all serve."""
    path = TESTS / "gateway_app" / "factory.py"
    app: ModularApp = runpy.run_path(str(path))["factory"].create_app()
    return app


@pytest.fixture(scope="module")
def reference(reference_app: ModularApp) -> Iterator[httpx.Client]:
    """The app as it is, in this process."""
    with LiveServer(reference_app) as server, server.client() as client:
        yield client


@pytest.fixture
def client(topology: Topology) -> Iterator[httpx.Client]:
    """A client of one topology."""
    with httpx.Client(base_url=topology.url, trust_env=False, timeout=10) as client:
        yield client


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"{FILES}/health", {}),
    ("GET", f"{FILES}/version", {}),
    ("GET", f"{TICKS}/versions", {}),
    ("GET", "/api/v2/ticks/last", {}),
    ("HEAD", f"{FILES}/health", {}),
    ("OPTIONS", f"{FILES}/sums", {}),
    ("POST", f"{FILES}/sums", {"json": {"numbers": [1, 2, 3]}}),
    ("POST", f"{FILES}/sums", {"json": {"numbers": ["x"]}}),
    ("POST", f"{FILES}/sums", {"content": b"{"}),
    ("DELETE", f"{FILES}/sums", {}),
    ("GET", f"{FILES}/missing", {}),
    ("GET", f"{FILES}/nothing", {}),
    ("GET", f"{FILES}/health/", {}),
    ("GET", "/api/v1/nobody/health", {}),
    ("GET", "/api/v3/files/health", {}),
    ("GET", "/api/v1", {}),
    ("GET", "/nothing", {}),
    ("GET", "/", {}),
    ("GET", f"{TICKS}/events", {}),
    ("GET", f"{TICKS}/lines", {}),
    ("POST", "/api/v1/openapi.json", {}),
    *(
        ("GET", f"/api/{version}/{page}", {})
        for version in ("v1", "v2")
        for page in ("openapi.json", "asyncapi.json", "docs", "asyncapi")
    ),
    ("GET", f"{FILES}/openapi.json", {}),
    ("GET", f"{TICKS}/asyncapi.json", {}),
    ("GET", "/api/v1/docs/assets/swagger-ui.css", {}),
    ("GET", "/api/v1/docs/assets/nothing.css", {}),
    ("GET", "/api/v1/asyncapi/assets/page.js", {}),
]


@pytest.mark.parametrize(
    ("method", "path", "options"),
    REQUESTS,
    ids=[f"{method} {path} {i}" for i, (method, path, _) in enumerate(REQUESTS)],
)
def test_every_answer_is_the_same(
    client: httpx.Client,
    reference: httpx.Client,
    method: str,
    path: str,
    options: dict[str, Any],
) -> None:
    """Status, body and what the headers say about it: good answers and refusals."""
    ours = client.request(method, path, **options)
    its = reference.request(method, path, **options)
    assert ours.status_code == its.status_code
    assert ours.content == its.content
    for name in ("content-type", "cache-control", "content-security-policy"):
        assert ours.headers.get(name) == its.headers.get(name), name
    assert allowed(ours) == allowed(its)
    assert len(ours.headers.get_list("x-request-id")) == 1


def allowed(answer: httpx.Response) -> set[str]:
    """Return the methods an answer names; Starlette keeps them in no order."""
    return set(answer.headers.get("allow", "").split(", "))


def test_an_upload_arrives_whole(client: httpx.Client) -> None:
    """Larger than what nginx and the app keep in memory."""
    content = bytes(range(256)) * 20_000
    answer = client.post(f"{FILES}/uploads", files={"file": ("a.bin", content)})
    assert answer.status_code == 201
    digest = hashlib.sha256(content).hexdigest()
    assert answer.json() == {"name": "a.bin", "size": len(content), "sha256": digest}


@pytest.mark.parametrize("path", ["events", "lines"])
def test_items_of_a_stream_come_one_by_one(client: httpx.Client, path: str) -> None:
    """The first long before the last."""
    begun = time.monotonic()
    times: list[float] = []
    with client.stream("GET", f"{TICKS}/{path}?pause_s=0.1") as answer:
        for part in answer.iter_raw():
            times += [time.monotonic() - begun] * part.count(b'"number"')
    assert len(times) == 3
    assert times[2] - times[0] > 0.15


def test_sockets_live_side_by_side(topology: Topology) -> None:
    """Each gets its own stream, without a gap, and a refusal where it asks nonsense."""
    address = f"ws://127.0.0.1:{topology.port}{TICKS}/ws"
    with connect(address) as one, connect(address) as other:
        for socket, first in ((one, 0), (other, 1000)):
            payload = {"first": first, "every_s": 0.005}
            socket.send(json.dumps({"type": "count.subscribe", "payload": payload}))
        for socket, first in ((one, 0), (other, 1000)):
            answer = json.loads(socket.recv(5))
            assert answer["type"] == "count.subscribe.response"
            assert answer["payload"] == {
                "success": True,
                "first": first,
                "every_s": 0.005,
            }
            updates = [json.loads(socket.recv(5)) for _ in range(10)]
            assert [u["type"] for u in updates] == ["count.update"] * 10
            numbers = [u["payload"]["number"] for u in updates]
            assert numbers == list(range(numbers[0], numbers[0] + 10))
        one.send("nonsense")
        while (message := json.loads(one.recv(5)))["type"] == "count.update":
            pass
        assert message["type"] == "error"


def test_a_request_has_one_id_everywhere(client: httpx.Client) -> None:
    """The caller's, in the app and in the answer."""
    answer = client.get(f"{FILES}/seen/x", headers={"x-request-id": "conform-1"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "conform-1"


def test_the_app_knows_the_address_its_client_used(
    topology: Topology, client: httpx.Client
) -> None:
    """Redirects and links lead back to where the client came from."""
    seen = client.get(f"{FILES}/seen/a%2Fb%20c").json()
    assert seen["host"] == f"127.0.0.1:{topology.port}"
    assert seen["client"] == "127.0.0.1"
    assert seen["path"] == "a/b c"
    answer = client.get(f"{TICKS}/events/")
    assert httpx.URL(answer.headers["location"]).port == topology.port


def test_it_is_alive(client: httpx.Client) -> None:
    """Whoever supervises it asks this."""
    assert client.get("/health/live").status_code == 200


def test_many_requests_at_a_time_are_all_answered(
    topology: Topology, client: httpx.Client
) -> None:
    """By every instance there is, each with the right sum."""

    def ask(number: int) -> tuple[int, int]:
        sums = client.post(f"{FILES}/sums", json={"numbers": [number, 1]}).json()
        return sums["total"] - number, client.get(f"{FILES}/seen/x").json()["pid"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(48)))
    assert {total for total, _ in answers} == {1}
    assert len({pid for _, pid in answers}) == topology.instances
