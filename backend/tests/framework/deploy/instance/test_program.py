"""The process of an instance: what its manager can rely on."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from modular_api.deploy.instance.handover import take_listener
from modular_api.deploy.logs.settings import LogFormat, LogSettings

if TYPE_CHECKING:
    from tests.framework.deploy.instance.conftest import Process

Start = Callable[..., "Process"]

LINE = re.compile(
    r"^\S+ \S+ [A-Z]+ +work-0\[(\d+)\] (work|-)( \S+)?( \[\S+\])?: ", re.A
)


def test_it_serves_logs_and_stops(start: Start, tmp_path: Path) -> None:
    """One life: ready by a byte, every line labelled, exit code 0, nothing left."""
    control = tmp_path / "work.sock"
    settings = LogSettings(tmp_path / "logs", module_levels={"work": "debug"})
    process = start(control=str(control), log=settings)
    assert process.wait_ready()

    # It hands its listening socket to who knows the token, and to nobody else.
    assert take_listener(control, "another") is None
    listener = take_listener(control, "token")
    assert listener is not None
    with listener:
        assert listener.getsockname()[1] == process.port

    assert process.get("/api/v1/work/speak") == "said"
    url = f"http://127.0.0.1:{process.port}/api/v1/work/fail"
    request = urllib.request.Request(url, headers={"x-request-id": "id-of-mine"})
    with pytest.raises(urllib.error.HTTPError, match="500") as failure:
        urllib.request.urlopen(request, timeout=5)
    failure.value.close()
    merged = process.wait_for_log("ZeroDivisionError: by purpose")
    for word in ("logged", "detail", "printed", "raw", "GET /api/v1/work/speak"):
        assert word in merged
    unlabelled = [line for line in merged.splitlines() if not LINE.match(line)]
    assert not unlabelled
    assert {LINE.match(line)[1] for line in merged.splitlines()} == {  # type: ignore[index] # all match
        str(process.popen.pid)
    }
    of_failure = [line for line in merged.splitlines() if "by purpose" in line]
    assert any("[id-of-mine]" in line for line in of_failure)

    relay = psutil.Process(process.popen.pid).children()
    assert process.stop() == 0
    assert not any(each.is_running() for each in relay)
    assert "drained in" in process.log()
    assert "left in peace" in process.log()
    assert process.log() == process.log("all.log")
    assert not control.exists()


def test_a_request_in_flight_survives_the_order_to_stop(start: Start) -> None:
    """And what connects meanwhile is answered by the process in the other slot."""
    old = start()
    assert old.wait_ready()
    answers: list[str] = []
    asking = threading.Thread(
        target=lambda: answers.append(old.get("/api/v1/work/wait"))
    )
    asking.start()
    new = start(slot="green")
    assert new.wait_ready()
    old.popen.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 5
    while old.popen.poll() is None:
        assert new.get("/api/v1/work/speak") == "said"
        assert time.monotonic() < deadline
    asking.join(5)
    assert answers == ["done"]
    assert old.popen.returncode == 0


def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    """Even where a handler blocks the event loop; SIGQUIT has told its place before."""
    process = start()
    assert process.wait_ready()
    with pytest.raises(TimeoutError):
        process.get("/api/v1/work/block", timeout=0.2)
    process.popen.send_signal(signal.SIGQUIT)
    stacks = process.wait_for_log("time.sleep(30)")
    assert "Thread MainThread" in stacks
    assert "Task " in stacks
    began = time.monotonic()
    assert process.stop() == 1
    assert time.monotonic() - began < 1


def test_it_does_not_outlive_its_manager(start: Start) -> None:
    """The end of a pipe tells, whatever killed the manager; a moment is left."""
    process = start()
    assert process.wait_ready()
    began = time.monotonic()
    os.close(process.life_end)
    assert process.popen.wait(5) == 0
    assert time.monotonic() - began < 1.5


def test_it_serves_on_where_its_log_is_killed(start: Start) -> None:
    """What prints does not fail; the lines stand in the file without a label."""
    process = start()
    assert process.wait_ready()
    [relay] = psutil.Process(process.popen.pid).children()
    relay.kill()
    deadline = time.monotonic() + 5
    while "which kept the logs, is gone" not in process.log():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.get("/api/v1/work/speak") == "said"
    assert {"printed", "raw"} <= set(process.log().splitlines())
    assert process.stop() == 0


@pytest.mark.slow
def test_it_does_not_outlive_its_manager_where_its_loop_is_blocked(
    start: Start,
) -> None:
    """A thread of its own waits, and insists."""
    process = start()
    assert process.wait_ready()
    with pytest.raises(TimeoutError):
        process.get("/api/v1/work/block", timeout=0.2)
    os.close(process.life_end)
    assert process.popen.wait(5) == 1


def test_an_app_that_does_not_start_is_told_with_its_reason(
    start: Start, modules_dir: Path
) -> None:
    """In the log, as the last words; it is never ready."""
    (modules_dir / "work" / "module.py").write_text("import nothing_of_this_name\n")
    process = start(log=LogSettings(modules_dir.parent / "logs", format=LogFormat.JSON))
    assert not process.wait_ready()
    assert process.popen.wait(5) == 1
    records = [json.loads(line) for line in process.log().splitlines()]
    assert any("nothing_of_this_name" in record["message"] for record in records)
    assert {record["pid"] for record in records} == {process.popen.pid}


def test_the_last_words_of_a_killed_process_are_kept(start: Start) -> None:
    """What was written is in the files, though nobody could flush it."""
    process = start()
    assert process.wait_ready()
    assert process.get("/api/v1/work/speak") == "said"
    assert process.stop(signal.SIGKILL) == -signal.SIGKILL
    assert "raw" in process.wait_for_log("GET /api/v1/work/speak")


def test_what_the_app_starts_does_not_keep_the_port(
    start: Start, tmp_path: Path
) -> None:
    """A program that outlives the instance would hold its listening socket."""
    process = start(control=str(tmp_path / "work.sock"))
    assert process.wait_ready()
    assert process.get("/api/v1/work/inherited") == []
    taken = take_listener(tmp_path / "work.sock", "token")
    assert taken is not None
    with taken:
        assert not taken.get_inheritable()


def test_it_serves_on_the_faster_loop_and_parser_where_they_are(start: Start) -> None:
    pytest.importorskip("uvloop")
    pytest.importorskip("httptools")
    process = start()
    assert process.wait_ready()
    url = f"http://127.0.0.1:{process.health_port}/health/ready"
    with urllib.request.urlopen(url, timeout=5) as answer:
        about = json.load(answer)
    assert (about["loop"], about["http"]) == ("uvloop", "httptools")
