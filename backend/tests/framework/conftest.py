"""A project folder for each test, and the command in this or in another process."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

import psutil
import pytest
from typer.testing import CliRunner

COMMAND = [sys.executable, "-m", "modular_api.cli"]
START_S = 20
STOP_S = 10

GREETER = '''
    from fastapi import APIRouter

    from modular_api import Module

    router = APIRouter()

    @router.get("/greeting")
    async def greet() -> str:
        """Say hello."""
        return "hello"

    @router.get("/bug")
    async def stumble() -> str:
        raise RuntimeError("a bug")

    module = Module(routers={"v1": router})
'''

MAIN = """
    from pathlib import Path

    from modular_api import AppFactory

    modules = Path(__file__).parent / "modules"
    factory = AppFactory(modules, title="Greetings", generation="off")
"""
"""A main.py whose app writes nothing: what is generated is tested elsewhere."""


class Project:
    """A folder to write files into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules = folder / "modules"

    def write(self, file: str, text: str) -> Path:
        """Write a file below the folder."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())
        return path

    def write_module(self, name: str, source: str = GREETER, *, doc: str = "") -> Path:
        """Write a module below `modules`; return its module.py."""
        self.write(f"modules/{name}/__init__.py", f'"""{doc}"""\n')
        return self.write(f"modules/{name}/module.py", source)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The current folder; what was imported from it is forgotten again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield Project(tmp_path)
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("modules", "main") or "_modules_" in name:
            del sys.modules[name]


def read_line(process: subprocess.Popen[str]) -> str:
    """Return the next line of stdout; a process that stays silent is killed."""
    assert process.stdout is not None
    timer = threading.Timer(START_S, process.kill)
    timer.start()
    try:
        return process.stdout.readline()
    finally:
        timer.cancel()


Result: TypeAlias = Any  # typer keeps the class of its runner's results to itself
Invoke: TypeAlias = Callable[..., Result]


@pytest.fixture
def invoke() -> Iterator[Invoke]:
    """Call the command in this process; its logging is undone afterwards."""
    from modular_api.cli.commands import build_cli

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(build_cli(), arguments)

    yield call
    root.handlers[:] = handlers
    root.setLevel(level)


class RunningCommand:
    """`modular-api run` in a process of its own."""

    def __init__(self, folder: Path, arguments: tuple[str, ...]) -> None:
        self.folder = folder
        self._log = folder / "log.txt"
        with self._log.open("w") as log:
            self.process: subprocess.Popen[str] = subprocess.Popen(
                [*COMMAND, "run", *arguments],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    @property
    def log(self) -> str:
        """Everything on stderr so far."""
        return self._log.read_text()

    def log_with(self, text: str) -> str:
        """Wait until the log has this text, and return the log."""
        deadline = time.monotonic() + STOP_S
        while text not in self.log:
            assert time.monotonic() < deadline, f"no {text!r} in {self.log}"
            time.sleep(0.02)
        return self.log

    def announcement(self) -> dict[str, Any]:
        """Wait for the next line of JSON on stdout."""
        line = read_line(self.process)
        assert line, self.log
        announced: dict[str, Any] = json.loads(line)
        return announced

    def lines_until(self, start: str) -> list[str]:
        """Wait for a line that starts like this; return all up to it."""
        lines: list[str] = []
        while line := read_line(self.process):
            lines.append(line.rstrip())
            if line.startswith(start):
                return lines
        raise AssertionError(f"no line starts with {start!r}: {lines}, {self.log}")

    def stop(self, kind: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(kind)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        try:
            return self.process.wait(STOP_S)
        finally:
            self.process.kill()
            self.process.communicate()


Start: TypeAlias = Callable[..., RunningCommand]


@pytest.fixture
def start_command(tmp_path: Path) -> Iterator[Start]:
    """Start `modular-api run` in the test's folder; whatever still runs is stopped."""
    started: list[RunningCommand] = []

    def start(*arguments: str) -> RunningCommand:
        started.append(RunningCommand(tmp_path, arguments))
        return started[-1]

    yield start
    for command in started:
        if command.process.poll() is None:
            command.process.terminate()
            command.wait()


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
