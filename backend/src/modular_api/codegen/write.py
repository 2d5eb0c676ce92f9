"""Replace a module's generated files so that readers never find one missing.

All new content is first written to a separate folder: if the disk is full, it fails
there and everything stays as it was. Then each file that differs is moved into place by
one `os.replace`, so a reader sees the old file or the new one, never a part:

1. the stamp that says "interrupted", naming the files of before and after;
2. files that did not exist, which nobody imports yet; undone if one fails;
3. files that change, the deepest first and `__init__.py` last in its folder, so that
   a file comes after those it imports;
4. removal of obsolete files, which nobody imports any more;
5. the stamp that says "complete".

A process that dies in between leaves whole files and the first stamp, and the next run
does everything again. Files are not flushed to the device: the stamp holds the hash of
each, so files damaged by a power cut are found and generated again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path, PurePosixPath

from modular_api.codegen.disk import digest_of
from modular_api.codegen.errors import write_failed
from modular_api.codegen.paths import check_no_links

_STAGING = "staging-"
_UNTOUCHED = "The files are as they were."
_MIXTURE = "Old and new files stand side by side until the next run succeeds."


@dataclass(frozen=True)
class StampContent:
    """The two states of a stamp during a swap."""

    interrupted: bytes
    complete: bytes


@dataclass(frozen=True)
class Swap:
    """The files a module should have; paths are below its folder.

    Attributes:
        files: the content of every file.
        obsolete: the previous files; those not among `files` are removed.
        stamps: written if any file is written, or if they differ.
    """

    files: Mapping[str, bytes]
    obsolete: Collection[str] = ()
    stamps: Mapping[str, StampContent] = field(default_factory=dict)


@dataclass(frozen=True)
class Changes:
    """What a swap changed; stamps are not counted."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


@contextmanager
def staging_folder(
    directory: Path, work_folder: Path, folders: Collection[str]
) -> Iterator[Path]:
    """Create a folder for new content; it is removed at the end of the block.

    Enter it under the module's lock, because it removes what a dead process left, and
    before the long work, because it checks whether writing is allowed.

    Args:
        folders: the folders below `directory` that will be written to.
    Raises: UnwritableTree, WriteFailed
    """
    try:
        for leftover in work_folder.glob(f"{_STAGING}*"):
            shutil.rmtree(leftover)
        for name in folders:
            _check_writable(directory / name)
        staging = Path(tempfile.mkdtemp(dir=work_folder, prefix=_STAGING))
    except OSError as error:
        raise write_failed(directory, error, _UNTOUCHED) from error
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def swap_in(directory: Path, staging: Path, swap: Swap) -> Changes:
    """Make the files below `directory` those of `swap`, as the module's docstring says.

    Files that are already up to date keep their mtime.

    Raises:
        UnsafePath: a path leads through a symbolic link; nothing was written.
        UnwritableTree, WriteFailed: the message says what state the files are in.
    """
    try:
        for path in (*swap.files, *swap.stamps):
            check_no_links(directory, path)
        changes = _changes(directory, swap)
        moves = _stage(directory, staging, swap, changes)
    except OSError as error:
        raise write_failed(directory, error, _UNTOUCHED) from error

    done: list[Path] = []
    try:
        for move in (*moves.opening, *moves.added):
            _move(move, done)
    except OSError as error:
        _undo(done, moves.before)
        raise write_failed(directory, error, _UNTOUCHED) from error

    try:
        for move in moves.changed:
            _move(move, done)
        for removed in changes.removed:
            remove_file(directory, removed)
        for move in moves.closing:
            _move(move, done)
    except OSError as error:
        raise write_failed(directory, error, _MIXTURE) from error
    return changes


def remove_file(directory: Path, path: str) -> None:
    """Remove a generated file, its compiled file, and folders that are then empty."""
    file = directory / path
    file.unlink(missing_ok=True)
    # The compiled file could be taken for that of a later source of the same size and
    # time, and its folder would stay as a namespace package.
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink(missing_ok=True)
    for folder in file.parents:
        if folder == directory or not folder.is_dir():
            return
        with os.scandir(folder) as entries:
            names = {entry.name for entry in entries}
        if not names <= {"__pycache__"}:
            return
        shutil.rmtree(folder)


@dataclass(frozen=True)
class _Move:
    staged: Path
    target: Path


@dataclass(frozen=True)
class _Moves:
    """The new files and their destinations, in the order of the module's docstring.

    Attributes:
        before: copies of the stamps, to restore; None for one that did not exist.
    """

    opening: Sequence[_Move]
    added: Sequence[_Move]
    changed: Sequence[_Move]
    closing: Sequence[_Move]
    before: Mapping[Path, Path | None]


def _changes(directory: Path, swap: Swap) -> Changes:
    written = sorted(
        path
        for path, content in swap.files.items()
        if _differs(directory / path, content)
    )
    removed = sorted(
        path
        for path in set(swap.obsolete) - swap.files.keys()
        if os.path.lexists(directory / path)
    )
    return Changes(tuple(written), tuple(removed), len(swap.files) - len(written))


def _stage(directory: Path, staging: Path, swap: Swap, changes: Changes) -> _Moves:
    """Write every file that will be moved to the staging folder."""
    # Files are named by number, so there are no folders to create and no *.py files
    # that would wake up a reloader.
    names = (staging / str(number) for number in count())

    def write(content: bytes) -> Path:
        path = next(names)
        path.write_bytes(content)
        return path

    moves = {}
    for path in changes.written:
        target = directory / path
        if target.is_dir() and not target.is_symlink():
            raise IsADirectoryError(errno.EISDIR, "a folder is in the way", str(target))
        moves[path] = _Move(write(swap.files[path]), target)
        _outdate_compiled(moves[path])
    stamps = {
        directory / path: stamp
        for path, stamp in swap.stamps.items()
        if changes.written
        or changes.removed
        or _differs(directory / path, stamp.complete)
    }
    added = {path for path, move in moves.items() if not move.target.exists()}
    changed = sorted(moves.keys() - added, key=_importers_last)
    return _Moves(
        opening=[_Move(write(stamp.interrupted), at) for at, stamp in stamps.items()],
        added=[moves[path] for path in sorted(added)],
        changed=[moves[path] for path in changed],
        closing=[_Move(write(stamp.complete), at) for at, stamp in stamps.items()],
        before={at: write(at.read_bytes()) if at.exists() else None for at in stamps},
    )


def _differs(path: Path, content: bytes) -> bool:
    return digest_of(path) != hashlib.sha256(content).hexdigest()


def _outdate_compiled(move: _Move) -> None:
    """Make sure that Python compiles the new content.

    Python takes a .pyc for current when the source has the recorded size and mtime in
    whole seconds, so it cannot tell two generations within one second apart.
    """
    try:
        before = int(move.target.lstat().st_mtime)
    except FileNotFoundError:
        return
    if int(move.staged.stat().st_mtime) <= before:
        os.utime(move.staged, (before + 1, before + 1))


def _importers_last(path: str) -> tuple[int, bool, str]:
    parts = PurePosixPath(path).parts
    return -len(parts), parts[-1] == "__init__.py", path


def _move(move: _Move, done: list[Path]) -> None:
    """Move a file into place and create its folders; add what was created to `done`."""
    missing = takewhile(lambda folder: not folder.is_dir(), move.target.parents)
    for folder in reversed(list(missing)):
        folder.mkdir()
        done.append(folder)
    os.replace(move.staged, move.target)
    done.append(move.target)


def _undo(done: list[Path], before: Mapping[Path, Path | None]) -> None:
    for path in reversed(done):
        kept = before.get(path)
        with suppress(OSError):
            if kept is not None:
                os.replace(kept, path)
            elif path.is_dir():
                path.rmdir()
            else:
                path.unlink()


def _check_writable(folder: Path) -> None:
    effective = os.access in os.supports_effective_ids
    if folder.is_dir() and not os.access(
        folder, os.W_OK | os.X_OK, effective_ids=effective
    ):
        raise PermissionError(errno.EACCES, "no permission to write", str(folder))
