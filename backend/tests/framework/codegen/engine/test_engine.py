"""From jobs to files: what is written, what is left alone, and what is said."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cheap_target import CheapTarget, FaultyTarget, FixedTarget, MakeJob, is_whole

from modular_api.codegen.engine import Engine
from modular_api.codegen.errors import (
    DuplicateTarget,
    GenerationDrift,
    GenerationFailed,
    GenerationStopped,
    SeveralModulesFailed,
    UnsafePath,
    WorkerCrashed,
)
from modular_api.codegen.mode import GenerationMode
from modular_api.codegen.stamp import STAMP_FILE
from modular_api.codegen.worker_process import WorkerPool


@pytest.fixture(scope="module")
def workers() -> Iterator[WorkerPool]:
    """Warm workers for all tests of this file."""
    with WorkerPool() as pool:
        yield pool


@pytest.fixture
def engine(workers: WorkerPool, tmp_path: Path) -> Engine:
    """An engine that counts its renders in a file."""
    return Engine([CheapTarget(renders=tmp_path / "renders")], workers=workers)


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".codegen" not in path.parts
    }


def mtimes_below(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in sorted(folder.rglob("*"))
        if ".codegen" not in path.parts
    }


def test_the_first_generation_writes_specs_client_and_stamp(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """Everything is there, whole, and the summary tells what and why."""
    summary = engine.generate([make_job()])
    written = files_below(directory)
    assert set(written) == {
        "__init__.py",
        "module.py",
        "specs_generated/broker_openapi.json",
        "client_generated/__init__.py",
        "client_generated/broker_client.py",
        "client_generated/_broker/__init__.py",
        "client_generated/_broker/op_list.py",
        "client_generated/_broker/op_place.py",
        "client_generated/py.typed",
        f"client_generated/{STAMP_FILE}",
    }
    assert (
        written["specs_generated/broker_openapi.json"]
        == make_job().documents[0].content
    )
    (broker,) = summary.modules
    assert broker.outcome == "written"
    assert len(broker.written) == 7
    assert "client_generated: never generated" in broker.reasons
    assert summary.changed


def test_a_second_generation_touches_nothing(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """No mtime moves, of no file and no folder, and nothing is rendered."""
    engine.generate([make_job()])
    before = mtimes_below(directory)
    summary = engine.generate([make_job()])
    assert mtimes_below(directory) == before
    assert summary.modules[0].outcome == "fresh"
    assert not summary.changed


def test_only_files_that_differ_are_written(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """One more operation: its file, the one that imports it, and the spec."""
    engine.generate([make_job()])
    before = mtimes_below(directory)
    summary = engine.generate([make_job(operations=["op_list", "op_place", "op_z"])])
    assert set(summary.modules[0].written) == {
        "specs_generated/broker_openapi.json",
        "client_generated/_broker/op_z.py",
        "client_generated/broker_client.py",
    }
    kept = mtimes_below(directory)["client_generated/_broker/op_list.py"]
    assert kept == before["client_generated/_broker/op_list.py"]


def test_files_no_longer_generated_go_and_their_folders_with_them(
    workers: WorkerPool, make_job: MakeJob, directory: Path
) -> None:
    """A compiled file does not keep a folder alive."""
    before = {"a.py": "", "old/b.py": "", "old/deep/c.py": ""}
    Engine([FixedTarget(before)], workers=workers).generate([make_job()])
    client = directory / "client_generated"
    (client / "old" / "__pycache__").mkdir()
    (client / "old" / "__pycache__" / "b.cpython-311.pyc").write_bytes(b"")
    (client / "__pycache__").mkdir()
    (client / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"")
    target = FixedTarget({"x.py": ""})
    summary = Engine([target], workers=workers).generate([make_job(revision=2)])
    assert set(summary.modules[0].removed) == {
        "client_generated/a.py",
        "client_generated/old/b.py",
        "client_generated/old/deep/c.py",
    }
    assert set(files_below(client)) == {"x.py", STAMP_FILE}
    assert not (client / "old").exists()


def test_files_written_by_hand_stay(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """Beside the client, below it, and beside the documents."""
    by_hand = [
        directory / "client_generated" / "mine.py",
        directory / "client_generated" / "_broker" / "mine.py",
        directory / "specs_generated" / "notes.json",
        directory / "specs_generated" / "broker_extra_openapi.json",
    ]
    engine.generate([make_job()])
    for path in by_hand:
        path.write_text("mine")
    summary = engine.generate([make_job(revision=2, operations=["op_other"])])
    assert summary.modules[0].removed
    assert [path.read_text() for path in by_hand] == ["mine"] * 4


def test_a_version_that_went_takes_its_spec_along(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """The client of v1 stays."""
    engine.generate([make_job(versions=["v1", "v2"])])
    assert (directory / "specs_generated" / "broker_v2_openapi.json").exists()
    engine.generate([make_job(versions=["v1"])])
    assert not (directory / "specs_generated" / "broker_v2_openapi.json").exists()
    assert (directory / "specs_generated" / "broker_openapi.json").exists()


def test_a_hand_edit_is_undone_and_named(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """Generated files are never edited."""
    engine.generate([make_job()])
    good = files_below(directory)
    (directory / "client_generated" / "broker_client.py").write_text("edited")
    (directory / "client_generated" / "_broker" / "op_list.py").unlink()
    (directory / "specs_generated" / "broker_openapi.json").write_text("edited")
    (summary,) = engine.generate([make_job()]).modules
    assert summary.reasons == (
        "specs_generated/broker_openapi.json: edited by hand",
        "client_generated/_broker/op_list.py: missing",
        "client_generated/broker_client.py: edited by hand",
    )
    assert files_below(directory) == good


def test_a_corrupt_stamp_is_made_anew(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """The files are right already, so only the stamp is written."""
    engine.generate([make_job()])
    good = files_below(directory)
    (directory / "client_generated" / STAMP_FILE).write_bytes(b"\0" * 100)
    (summary,) = engine.generate([make_job()]).modules
    assert summary.reasons == ("client_generated: its stamp is unreadable",)
    assert summary.written == ()
    assert files_below(directory) == good


def test_a_new_generator_version_renders_again(
    workers: WorkerPool, make_job: MakeJob, directory: Path
) -> None:
    """Equal files keep their mtime; the stamp learns the version."""
    Engine([CheapTarget()], workers=workers).generate([make_job()])
    before = mtimes_below(directory)["client_generated/broker_client.py"]
    newer = Engine([CheapTarget(version="2")], workers=workers)
    (summary,) = newer.generate([make_job()]).modules
    assert summary.reasons == ("client_generated: the generator changed: cheap 1 → 2",)
    assert summary.written == ()
    assert mtimes_below(directory)["client_generated/broker_client.py"] == before
    assert newer.generate([make_job()]).modules[0].outcome == "fresh"


def test_a_missing_folder_is_made(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """As below an output directory, where no module's code is."""
    engine.generate([make_job(module="order_book")])
    client = directory.with_name("order_book") / "client_generated"
    assert (client / "order_book_client.py").exists()


def test_git_sees_generated_files_alone(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """The lock's folder hides itself."""
    subprocess.run(["git", "init", "-q", directory], check=True)
    engine.generate([make_job()])
    (directory / ".codegen" / "staging-left").mkdir()
    (directory / ".codegen" / "staging-left" / "0").write_text("left")
    status = subprocess.run(
        ["git", "-C", directory, "status", "--porcelain", "-uall"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ".codegen" not in status.stdout
    assert "client_generated/broker_client.py" in status.stdout


def test_python_never_takes_an_old_compiled_file_for_the_new_one(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """Two generations of one size within a second differ in mtime."""
    client = directory / "client_generated"
    for revision in (1, 2, 3):
        engine.generate([make_job(revision=revision)])
        seen = subprocess.run(
            [sys.executable, "-c", "import client_generated as c; print(c.REVISION)"],
            cwd=directory,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        )
        assert seen.stdout == f"{revision}\n"
    assert list(client.glob("__pycache__/*.pyc"))


def test_check_names_each_stale_file_and_the_command_that_mends(
    workers: WorkerPool, make_job: MakeJob, directory: Path
) -> None:
    """Nothing is written, no worker is needed."""
    engine = Engine([CheapTarget()], workers=workers, mend="make generate")
    engine.generate([make_job()])
    (directory / "client_generated" / "broker_client.py").write_text("edited")
    (directory / "specs_generated" / "broker_openapi.json").unlink()
    before = files_below(directory)
    with pytest.raises(GenerationDrift) as caught:
        engine.generate([make_job()], GenerationMode.CHECK)
    message = str(caught.value)
    assert "broker/client_generated/broker_client.py: edited by hand" in message
    assert "broker/specs_generated/broker_openapi.json: missing" in message
    assert "`make generate`" in message
    assert files_below(directory) == before


def test_check_is_content_with_fresh_files(engine: Engine, make_job: MakeJob) -> None:
    """The summary says so."""
    engine.generate([make_job()])
    summary = engine.generate([make_job()], GenerationMode.CHECK)
    assert [module.outcome for module in summary.modules] == ["fresh"]


def test_off_does_not_look(engine: Engine, make_job: MakeJob, directory: Path) -> None:
    """Not even at a folder that was never generated."""
    assert engine.generate([make_job()], GenerationMode.OFF).modules == ()
    assert not (directory / "client_generated").exists()


def test_the_summary_reads_as_text_and_as_json(
    engine: Engine, make_job: MakeJob
) -> None:
    """Both tell the same."""
    summary = engine.generate([make_job()])
    assert "broker: 7 files written, 0 files removed, 0 unchanged" in str(summary)
    read = json.loads(summary.to_json())["modules"][0]
    assert read["module"] == "broker"
    assert read["outcome"] == "written"
    assert "specs_generated/broker_openapi.json" in read["written"]
    assert str(engine.generate([make_job()])) == "broker: up to date"


def test_two_targets_write_two_folders(
    workers: WorkerPool, make_job: MakeJob, directory: Path
) -> None:
    """Each has a stamp of its own."""
    targets = [CheapTarget(), FixedTarget({"x.ts": "1"}, folder="typescript")]
    engine = Engine(targets, workers=workers)
    engine.generate([make_job()])
    assert (directory / "typescript" / STAMP_FILE).exists()
    (directory / "typescript" / "x.ts").unlink()
    (summary,) = engine.generate([make_job()]).modules
    assert summary.written == ("typescript/x.ts",)
    assert engine.generate([make_job()]).modules[0].outcome == "fresh"


def test_two_targets_of_one_folder_are_refused() -> None:
    """Each would take the other's files for left over."""
    with pytest.raises(DuplicateTarget, match="client_generated"):
        Engine([CheapTarget(), FixedTarget({})])


@pytest.mark.parametrize("path", ["../module.py", "/tmp/x.py", STAMP_FILE, "a/../b"])
def test_a_renderer_cannot_write_outside_its_folder(
    workers: WorkerPool, make_job: MakeJob, directory: Path, path: str
) -> None:
    """All of it is refused, the innocent files too."""
    before = files_below(directory)
    engine = Engine([FixedTarget({"good.py": "", path: "evil"})], workers=workers)
    with pytest.raises(UnsafePath):
        engine.generate([make_job()])
    assert files_below(directory) == before


def test_a_renderer_cannot_write_through_a_link(
    engine: Engine, make_job: MakeJob, directory: Path, tmp_path: Path
) -> None:
    """The folder it points to stays empty."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (directory / "client_generated").symlink_to(elsewhere)
    with pytest.raises(UnsafePath, match="symbolic link"):
        engine.generate([make_job()])
    assert list(elsewhere.iterdir()) == []


def test_a_file_that_is_a_link_is_replaced_not_followed(
    engine: Engine, make_job: MakeJob, directory: Path, tmp_path: Path
) -> None:
    """What it points to stays as it is, and is not taken for the file itself."""
    engine.generate([make_job()])
    client = directory / "client_generated" / "broker_client.py"
    victim = tmp_path / "victim"
    client.rename(victim)
    before = victim.read_bytes()
    client.symlink_to(victim)
    engine.generate([make_job(revision=2)])
    assert victim.read_bytes() == before
    assert not client.is_symlink()


def test_a_link_to_the_right_content_is_still_no_generated_file(
    engine: Engine, make_job: MakeJob, directory: Path, tmp_path: Path
) -> None:
    """Its content may change behind our back."""
    engine.generate([make_job()])
    client = directory / "client_generated" / "broker_client.py"
    client.rename(tmp_path / "elsewhere")
    client.symlink_to(tmp_path / "elsewhere")
    assert engine.plan(make_job()).stale
    engine.generate([make_job()])
    assert not client.is_symlink()


@pytest.mark.parametrize("fault", ["crash", "exit", "raise"])
def test_a_failed_render_leaves_the_old_client(
    engine: Engine, workers: WorkerPool, make_job: MakeJob, directory: Path, fault: str
) -> None:
    """The error names module and target; the next generation works."""
    engine.generate([make_job()])
    before = files_below(directory)
    faulty = Engine([FaultyTarget(fault=fault)], workers=workers)
    with pytest.raises(GenerationFailed, match="cheap client of module 'broker'"):
        faulty.generate([make_job(revision=2)])
    assert files_below(directory) == before
    assert engine.generate([make_job(revision=2)]).changed


def test_a_crash_is_told_with_the_last_words(
    workers: WorkerPool, make_job: MakeJob
) -> None:
    """What the process wrote to stderr is often the only trace."""
    with pytest.raises(WorkerCrashed, match="signal 11") as caught:
        Engine([FaultyTarget(fault="crash")], workers=workers).generate([make_job()])
    assert "the last words" in caught.value.details


def test_an_error_in_the_renderer_is_told_with_its_traceback(
    workers: WorkerPool, make_job: MakeJob
) -> None:
    """Reason in the message, traceback on an attribute."""
    reason = "ValueError: no client for POST /orders"
    with pytest.raises(GenerationFailed, match=reason) as caught:
        Engine([FaultyTarget(fault="raise")], workers=workers).generate([make_job()])
    assert "cheap_target.py" in caught.value.details


def test_one_module_that_fails_does_not_hinder_the_others(
    workers: WorkerPool, make_job: MakeJob, directory: Path
) -> None:
    """Here it is a folder in the way of a file."""
    (directory / "client_generated" / "broker_client.py").mkdir(parents=True)
    jobs = [make_job(), make_job(module="datafeed")]
    engine = Engine([CheapTarget()], workers=workers)
    with pytest.raises(Exception, match="a folder is in the way"):
        engine.generate(jobs)
    assert engine.plan(jobs[1]).stale == ()
    assert list((directory / "client_generated").iterdir()) == [
        directory / "client_generated" / "broker_client.py"
    ]


def test_all_modules_that_fail_are_told_at_once(
    workers: WorkerPool, make_job: MakeJob
) -> None:
    """One error holds theirs."""
    engine = Engine([FaultyTarget(fault="raise")], workers=workers)
    with pytest.raises(SeveralModulesFailed) as caught:
        engine.generate([make_job(), make_job(module="datafeed")])
    assert len(caught.value.errors) == 2
    assert "'broker'" in str(caught.value)
    assert "'datafeed'" in str(caught.value)


async def test_the_event_loop_stays_free(
    workers: WorkerPool, make_job: MakeJob, tmp_path: Path
) -> None:
    """Waiting for a render is waiting, not computing."""
    started = tmp_path / "started"
    engine = Engine([FaultyTarget(fault="hang", started=started)], workers=workers)
    task = asyncio.create_task(engine.generate_async([make_job()]))
    worst = 0.0
    while not started.exists():
        before = time.perf_counter()
        await asyncio.sleep(0.01)
        worst = max(worst, time.perf_counter() - before)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert worst < 0.5


async def test_cancelling_kills_the_worker_and_leaves_the_old_files(
    engine: Engine,
    workers: WorkerPool,
    make_job: MakeJob,
    directory: Path,
    tmp_path: Path,
) -> None:
    """No process, no staging and no lock is left behind."""
    await engine.generate_async([make_job()])
    before = files_below(directory)
    started = tmp_path / "started"
    hanging = Engine([FaultyTarget(fault="hang", started=started)], workers=workers)
    task = asyncio.create_task(hanging.generate_async([make_job(revision=2)]))
    while not started.exists() or not started.read_text():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    pid = int(started.read_text())
    for _ in range(100):
        if not _is_running(pid):
            break
        await asyncio.sleep(0.01)
    assert not _is_running(pid)
    assert files_below(directory) == before
    assert not list((directory / ".codegen").glob("staging-*"))
    assert (await engine.generate_async([make_job(revision=2)])).changed


async def test_waiting_for_another_process_can_be_cancelled(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """The lock is held elsewhere; the start is given up."""
    from modular_api.codegen.lock import module_lock
    from modular_api.codegen.stopping import Stop

    with module_lock(directory, Stop()):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(engine.generate_async([make_job()]), 0.2)
    assert (await engine.generate_async([make_job()])).changed


def test_a_stop_that_was_asked_before_stops_at_once(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """Nothing is written."""
    from modular_api.codegen.stopping import Stop

    stop = Stop()
    stop.ask()
    with pytest.raises(GenerationStopped):
        engine.generate([make_job(), make_job(module="datafeed")], stop=stop)
    assert not (directory / "client_generated").exists()


def test_an_engine_without_a_pool_ends_its_workers(
    make_job: MakeJob, directory: Path, tmp_path: Path
) -> None:
    """Two modules, two processes, none left."""
    started = tmp_path / "started"
    engine = Engine([FaultyTarget(fault="none", started=started)])
    summary = engine.generate([make_job(), make_job(module="datafeed")])
    assert [module.outcome for module in summary.modules] == ["written", "written"]
    assert not _is_running(int(started.read_text()))


def test_long_work_is_mentioned_in_the_log(
    make_job: MakeJob, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody waits, and should know for what."""
    with (
        caplog.at_level(logging.INFO),
        WorkerPool(1, progress_after_s=0.0, timeout_s=0.3) as impatient,
        pytest.raises(GenerationFailed, match="longer than 0.3 s"),
    ):
        Engine([FaultyTarget(fault="hang")], workers=impatient).generate([make_job()])
    assert "generating the cheap client of module 'broker'" in caplog.text


def test_what_a_library_prints_does_not_disturb(
    workers: WorkerPool, make_job: MakeJob, directory: Path
) -> None:
    """Neither from Python nor from C."""
    Engine([FaultyTarget(fault="print")], workers=workers).generate([make_job()])
    assert is_whole((directory / "client_generated" / "broker_client.py").read_text())


def test_nothing_of_the_generator_is_loaded_on_a_warm_start(
    engine: Engine, make_job: MakeJob, directory: Path
) -> None:
    """A fresh process that finds everything fresh imports neither tool nor lock."""
    engine.generate([make_job()])
    code = f"""
import sys
sys.path[:] = {sys.path!r}
from pathlib import Path
from cheap_target import CheapTarget
from modular_api.codegen import Engine, GenerationJob, SpecDocument
document = SpecDocument("v1", {make_job().documents[0].content!r})
job = GenerationJob("broker", Path({str(directory)!r}), (document,))
assert Engine([CheapTarget()]).generate([job]).modules[0].outcome == "fresh"
heavy = {{"autoflake", "black", "filelock", "isort", "openapi_python_client"}}
print(sorted(heavy & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert ran.stdout == "[]\n"


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
