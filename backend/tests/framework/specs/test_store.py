"""A specification file is read whole and replaced whole."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from modular_api.specs.errors import CorruptSpecFile, UnwritableFolder
from modular_api.specs.store import SpecFile


@pytest.fixture
def file(tmp_path: Path) -> SpecFile:
    """A file that does not exist, in a folder that does not either."""
    return SpecFile(tmp_path / "specs_generated" / "shop_openapi.json")


def test_what_was_written_is_read(file: SpecFile) -> None:
    """The folder is made on the way."""
    assert file.read_bytes() is None
    assert file.write(b'{"a": 1}') is True
    assert (file.read_bytes(), file.load()) == (b'{"a": 1}', {"a": 1})


def test_equal_bytes_are_not_written(file: SpecFile) -> None:
    """The time of the last change stays, so nothing that watches it wakes up."""
    file.write(b"{}")
    os.utime(file.path, ns=(1, 1))
    assert file.write(b"{}") is False
    assert file.path.stat().st_mtime_ns == 1
    assert file.write(b"[]") is True
    assert file.path.stat().st_mtime_ns != 1


def test_nothing_is_left_beside_the_file(file: SpecFile) -> None:
    """After a success."""
    file.write(b"1")
    file.write(b"2")
    assert os.listdir(file.path.parent) == [file.path.name]


def test_others_may_read_the_file(file: SpecFile) -> None:
    """Its mode is that of any new file: the process's umask decides."""
    file.write(b"{}")
    plain = file.path.with_name("plain")
    plain.touch()
    assert file.path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("failing", ["replace", "write"])
def test_a_failure_leaves_the_old_file_and_no_litter(
    file: SpecFile, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A full disk is met while writing, or at the last moment."""
    file.write(b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if failing == "replace":
        monkeypatch.setattr(os, "replace", full)
    else:
        # The process may hold no file larger than this.
        old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(UnwritableFolder) as caught:
            file.write(b"new" * 10)
    finally:
        if failing == "write":
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, old)
    assert str(file.path) in str(caught.value)
    assert file.read_bytes() == b"old"
    assert os.listdir(file.path.parent) == [file.path.name]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Here a file stands in its place; the message says what to do."""
    (tmp_path / "specs_generated").write_text("")
    file = SpecFile(tmp_path / "specs_generated" / "shop_openapi.json")
    with pytest.raises(
        UnwritableFolder, match=r"cannot be written.*[Mm]ake the folder"
    ):
        file.write(b"{}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{\n  "a": 1,\n<<<<<<< HEAD\n', "line 3, column 1"),
        (b"", "line 1, column 1"),
        (b'{\n "a": "\xff"}', "line 2, column 8: not UTF-8"),
        (b"[1]", "it holds a list"),
        (b"[" * 100_000, "nested too deeply"),
    ],
    ids=["conflict", "empty", "encoding", "list", "deep"],
)
def test_a_corrupt_file_is_told_with_its_place(
    file: SpecFile, content: bytes, reason: str
) -> None:
    """Where it is wrong, and what to do about it."""
    file.write(content)
    with pytest.raises(CorruptSpecFile) as caught:
        file.load()
    assert reason in str(caught.value)
    assert str(file.path) in str(caught.value) and "generate again" in str(caught.value)


def test_a_corrupt_file_can_be_replaced(file: SpecFile) -> None:
    """That is how it is mended."""
    file.write(b"<<<<")
    file.write(b"{}")
    assert file.load() == {}


def test_a_missing_file_cannot_be_loaded(file: SpecFile) -> None:
    """`read_bytes` is the question whether there is one."""
    with pytest.raises(CorruptSpecFile, match="no such file"):
        file.load()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """It can neither be read nor replaced."""
    with pytest.raises(CorruptSpecFile):
        SpecFile(tmp_path).read_bytes()
    with pytest.raises(UnwritableFolder):
        SpecFile(tmp_path).write(b"{}")
