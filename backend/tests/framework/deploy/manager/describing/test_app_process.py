"""The process that builds the app."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from ..conftest import TinyProject

pytestmark = pytest.mark.integration

MANAGER = """
import asyncio, sys
from pathlib import Path
from modular_api.deploy.manager.describing.app_process import describing
from modular_api.project.source import AppSource

async def describe():
    folder = Path(sys.argv[1])
    source = AppSource(modules_dir=folder / "modules", import_folders=(folder,))
    async with describing(source):
        pass

asyncio.run(describe())
"""


def test_a_build_that_hangs_ends_with_its_manager(project: TinyProject) -> None:
    """The manager was killed, so it could not end it, and the build reads nothing."""
    hangs = "import os, time; open(PIDS, 'w').write(str(os.getpid())); time.sleep(60)"
    file = project.folder / "pid"
    project.change(
        "alpha", "import os\n", hangs.replace("PIDS", repr(str(file))) + "\n"
    )
    command = [sys.executable, "-c", MANAGER, str(project.folder)]
    with subprocess.Popen(command) as manager:
        try:
            until(lambda: file.exists() and file.read_text() != "", within_s=20)
            builder = psutil.Process(int(file.read_text()))
        finally:
            manager.kill()
    try:
        until(lambda: not is_alive(builder), within_s=3)
    finally:
        with suppress(psutil.NoSuchProcess):
            builder.kill()


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], within_s: float) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
