"""Workers stay warm while they are wanted, and never longer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cheap_target import FaultyTarget, MakeJob, child_environment

from modular_api.codegen.errors import GenerationStopped
from modular_api.codegen.messages import RenderRequest
from modular_api.codegen.stopping import Stop
from modular_api.codegen.worker_process import WorkerPool


def wait_until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


class Renders:
    """Renders on a pool, and tells which process did it."""

    def __init__(self, pool: WorkerPool, make_job: MakeJob, started: Path) -> None:
        self._pool = pool
        self._job = make_job()
        self._started = started

    def pid(self, fault: str = "none", stop: Stop | None = None) -> int:
        target = FaultyTarget(fault=fault, started=self._started)
        with self._pool.borrow() as worker:
            worker.render(RenderRequest(self._job, target), stop or Stop())
        return int(self._started.read_text())


def test_a_pool_uses_its_warm_worker_again(make_job: MakeJob, tmp_path: Path) -> None:
    """The second one only starts when the first is busy."""
    with WorkerPool(2) as pool:
        renders = Renders(pool, make_job, tmp_path / "started")
        pids = {renders.pid() for _ in range(4)}
    assert len(pids) == 1
    assert is_gone(pids.pop())


def test_a_worker_that_was_killed_meanwhile_is_replaced(
    make_job: MakeJob, tmp_path: Path
) -> None:
    """By the kernel when memory is short, for one."""
    with WorkerPool(1) as pool:
        renders = Renders(pool, make_job, tmp_path / "started")
        first = renders.pid()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: is_gone(first))
        assert renders.pid() != first


@pytest.mark.parametrize("fault", ["hang", "fork"])
def test_a_stop_ends_a_render_at_once(
    make_job: MakeJob, tmp_path: Path, fault: str
) -> None:
    """Even if the worker has forked copies of itself, which hold its pipes."""
    started = tmp_path / "started"
    stop = Stop()

    def stop_when_started() -> None:
        wait_until(lambda: started.exists() and bool(started.read_text()))
        time.sleep(0.1)  # let it fork
        stop.ask()

    with WorkerPool(1) as pool:
        thread = threading.Thread(target=stop_when_started)
        thread.start()
        before = time.monotonic()
        with pytest.raises(GenerationStopped):
            Renders(pool, make_job, started).pid(fault, stop)
        assert time.monotonic() - before < 20
        thread.join()
        assert Renders(pool, make_job, started).pid() > 0


def test_a_worker_does_not_outlive_its_parent(
    make_job: MakeJob, tmp_path: Path
) -> None:
    """Not even one that was killed with SIGKILL."""
    code = f"""
from pathlib import Path
from test_worker_process import Renders, WorkerPool
from modular_api.codegen.job import GenerationJob, SpecDocument
document = SpecDocument("v1", {make_job().documents[0].content!r})
job = GenerationJob("broker", Path("broker"), (document,))
renders = Renders(WorkerPool(1), lambda: job, Path({str(tmp_path / "started")!r}))
print(renders.pid(), flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child_environment(),
    ) as parent:
        assert parent.stdout
        worker = int(parent.stdout.readline())
        assert not is_gone(worker)
        parent.kill()
    wait_until(lambda: is_gone(worker))
