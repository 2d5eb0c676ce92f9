"""A refused write leaves everything as it was: full disk, file size limit, permissions."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from cheap_target import checked, is_whole, without_root

from modular_api.codegen.errors import UnwritableTree, WriteFailed
from modular_api.codegen.lock import module_lock
from modular_api.codegen.stopping import Stop
from modular_api.codegen.write import StampContent, Swap, staging_folder, swap_in

HERE = Path(__file__).parent
PAGE = 4096


def content_of(revision: int) -> dict[str, bytes]:
    """Files of which half change with the revision, and one is named after it."""
    names = [f"client_generated/_broker/op_{number}.py" for number in range(6)]
    files = {
        name: checked(f"# {revision if number % 2 else 0}{'x' * 3 * PAGE}").encode()
        for number, name in enumerate(names)
    }
    files[f"client_generated/_broker/new/only_{revision}.py"] = checked("#").encode()
    return files


def stamps_of(revision: int) -> dict[str, StampContent]:
    complete = f'"complete {revision}"'.encode()
    return {"client_generated/generated.json": StampContent(b'"open"', complete)}


def swap(directory: Path, revision: int, obsolete: Mapping[str, bytes]) -> None:
    new = Swap(content_of(revision), set(obsolete), stamps_of(revision))
    with (
        module_lock(directory, Stop()) as work_folder,
        staging_folder(directory, work_folder, ["client_generated"]) as staging,
    ):
        swap_in(directory, staging, new)


def generated_files(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and ".codegen" not in path.parts
    }


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """Mount a small file system of its own."""
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={64 * PAGE}", "tmpfs", folder], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(folder: Path, leave_pages: int) -> None:
    """Take all space of a file system but some pages."""
    (folder / "filler").unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free - leave_pages * PAGE
    (folder / "filler").write_bytes(b"\0" * free)


def failure_of(directory: Path) -> int | None:
    """Swap to the second revision; the number of the error that stopped it."""
    try:
        swap(directory, 2, content_of(1))
    except WriteFailed as error:
        return error.cause.errno
    return None


needs_mount = pytest.mark.skipif(
    os.geteuid() != 0, reason="mounting a small tmpfs takes root"
)


@needs_mount
def test_a_full_disk_leaves_the_old_files(tmp_path: Path) -> None:
    """With every amount of free space, from none at all to enough."""
    stamps = {path: stamp.complete for path, stamp in stamps_of(2).items()}
    after = content_of(2) | stamps
    outcomes: list[int | None] = []
    with full_disk(tmp_path / "disk") as disk:
        directory = disk / "broker"
        for leave_pages in range(26):
            (disk / "filler").unlink(missing_ok=True)
            shutil.rmtree(directory, ignore_errors=True)
            swap(directory, 1, {})
            before = generated_files(directory)
            fill(disk, leave_pages)
            outcomes.append(failure_of(directory))
            expected = before if outcomes[-1] else after
            assert generated_files(directory) == expected
            assert not list((directory / ".codegen").glob("staging-*"))
    assert set(outcomes) == {errno.ENOSPC, None}
    assert outcomes.index(None) == outcomes.count(errno.ENOSPC)


@needs_mount
def test_a_full_disk_at_the_first_generation_leaves_nothing(tmp_path: Path) -> None:
    """No folder either, which would be importable as a namespace package."""
    with full_disk(tmp_path / "disk") as disk:
        (disk / "broker").mkdir()
        fill(disk, 8)
        with pytest.raises(WriteFailed, match="as they were"):
            swap(disk / "broker", 1, {})
        assert generated_files(disk / "broker") == {}
        assert not (disk / "broker" / "client_generated").exists()


def test_a_file_size_limit_leaves_the_old_files(directory: Path) -> None:
    """A write that ends in the middle of a file, without a file system of one's own."""
    swap(directory, 1, {})
    before = generated_files(directory)
    code = f"""
import resource, sys
sys.path[:] = {[str(HERE), *sys.path]!r}
from pathlib import Path
from test_write import content_of, swap
resource.setrlimit(resource.RLIMIT_FSIZE, ({2 * PAGE}, {2 * PAGE}))
swap(Path({str(directory)!r}), 2, content_of(1))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert "File too large" in ran.stderr
    assert "WriteFailed" in ran.stderr
    assert generated_files(directory) == before


def test_a_move_that_is_refused_takes_back_the_moves_before(directory: Path) -> None:
    """New files that nothing imports yet go again, and their folders."""
    swap(directory, 1, {})
    before = generated_files(directory)
    # A name that no folder can hold is only met when it is moved there.
    files = content_of(2) | {f"client_generated/new/{'z' * 256}.py": b""}
    new = Swap(files, (), stamps_of(2))
    with (
        module_lock(directory, Stop()) as work_folder,
        staging_folder(directory, work_folder, ["client_generated"]) as staging,
        pytest.raises(WriteFailed, match="as they were"),
    ):
        swap_in(directory, staging, new)
    assert generated_files(directory) == before
    assert not (directory / "client_generated" / "new").exists()


def test_leftovers_of_a_process_that_died_are_removed(directory: Path) -> None:
    """The next one to hold the lock clears them away."""
    left = directory / ".codegen" / "staging-left"
    left.mkdir(parents=True)
    (left / "0").write_text("half")
    swap(directory, 1, {})
    assert not left.exists()
    assert all(
        is_whole(content.decode())
        for path, content in generated_files(directory).items()
        if path.endswith(".py") and "_broker" in path
    )


@pytest.mark.parametrize("closed", ["", "client_generated"])
def test_a_folder_without_permission_is_named(
    public_directory: Path, closed: str
) -> None:
    """The module's folder, or one that is to be written in it."""
    directory = public_directory
    swap(directory, 1, {})
    before = generated_files(directory)
    (directory / closed).chmod(0o555)
    with without_root(), pytest.raises(UnwritableTree) as caught:
        swap(directory, 2, content_of(1))
    assert str(directory) in str(caught.value)
    assert "Make it writable" in str(caught.value)
    assert generated_files(directory) == before


@needs_mount
def test_a_read_only_file_system_is_named(tmp_path: Path) -> None:
    """Nobody may write there, whatever the permissions say."""
    with full_disk(tmp_path / "disk") as disk:
        (disk / "broker").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(UnwritableTree, match="Read-only file system"):
            swap(disk / "broker", 1, {})
