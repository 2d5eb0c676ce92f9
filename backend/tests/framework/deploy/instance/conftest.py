"""Real processes of real instances, on sockets of the test's own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modular_api.deploy.instance.spec import InstanceSpec
from modular_api.deploy.logs.settings import LogSettings
from modular_api.listening import listen
from modular_api.project.source import AppSource

MODULE = '''
import asyncio, atexit, logging, os, sys
from fastapi import APIRouter
from modular_api import Module

router = APIRouter()
log = logging.getLogger(__name__)
atexit.register(print, "left in peace")

@router.get("/speak")
async def speak() -> str:
    """Write in every way there is."""
    log.info("logged")
    log.debug("detail")
    print("printed")
    os.write(2, b"raw\\n")
    return "said"

@router.get("/fail")
async def fail() -> str:
    raise ZeroDivisionError("by purpose")

@router.get("/block")
async def block() -> str:
    import time
    time.sleep(30)
    return "late"

@router.get("/inherited")
async def inherited() -> list[int]:
    """Tell which descriptors a program started here would have."""
    found = []
    for name in os.listdir("/dev/fd"):
        try:
            if int(name) > 2 and os.get_inheritable(int(name)):
                found.append(int(name))
        except OSError:  # that of the listing itself
            pass
    return found

@router.get("/wait")
async def wait() -> str:
    await asyncio.sleep(0.5)
    return "done"

module = Module(routers={"v1": router})
'''


class Process:
    """One process of an instance, and what its manager has of it."""

    def __init__(self, spec: InstanceSpec, port: int, health_port: int) -> None:
        self.spec = spec
        self.port = port
        self.health_port = health_port
        life, self.life_end = os.pipe()
        spec = replace(spec, life_fd=life)
        self.popen = subprocess.Popen(
            spec.arguments,
            env={**os.environ, **spec.environment},
            pass_fds=spec.fds,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.close(life)

    def wait_ready(self) -> bool:
        """Return whether it has become ready; False once it never will be."""
        url = f"http://127.0.0.1:{self.health_port}/health/ready"
        deadline = time.monotonic() + 10
        while self.popen.poll() is None:
            assert time.monotonic() < deadline, "neither ready nor ended within 10 s"
            with suppress(OSError), urllib.request.urlopen(url, timeout=1) as answer:
                return bool(answer.status == 200)
            time.sleep(0.01)
        return False

    def get(self, path: str, *, timeout: float = 5) -> Any:
        """Ask the instance."""
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return json.load(answer)

    def log(self, name: str = "work-0.log") -> str:
        """Return what stands in a log file."""
        assert self.spec.log.folder is not None
        return (self.spec.log.folder / name).read_text()

    def wait_for_log(self, text: str) -> str:
        """Return the merged log once it has a text."""
        deadline = time.monotonic() + 5
        while text not in (found := self.log("all.log")):
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        return found

    def stop(self, kind: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.popen.send_signal(kind)
        return self.popen.wait(10)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        with suppress(OSError):  # a test has closed it
            os.close(self.life_end)


@pytest.fixture
def modules_dir(tmp_path: Path) -> Path:
    """A folder with one module that writes, fails, waits and blocks."""
    folder = tmp_path / "modules" / "work"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""Works."""\n')
    (folder / "module.py").write_text(MODULE)
    return folder.parent


@pytest.fixture
def start(tmp_path: Path, modules_dir: Path) -> Iterator[Callable[..., Process]]:
    """Start processes of the instance `work-0`; they share its listening socket."""
    processes: list[Process] = []
    sockets: list[socket.socket] = [listen("127.0.0.1", 0)]

    def start_one(**changes: Any) -> Process:
        listener, health = sockets[0], listen("127.0.0.1", 0)
        sockets.append(health)
        spec = InstanceSpec(
            "work",
            0,
            "blue",
            "token",
            AppSource(modules_dir=modules_dir),
            ("work",),
            listener.fileno(),
            health.fileno(),
            log=LogSettings(tmp_path / "logs"),
            linger_s=0.1,
            grace_s=2.0,
        )
        ports = listener.getsockname()[1], health.getsockname()[1]
        process = Process(replace(spec, **changes), *ports)
        processes.append(process)
        return process

    yield start_one
    for process in processes:
        process.close()
    for each in sockets:
        each.close()
