"""Files are replaced whole, or not at all."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modular_api.whole_files import replace_file


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    file = tmp_path / "a" / "b" / "file.txt"
    assert replace_file(file, b"new") is True
    assert file.read_bytes() == b"new"
    assert os.listdir(file.parent) == ["file.txt"]


def test_the_same_content_is_not_written_again(tmp_path: Path) -> None:
    """The file stays what it was, with its time; nothing is checked."""
    file = tmp_path / "file.txt"
    replace_file(file, b"same")
    before = file.stat()

    def refuse(draft: Path) -> None:
        raise AssertionError(draft)

    assert replace_file(file, b"same", check=refuse) is False
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_check_sees_the_new_content_while_the_old_is_in_place(
    tmp_path: Path,
) -> None:
    """The draft lies beside the file, so that relative paths in it mean the same."""
    file = tmp_path / "file.txt"
    file.write_bytes(b"old")
    seen = []

    def check(draft: Path) -> None:
        seen.append((draft.parent, draft.read_bytes(), file.read_bytes()))

    assert replace_file(file, b"new", check=check) is True
    assert seen == [(tmp_path, b"new", b"old")]
    assert file.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt()])
def test_what_a_check_refuses_changes_nothing(
    tmp_path: Path, error: BaseException
) -> None:
    """Not even a draft is left."""
    file = tmp_path / "file.txt"
    file.write_bytes(b"old")

    def refuse(draft: Path) -> None:
        raise error

    with pytest.raises(type(error)):
        replace_file(file, b"new", check=refuse)
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_a_failure_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of the operating system is told."""
    file = tmp_path / "file.txt"
    file.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(file, b"new")
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    """What stands in a file's place stays."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"):
        replace_file(folder, b"new")
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize(("mode", "expected"), [(0o666, 0o640), (0o600, 0o600)])
def test_permissions_are_those_of_any_new_file(
    tmp_path: Path, mode: int, expected: int
) -> None:
    """Whatever the replaced file had; the umask counts."""
    file = tmp_path / "file.txt"
    file.write_bytes(b"old")
    file.chmod(0o777)
    umask = os.umask(0o027)
    try:
        replace_file(file, b"new", mode=mode)
    finally:
        os.umask(umask)
    assert file.stat().st_mode & 0o777 == expected


def test_writers_that_meet_leave_one_whole_file(tmp_path: Path) -> None:
    """Drafts of one process or of many have names of their own."""
    file = tmp_path / "file.txt"
    contents = [bytes([number]) * 100_000 for number in range(8)]

    def write(content: bytes) -> None:
        for _ in range(20):
            replace_file(file, content)
            assert file.read_bytes() in contents

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, contents))
    assert file.read_bytes() in contents
    assert os.listdir(tmp_path) == ["file.txt"]
