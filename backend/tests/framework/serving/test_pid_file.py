"""Pid files: one process and no other."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest

from modular_api.serving.errors import PidFileError
from modular_api.serving.pid_file import keep_pid_file, recorded_process
from tests.framework.conftest import Invoke


def write_record(path: Path, pid: int, create_time: float) -> None:
    """Write a pid file as another process would have."""
    path.write_text(json.dumps({"pid": pid, "create_time": create_time, "port": 1}))


def test_the_file_exists_as_long_as_the_process_serves(tmp_path: Path) -> None:
    """It names this process, and is gone afterwards."""
    path = tmp_path / "run" / "server.json"
    with keep_pid_file(path, 8000):
        process = recorded_process(path)
        assert process is not None
        assert process.pid == os.getpid()
        assert json.loads(path.read_text())["port"] == 8000
    assert not path.exists()


def test_a_file_of_a_running_process_is_not_taken_over(tmp_path: Path) -> None:
    """Or that process could not be found any more."""
    path = tmp_path / "server.json"
    with keep_pid_file(path, 1):
        with pytest.raises(PidFileError, match=f"process {os.getpid()}"):
            keep_pid_file(path, 2).__enter__()
        assert json.loads(path.read_text())["port"] == 1


def test_a_file_left_by_a_crash_is_taken_over(tmp_path: Path) -> None:
    """The process id may belong to somebody else by now; the time tells."""
    path = tmp_path / "server.json"
    write_record(path, os.getpid(), create_time=1.0)
    with keep_pid_file(path, 2):
        assert json.loads(path.read_text())["port"] == 2


@pytest.mark.parametrize("seconds", [-0.9, 0.9])
def test_a_corrected_clock_does_not_hide_a_process(
    tmp_path: Path, seconds: float
) -> None:
    """psutil tells another time then, for the same process; it is still found."""
    path = tmp_path / "server.json"
    write_record(path, os.getpid(), psutil.Process().create_time() + seconds)
    process = recorded_process(path)
    assert process is not None
    assert process.pid == os.getpid()
    with pytest.raises(PidFileError, match="is running"):
        keep_pid_file(path, 2).__enter__()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The folder is a file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PidFileError, match="Cannot write"):
        keep_pid_file(tmp_path / "file" / "server.json", 1).__enter__()


class TestKill:
    def test_without_a_file_there_is_nothing_to_stop(
        self, tmp_path: Path, invoke: Invoke
    ) -> None:
        """No error: nothing runs, as wished."""
        result = invoke("kill", "--pid-file", str(tmp_path / "none.json"))
        assert result.exit_code == 0
        assert "Nothing to stop" in result.stdout

    def test_a_stranger_with_the_same_id_is_left_alone(
        self, tmp_path: Path, invoke: Invoke
    ) -> None:
        """This very process survives, and the stale file is removed."""
        path = tmp_path / "server.json"
        write_record(path, os.getpid(), psutil.Process().create_time() - 5)
        result = invoke("kill", "--pid-file", str(path))
        assert result.exit_code == 0
        assert "has ended" in result.stdout
        assert not path.exists()

    @pytest.mark.parametrize("text", ["", "123", '{"pid": "x", "create_time": 1}'])
    def test_a_file_of_something_else_is_left_alone(
        self, tmp_path: Path, invoke: Invoke, text: str
    ) -> None:
        """It is neither believed nor removed."""
        path = tmp_path / "server.json"
        path.write_text(text)
        result = invoke("kill", "--pid-file", str(path))
        assert result.exit_code == 1
        assert "was not written by" in result.stderr
        assert path.exists()
