"""A child process that is started anew, seen with a child that only says it is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

import pytest

from tests.framework.conftest import STOP_S, is_alive, read_line

pytestmark = pytest.mark.integration

SCRIPT = """
    import os, signal, socket, sys, time
    from pathlib import Path

    from modular_api.serving.restarts import serve_with_restarts

    WATCHED = Path(__file__).parent / "watched"

    def serve(listener, workers):
        print(os.getpid(), *sorted(path.name for path in WATCHED.iterdir()), flush=True)
        exec((WATCHED / "first.py").read_text())

    if __name__ == "__main__":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serve_with_restarts(serve, listener, [WATCHED])
"""


class Parent:
    """The parent process; its child runs `first.py` in the watched folder."""

    def __init__(self, folder: Path, code: str) -> None:
        self.watched = folder / "watched"
        self.watched.mkdir()
        self.write("first", code)
        script = folder / "script.py"
        script.write_text(dedent(SCRIPT))
        self.process = subprocess.Popen(
            [sys.executable, str(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def write(self, name: str, code: str) -> None:
        """Write a watched file."""
        (self.watched / f"{name}.py").write_text(code)

    def next_child(self) -> tuple[int, list[str]]:
        """Wait for the next child: its process id and the files it found."""
        pid, *files = read_line(self.process).split()
        return int(pid), files

    def end(self, kind: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(kind)
        return self.process.wait(STOP_S)


StartParent: TypeAlias = Callable[[str], Parent]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartParent]:
    """Start the parent with the code of its child."""
    parents: list[Parent] = []

    def start(code: str) -> Parent:
        parents.append(Parent(tmp_path, code))
        return parents[-1]

    yield start
    for parent in parents:
        with parent.process:
            parent.process.terminate()


def wait_for_end(pid: int) -> None:
    """Wait until a process that is no child of this one has ended."""
    deadline = time.monotonic() + STOP_S
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.02)


def test_a_child_that_failed_gets_another_chance(start: StartParent) -> None:
    """The parent waits for the change that mends it."""
    parent = start("raise SystemExit(1)")
    failed, _ = parent.next_child()
    wait_for_end(failed)
    parent.write("first", "time.sleep(60)")
    mended, _ = parent.next_child()
    assert mended != failed
    parent.process.terminate()
    _, told = parent.process.communicate(timeout=STOP_S)
    assert parent.process.returncode == 0
    assert "exit code 1: waiting for a change" in told
    assert not is_alive(mended)


def test_files_that_come_together_cause_one_restart(start: StartParent) -> None:
    """A folder is not copied in an instant."""
    parent = start("time.sleep(60)")
    parent.next_child()
    for number in range(5):
        parent.write(f"more{number}", "")
        time.sleep(0.1)  # half a second in all, longer than one look
    _, files = parent.next_child()
    assert len(files) == 6
    assert parent.end() == 0


def test_ctrl_c_ends_parent_and_child(start: StartParent) -> None:
    """A terminal sends it to both; the child waits for its parent's word."""
    parent = start("time.sleep(0.5); print(os.getpid(), flush=True); time.sleep(60)")
    child, _ = parent.next_child()
    os.kill(child, signal.SIGINT)
    assert parent.next_child() == (child, [])  # half a second later it still runs
    os.killpg(parent.process.pid, signal.SIGINT)
    _, told = parent.process.communicate(timeout=STOP_S)
    assert (parent.process.returncode, told) == (0, "")
    assert not is_alive(child)


def test_a_killed_parent_leaves_no_orphan(start: StartParent) -> None:
    """Or it would keep the port for ever."""
    parent = start("time.sleep(60)")
    child, _ = parent.next_child()
    assert parent.end(signal.SIGKILL) == -signal.SIGKILL
    wait_for_end(child)
