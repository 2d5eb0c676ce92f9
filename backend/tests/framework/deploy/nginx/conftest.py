"""A real nginx in front of a real server, shared by the tests of a file."""

from __future__ import annotations

import os
import runpy
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest

from modular_api import ModularApp
from modular_api.app.pages import pages_of
from modular_api.deploy.config import DeploymentConfig
from modular_api.deploy.nginx import (
    GatewayPlaces,
    NginxMissing,
    find_nginx,
    write_gateway,
)
from modular_api.listening import listen
from modular_api.testing import LiveServer

APP = Path(__file__).parents[3] / "gateway_app" / "factory.py"
_START_S = 5.0

FRONTEND = {
    "index.html": "<title>The frontend</title>",
    "assets/app-1a2b.js": "let x = 1;\n",
    ".secret": "hidden",
    "robots.txt": "User-agent: *\n",
}


@dataclass(frozen=True)
class Gateway:
    """A running nginx, and what stands behind it."""

    url: str
    port: int
    folder: Path
    app: ModularApp
    direct: LiveServer

    @property
    def access_log(self) -> str:
        """What nginx has logged so far."""
        return (self.folder / "nginx-access.log").read_text()

    def logged(self, text: str) -> str:
        """Wait for a line with a text and return it; nginx logs after it has answered."""
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            for line in self.access_log.splitlines():
                if text in line:
                    return line
            time.sleep(0.01)
        raise AssertionError(f"no {text!r} in {self.access_log}")

    def raw(self, data: bytes, *, timeout_s: float = 5.0) -> bytes:
        """Send bytes over a connection of their own; return all that comes back."""
        with socket.create_connection(
            ("127.0.0.1", self.port), timeout_s
        ) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def nginx_in_front(
    folder: Path,
    config: DeploymentConfig,
    app: ModularApp,
    server: LiveServer,
    ports: Mapping[str, Sequence[int | None]],
) -> Iterator[Gateway]:
    """Run nginx on a free port until the end.

    Args:
        ports: of the servers' instances; `server` is behind those left out, and None.
    """
    with listen("127.0.0.1", 0) as listener:
        own_port: int = listener.getsockname()[1]
        file = folder / "nginx.conf"
        write_gateway(
            file,
            config,
            app.describe(),
            pages_of(app),
            GatewayPlaces.below(folder),
            addresses={
                name: [
                    ("127.0.0.1", port or server.port)
                    for port in ports.get(name, [None])
                ]
                for name in config.servers
            },
            listen=("127.0.0.1", own_port),
        )
        process = subprocess.Popen(
            [find_nginx(), "-e", str(folder / "start.log"), "-c", str(file)],
            env={**os.environ, "NGINX": f"{listener.fileno()};"},
            pass_fds=(listener.fileno(),),
        )
    gateway = Gateway(f"http://127.0.0.1:{own_port}", own_port, folder, app, server)
    try:
        _wait(gateway, process)
        yield gateway
    finally:
        process.terminate()
        process.wait(5)


def _wait(gateway: Gateway, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{gateway.url}/health/live", timeout=_START_S)
            return
        except httpx.TransportError:
            time.sleep(0.02)
    raise AssertionError((gateway.folder / "start.log").read_text())


@pytest.fixture(scope="session")
def gateway_app() -> ModularApp:
    """An app with all that a gateway could spoil."""
    app: ModularApp = runpy.run_path(str(APP))["factory"].create_app()
    return app


@pytest.fixture(scope="module")
def new_gateway(
    gateway_app: ModularApp, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Gateway]]:
    """Start a gateway with other settings; all are stopped at the end of the file."""
    try:
        find_nginx()
    except NginxMissing as missing:
        pytest.skip(str(missing))
    with ExitStack() as stack, LiveServer(gateway_app) as server:

        def start(
            ports: Mapping[str, Sequence[int | None]] = MappingProxyType({}),
            **settings: object,
        ) -> Gateway:
            folder = tmp_path_factory.mktemp("gateway")
            config = DeploymentConfig.model_validate(
                {"servers": {"all": {"modules": ["files", "ticks"]}}, **settings}
            )
            return stack.enter_context(
                nginx_in_front(folder, config, gateway_app, server, ports)
            )

        yield start


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a bundler leaves it, with a secret beside it."""
    folder = tmp_path_factory.mktemp("frontend")
    for name, text in FRONTEND.items():
        path = folder / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "secret.txt").write_text("secret")
    (folder / "dist" / "leak").symlink_to("/etc/passwd")
    return folder / "dist"


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[..., Gateway], frontend: Path) -> Gateway:
    """One for all tests that need no other settings; its limits are small."""
    return new_gateway(
        nginx={"static_dir": frontend},
        limits={"body_bytes": 100_000, "header_bytes": 2048},
        timeouts={"client_s": 0.3, "answer_s": 1, "connect_s": 0.3},
    )


@pytest.fixture
def through(gateway: Gateway) -> Iterator[httpx.Client]:
    """A client of the gateway."""
    with httpx.Client(base_url=gateway.url, trust_env=False, timeout=5) as client:
        yield client
