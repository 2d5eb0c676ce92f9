"""What may come while a deployment starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from modular_api.cli.status_table import print_status
from modular_api.deploy.manager.control.lock import manager_pid
from modular_api.deploy.manager.errors import StartStopped
from modular_api.deploy.manager.operating.remote import stop_everything
from modular_api.deploy.manager.server_manager import ServerManager

from .conftest import TinyProject, tiny_config

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("manager_starting")]


@asynccontextmanager
async def starting(
    project: TinyProject, far_enough: Callable[[dict[str, Any]], bool]
) -> AsyncIterator[tuple[ServerManager, asyncio.Task[bool]]]:
    """Run a start that does not end by itself; yield once it has got so far."""
    manager = project.manager(tiny_config())
    start = asyncio.create_task(manager.start_all())
    try:
        async with asyncio.timeout(20):
            while not far_enough(await manager.get_status()):
                assert not start.done(), manager.error
                await asyncio.sleep(0.02)
        yield manager, start
    finally:
        await stop_everything(manager.pid_dir, 0)
        async with asyncio.timeout(5):
            await start


async def test_a_stop_ends_a_start(
    project: TinyProject, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even while the app is built, which takes for ever here; `status` says so."""
    project.change("alpha", "import os\n", "import os, time; time.sleep(60)\n")
    async with starting(project, lambda now: now["starting"]) as (manager, start):
        status = await manager.get_status()
        assert not status["running"] and status["manager"]
        print_status(status)
        said = capsys.readouterr().out
        assert "is starting" in said and "Nothing runs" not in said
        async with asyncio.timeout(5):
            assert await stop_everything(manager.pid_dir)
            assert not await start
        assert isinstance(manager.error, StartStopped)
        assert manager_pid(manager.pid_dir) is None
        assert not (await manager.get_status())["running"]
        assert not await stop_everything(manager.pid_dir)


@pytest.mark.slow
async def test_a_stop_ends_a_start_that_waits_for_a_process(
    project: TinyProject,
) -> None:
    """What has started already is stopped, too."""
    project.change("beta", "uses=", "service=Hanging, uses=")
    project.change("beta", "router = ", HANGING)

    def alpha_is_up(now: dict[str, Any]) -> bool:
        return any(one["healthy"] for one in now["servers"]["alpha"])

    async with starting(project, alpha_is_up) as (manager, start):
        assert (await manager.get_status())["starting"]
        assert await stop_everything(manager.pid_dir, 1.0)
        assert not await start
        assert {file.name for file in manager.pid_dir.iterdir()} == {"manager.lock"}


HANGING = """import asyncio

class Hanging:
    async def __aenter__(self):
        await asyncio.sleep(60)

    async def __aexit__(self, *_):
        pass

router = """
