"""Workers that one process keeps warm and another one uses."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest
from cheap_target import CheapTarget, FaultyTarget, MakeJob, generate_there

from modular_api.codegen.engine import Engine
from modular_api.codegen.errors import (
    GenerationFailed,
    GenerationStopped,
    WorkerCrashed,
)
from modular_api.codegen.lent_workers import LentWorkers, lend
from modular_api.codegen.messages import RenderRequest
from modular_api.codegen.stopping import Stop
from modular_api.codegen.worker_process import WorkerPool


def test_processes_that_come_and_go_share_one_warm_worker(
    make_job: MakeJob, tmp_path: Path
) -> None:
    """As with every restart in development."""
    spawn = multiprocessing.get_context("spawn")
    seen = []
    with WorkerPool(1) as pool:
        for revision in (1, 2):
            lent = lend(pool)
            ours, theirs = spawn.Pipe()
            job, started = make_job(revision), tmp_path / "started"
            borrower = spawn.Process(
                target=generate_there, args=(lent, job, started, theirs)
            )
            borrower.start()
            lent.close()
            assert ours.poll(30)
            seen.append(ours.recv())
            borrower.join()
    outcomes, workers = zip(*seen, strict=True)
    assert outcomes == ("written", "written")
    assert len(set(workers)) == 1


def test_a_lender_serves_its_borrower_no_longer_than_it_lives(
    make_job: MakeJob,
) -> None:
    """When the pipes are closed, the threads that served them end."""
    before = threading.active_count()
    with WorkerPool(2) as pool:
        lent = lend(pool)
        Engine([CheapTarget()]).using(lent).generate([make_job()])
        lent.close()
        for thread in threading.enumerate():
            if thread.name == "modular-api-lender":
                thread.join(10)
        assert threading.active_count() == before


def test_an_error_of_the_target_reaches_the_borrower(
    make_job: MakeJob, tmp_path: Path
) -> None:
    """With its reason, and the worker can be used again."""
    with WorkerPool(1) as pool:
        lent = lend(pool)
        faulty = FaultyTarget(fault="raise", started=tmp_path / "started")
        with pytest.raises(GenerationFailed, match="broker"):
            Engine([faulty]).using(lent).generate([make_job()])
        summary = Engine([CheapTarget()]).using(lent).generate([make_job()])
        lent.close()
    assert summary.changed


def test_a_lender_that_is_gone_is_a_typed_error(
    make_job: MakeJob, tmp_path: Path
) -> None:
    """The borrower does not wait for an answer nobody will give."""
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    with pytest.raises(WorkerCrashed, match="lends its worker is gone"):
        Engine([CheapTarget()]).using(LentWorkers([theirs])).generate([make_job()])


def test_a_stop_ends_the_wait(make_job: MakeJob, tmp_path: Path) -> None:
    """Although the worker, which belongs to another process, goes on."""
    ours, theirs = multiprocessing.Pipe()
    stop = Stop()
    threading.Timer(0.05, stop.ask).start()
    with LentWorkers([theirs]).borrow() as worker, ours:
        with pytest.raises(GenerationStopped):
            worker.render(RenderRequest(make_job(), CheapTarget()), stop)
