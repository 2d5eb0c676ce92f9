"""What is kept on disk of a process."""

from __future__ import annotations

import stat
from pathlib import Path

from modular_api.deploy.manager.processes.identity import Identity
from modular_api.deploy.manager.processes.records import ProcessRecord, Records

RECORD = ProcessRecord(
    "broker-0",
    "blue",
    Identity(7, 1.5, "secret"),
    ("127.0.0.1", 8001),
    health=("127.0.0.1", 40001),
    modules=("broker",),
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    records = Records(tmp_path / "pids")
    records.write(RECORD)
    assert list(records) == [RECORD]
    records.remove("broker-0", "blue")
    assert list(records) == []


def test_a_token_is_for_nobody_else(tmp_path: Path) -> None:
    """Whoever knows it is given the listening socket of the process."""
    records = Records(tmp_path)
    records.write(RECORD)
    [file] = tmp_path.iterdir()
    assert "secret" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
