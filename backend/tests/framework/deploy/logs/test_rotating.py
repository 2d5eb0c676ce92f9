"""Log files stay small, whoever writes them."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path
from typing import Any

import pytest

from modular_api.deploy.logs.rotating import RotatingFile


def text_of(path: Path) -> str:
    return path.read_text()


def test_a_large_file_is_put_aside(tmp_path: Path) -> None:
    """The youngest is .1; those beyond the number are gone."""
    path = tmp_path / "logs" / "x.log"
    file = RotatingFile(path, most_bytes=4, keep=2)
    for line in (b"aaa\n", b"bbb\n", b"ccc\n", b"ddd\n"):
        file.write(line)
    file.close()
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "x.log",
        "x.log.1",
        "x.log.2",
    ]
    assert text_of(path) == "ddd\n"
    assert text_of(path.with_name("x.log.1")) == "ccc\n"
    assert text_of(path.with_name("x.log.2")) == "bbb\n"


def test_a_line_longer_than_a_file_has_one_of_its_own(tmp_path: Path) -> None:
    """It is not cut, and does not put an empty file aside."""
    file = RotatingFile(tmp_path / "x.log", most_bytes=4, keep=2)
    file.write(b"longer than that\n")
    file.close()
    assert [each.name for each in tmp_path.iterdir()] == ["x.log"]


def test_without_any_to_keep_it_begins_anew(tmp_path: Path) -> None:
    """Only the current file is there."""
    file = RotatingFile(tmp_path / "x.log", most_bytes=4, keep=0)
    file.write(b"aaa\n")
    file.write(b"bbb\n")
    file.close()
    assert [each.name for each in tmp_path.iterdir()] == ["x.log"]
    assert text_of(tmp_path / "x.log") == "bbb\n"


def test_a_removed_file_is_begun_anew(tmp_path: Path) -> None:
    """`make logs-clean` may run while everything serves."""
    file = RotatingFile(tmp_path / "x.log", most_bytes=100, keep=1)
    file.write(b"a\n")
    (tmp_path / "x.log").unlink()
    file.write(b"b\n")
    file.close()
    assert text_of(tmp_path / "x.log") == "b\n"


def test_several_writers_lose_no_line(tmp_path: Path) -> None:
    """Each has the file open on its own, as processes have."""
    path = tmp_path / "x.log"

    def write(name: int) -> None:
        file = RotatingFile(path, most_bytes=2000, keep=100)
        for number in range(200):
            file.write(f"{name} {number}\n".encode())
        file.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = list(tmp_path.iterdir())
    lines = [line for each in files for line in text_of(each).splitlines()]
    assert sorted(lines) == sorted(f"{n} {i}" for n in range(4) for i in range(200))
    assert len(files) > 2
    assert all(each.stat().st_size <= 2000 + 8 * 4 for each in files)


def test_a_full_disk_is_an_error_of_the_write(tmp_path: Path) -> None:
    """The caller decides what it means."""
    path = tmp_path / "x.log"
    path.symlink_to("/dev/full")
    file = RotatingFile(path, most_bytes=100, keep=1)
    with pytest.raises(OSError, match="No space left"):
        file.write(b"a\n")
    file.close()


def test_a_file_is_put_aside_once_where_two_want_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for the lock finds the file moved, and leaves the new one in place."""
    path = tmp_path / "x.log"
    slow, fast = (RotatingFile(path, most_bytes=4, keep=3) for _ in range(2))
    slow.write(b"aaa\n")
    lock = fcntl.flock

    def be_overtaken(*arguments: Any) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        fast.write(b"bbb\n")
        lock(*arguments)

    monkeypatch.setattr(fcntl, "flock", be_overtaken)
    slow.write(b"\n")
    for file in (slow, fast):
        file.close()
    assert text_of(path) == "bbb\n\n"
    assert text_of(path.with_name("x.log.1")) == "aaa\n"
    assert not path.with_name("x.log.2").exists()
