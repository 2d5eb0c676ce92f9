"""A log file of a bounded size, which several processes may write to."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


class RotatingFile:
    """Appends whole lines; once the file is large, it is put aside and begun anew.

    `x.log` becomes `x.log.1`, which was `x.log.2` before, and so on. Whoever puts it
    aside holds a lock on it, so that of several writers only one does. One that finds
    the file moved or removed opens the new one; no line is lost by that.

    Args:
        keep: how many files are kept beside the current one.
    """

    def __init__(self, path: Path, most_bytes: int, keep: int) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._keep = keep
        self._fd = self._open()

    def write(self, lines: bytes) -> None:
        """Append lines; they stay together, whoever else writes.

        Raises: OSError: the disk is full, or the folder cannot be written.
        """
        size = self._current_size()
        if size and size + len(lines) > self._most_bytes:
            self._put_aside()
        while lines:
            lines = lines[os.write(self._fd, lines) :]

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path, flags, 0o644)

    def _current_size(self) -> int:
        if not self._is_current():
            os.close(self._fd)
            self._fd = self._open()
        return os.fstat(self._fd).st_size

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._fd), os.stat(self._path))
        except FileNotFoundError:
            return False

    def _put_aside(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_EX)  # until it is closed
        if self._is_current():  # else somebody was faster
            put_aside(self._path, self._keep)
        os.close(self._fd)
        self._fd = self._open()


def put_aside(path: Path, keep: int) -> None:
    """Rename a file to `x.log.1`, which becomes `x.log.2`, and so on.

    Whoever has it open writes on into the renamed one until it opens the path again.

    Args:
        keep: how many are kept; the oldest gives way.
    """
    if keep == 0:
        path.unlink(missing_ok=True)
    for number in range(keep, 0, -1):
        younger = f"{path.name}.{number - 1}" if number > 1 else path.name
        with suppress(FileNotFoundError):
            os.replace(path.with_name(younger), path.with_name(f"{path.name}.{number}"))
