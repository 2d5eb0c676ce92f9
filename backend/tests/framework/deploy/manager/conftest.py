"""A tiny app as many processes, and the ways to make it misbehave."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest

from modular_api.deploy.config.models import DeploymentConfig, NginxConfig, ServerConfig
from modular_api.deploy.manager.server_manager import ServerManager
from modular_api.project.source import AppSource

MODULES = {
    "alpha": '''
        import os
        from pathlib import Path

        from fastapi import APIRouter

        from modular_api import Module

        PROJECT = Path(__file__).parents[2]
        if (PROJECT / "broken").exists():
            raise RuntimeError("a bug that is there on purpose")

        class Failing:
            async def __aenter__(self):
                raise RuntimeError("no memory")

            async def __aexit__(self, *_):
                pass

        router = APIRouter()

        @router.get("/pid")
        async def pid() -> int:
            """Tell which process answers."""
            return os.getpid()

        @router.post("/items")
        async def add(item: int) -> int:
            """Take an item."""
            return item

        module = Module(routers={"v1": router}, uses=[])
    ''',
    "beta": '''
        from fastapi import APIRouter

        from modular_api import Module

        router = APIRouter()

        @router.get("/greeting")
        async def greet() -> str:
            """Say hello."""
            return "hello"

        module = Module(routers={"v1": router}, uses=["alpha"])
    ''',
}


class TinyProject:
    """A folder with two modules: beta uses alpha."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, source in MODULES.items():
            self.write(name, source)
            (folder / "modules" / name / "__init__.py").write_text('"""Tiny."""\n')

    @property
    def source(self) -> AppSource:
        """Say where the app comes from."""
        return AppSource(
            modules_dir=self.folder / "modules", import_folders=(self.folder,)
        )

    def write(self, module: str, source: str) -> Path:
        """Write the code of a module; return its file."""
        file = self.folder / "modules" / module / "module.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(source).lstrip())
        return file

    def change(self, module: str, old: str, new: str) -> None:
        """Change the code of a module."""
        file = self.folder / "modules" / module / "module.py"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def break_alpha(self, broken: bool = True) -> None:
        """Let new processes of alpha fail to import, or no more."""
        flag = self.folder / "broken"
        flag.touch() if broken else flag.unlink()

    @asynccontextmanager
    async def running(
        self, config: DeploymentConfig, **options: Any
    ) -> AsyncIterator[ServerManager]:
        """Run the project; nothing of it is left afterwards."""
        manager = self.manager(config, **options)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(manager.stop_all, 3.0)
            assert await manager.start_all(), manager.error
            yield manager

    def manager(self, config: DeploymentConfig, **options: Any) -> ServerManager:
        """Return a manager that keeps its files in the project."""
        local = self.folder / ".local"
        manager = ServerManager(
            config, local / "nginx" / "nginx.conf", source=self.source, **options
        )
        manager.pid_dir = local / "pids"
        manager.log_dir = local / "logs"
        manager.nginx_pid_file = local / "pids" / "nginx.pid"
        return manager


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    """A project of this test alone."""
    return TinyProject(tmp_path)


def tiny_config(
    *, alphas: int = 1, timeouts: dict[str, float] | None = None, **alpha: Any
) -> DeploymentConfig:
    """Return a server a module, all ports free ones."""
    return DeploymentConfig.model_validate(
        {
            "nginx": NginxConfig(port=0),
            "servers": {
                "alpha": ServerConfig(modules=["alpha"], instances=alphas, **alpha),
                "beta": ServerConfig(modules=["beta"]),
            },
            "timeouts": {"start_s": 30, **(timeouts or {})},
        }
    )


async def gateway_of(manager: ServerManager) -> str:
    """Return the URL of the gateway, whose port was a free one."""
    status = await manager.get_status()
    return f"http://127.0.0.1:{status['nginx']['port']}/api/v1"


@asynccontextmanager
async def client_of(manager: ServerManager) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway."""
    url = await gateway_of(manager)
    async with httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as client:
        yield client


def free_ports(count: int) -> list[int]:
    """Return ports in a row that nobody listens on.

    They are below those the system gives to whoever asks for any port: an instance's
    address for its health would take one that is needed later.
    """
    while True:
        first = random.randrange(20_000, 30_000)
        with ExitStack() as stack, suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return list(range(first, first + count))
