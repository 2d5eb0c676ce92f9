"""What the stamp remembers, and that a damaged one is never believed."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from modular_api.codegen.stamp import STAMP_FILE, Stamp, StampState, read_stamp

STAMP = Stamp(
    documents={"b.json": "2", "a.json": "1"},
    tools={"black": "26.10.1"},
    files={"x.py": "4", "_x/y.py": "5"},
)


def test_a_stamp_reads_as_it_was_written(tmp_path: Path) -> None:
    """Writing and reading lose nothing."""
    (tmp_path / STAMP_FILE).write_bytes(STAMP.to_bytes())
    assert read_stamp(tmp_path) == STAMP


def test_the_order_of_entries_leaves_no_trace() -> None:
    """Two stamps of equal content have equal bytes."""
    reordered = Stamp(
        documents=dict(reversed(list(STAMP.documents.items()))),
        tools=STAMP.tools,
        files=dict(reversed(list(STAMP.files.items()))),
    )
    assert reordered.to_bytes() == STAMP.to_bytes()


def test_each_file_has_a_line_of_its_own() -> None:
    """A diff of a stamp shows which files changed."""
    assert b'\n    "_x/y.py": "5",\n    "x.py": "4"\n' in STAMP.to_bytes()


def test_a_folder_without_a_stamp_says_so(tmp_path: Path) -> None:
    """Neither a missing file nor a missing folder is an error."""
    assert read_stamp(tmp_path).state is StampState.MISSING
    assert read_stamp(tmp_path / "nowhere").state is StampState.MISSING


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'{"format": 2}',
        STAMP.to_bytes()[:-20],
        STAMP.to_bytes().replace(b'"complete"', b'"missing"'),
        STAMP.to_bytes().replace(b'"complete"', b"{}"),
        STAMP.to_bytes().replace(b'"26.10.1"', b"26"),
        STAMP.to_bytes().replace(b'"x.py"', b'"../../module.py"'),
        STAMP.to_bytes().replace(b'"x.py"', b'"/etc/passwd"'),
        b"[" * 100_000,
        b"<<<<<<< HEAD\n" + STAMP.to_bytes(),
    ],
)
def test_a_damaged_stamp_is_unreadable_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """Whatever stands in the file: the folder is stale, and nothing is believed."""
    (tmp_path / STAMP_FILE).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        stamp = read_stamp(tmp_path)
    assert stamp == Stamp(state=StampState.UNREADABLE)
    assert STAMP_FILE in caplog.text


def test_an_interrupted_stamp_names_the_files_of_both_sides() -> None:
    """A file that was to be removed is still known after the process died."""
    between = Stamp(files={"x.py": "9", "new.py": "1"}).interrupted(STAMP)
    assert between.state is StampState.INTERRUPTED
    assert between.files == {"x.py": "9", "new.py": "1", "_x/y.py": "5"}
