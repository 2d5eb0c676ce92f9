"""Records become lines of files, and what may be a secret becomes none."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from modular_api.deploy.logs.label import Label
from modular_api.deploy.logs.records import FileRecordHandler
from modular_api.deploy.logs.settings import LogFormat, LogSettings


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger that no other handler hears."""
    log = logging.Logger("of.a.test")
    yield log
    for handler in log.handlers:
        handler.close()


def test_files_are_bounded_and_carry_labels(
    tmp_path: Path, log: logging.Logger
) -> None:
    """One of the process, and the merged one; each is put aside when it is large."""
    settings = LogSettings(tmp_path, most_bytes=200, keep=1)
    handler = FileRecordHandler(Label("manager", "-", 7, "manager"), settings)
    log.addHandler(handler)
    for number in range(6):
        log.warning("line %s", number)
    for name in ("manager.log", "all.log"):
        last = (tmp_path / name).read_text().splitlines()[-1]
        assert last.endswith("WARNING manager[7] manager of.a.test: line 5")
        assert (tmp_path / f"{name}.1").stat().st_size <= 200
    handler.format_of_lines = LogFormat.JSON
    log.warning("as data")
    assert '"message": "as data"' in (tmp_path / "manager.log").read_text()


@pytest.mark.parametrize(
    ("logger", "text", "args"),
    [
        (
            "uvicorn.access",
            '%s - "%s %s HTTP/%s" %d',
            ("1.2.3.4:5", "GET", "/api/v1/a?key=s3cret", "1.1", 200),
        ),
        (
            "uvicorn.error",
            '%s - "WebSocket %s" [accepted]',
            ("1.2.3.4:5", "/api/v1/a?key=s3cret"),
        ),
    ],
)
def test_a_query_is_not_kept(
    tmp_path: Path, logger: str, text: str, args: tuple[object, ...]
) -> None:
    """The path is; the record itself stays as it is for other handlers."""
    handler = FileRecordHandler(Label("a-0", "blue", 7), LogSettings(tmp_path))
    record = logging.LogRecord(logger, logging.INFO, "x.py", 1, text, args, None)
    handler.handle(record)
    told = (tmp_path / "a-0.log").read_text()
    assert "/api/v1/a" in told and "s3cret" not in told
    assert "s3cret" in record.getMessage()
