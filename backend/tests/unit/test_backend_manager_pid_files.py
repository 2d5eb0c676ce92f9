"""What is written down of a process, and whom that proves it to be."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from modular_api.deploy.manager.errors import BadRecord
from modular_api.deploy.manager.processes.identity import Identity
from modular_api.deploy.manager.processes.records import ProcessRecord, Records

pytestmark = pytest.mark.unit


def myself(token: str) -> Identity:
    """Return the identity of this process, which has the token only if it is set."""
    return Identity(os.getpid(), psutil.Process().create_time(), token)


RECORD = ProcessRecord(
    "broker-0",
    "blue",
    Identity(4711, 1000.5, "secret"),
    ("127.0.0.1", 8001),
    ("127.0.0.1", 40001),
    modules=("broker",),
)


def test_a_pid_file_holds_the_number_alone(tmp_path: Path) -> None:
    """Scripts read it with `cat`; who that is stands in another file."""
    records = Records(tmp_path)
    records.write(RECORD)
    records.write_pid("broker-0", 4711)
    assert (tmp_path / "broker-0.pid").read_text() == "4711\n"
    assert json.loads((tmp_path / "broker-0.blue.json").read_text())["identity"] == {
        "pid": 4711,
        "create_time": 1000.5,
        "token": "secret",
    }


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """Every slot has a record of its own; another file is none."""
    records = Records(tmp_path)
    green = replace(RECORD, slot="green", health=None, control="/x.sock", detached=True)
    for record in (RECORD, green):
        records.write(record)
    (tmp_path / "manager.lock").write_text("1")
    assert [*records] == [RECORD, green]


def test_what_is_removed_is_gone(tmp_path: Path) -> None:
    """Also when it is removed twice."""
    records = Records(tmp_path)
    records.write(RECORD)
    records.write_pid("broker-0", 4711)
    for _ in range(2):
        records.remove("broker-0", "blue")
        records.remove_pid("broker-0")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}', '{"pid": 1}'])
def test_a_file_that_is_no_record_is_an_error_with_its_path(
    tmp_path: Path, text: str
) -> None:
    """Nothing is guessed, and nothing is signalled."""
    (tmp_path / "broker-0.blue.json").write_text(text)
    with pytest.raises(BadRecord, match=r"broker-0\.blue\.json was not written by"):
        [*Records(tmp_path)]


@pytest.mark.parametrize("text", ["", "none", "12 13", "-4"])
def test_a_pid_file_that_says_no_number_names_nobody(tmp_path: Path, text: str) -> None:
    """As one that is missing."""
    records = Records(tmp_path)
    assert records.read_pid("broker-0") is None
    (tmp_path / "broker-0.pid").write_text(text)
    assert records.read_pid("broker-0") is None


def test_a_number_alone_proves_nothing() -> None:
    """This process runs, but is none of the manager's: it lacks the token."""
    assert not myself("secret").is_running()
    assert not myself("secret").send(signal.SIGKILL)


def test_number_time_and_token_prove_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """All three of them; what was given away again is somebody else."""
    monkeypatch.setattr(
        psutil.Process, "environ", lambda _: {"MODULAR_API_TOKEN": "secret"}
    )
    assert myself("secret").is_running()
    assert not myself("another").is_running()
    assert not replace(myself("secret"), create_time=1.0).is_running()


def test_a_number_nobody_has_runs_nothing() -> None:
    """And takes no signal."""
    nobody = Identity(2**22 + 1, 1.0, "secret")
    assert not nobody.is_running()
    assert not nobody.send(signal.SIGTERM)
