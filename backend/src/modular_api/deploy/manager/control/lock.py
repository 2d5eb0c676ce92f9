"""A folder has one manager: it holds a lock, which also says which process it is."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from modular_api.deploy.manager.errors import AlreadyManaged, BadFolder

LOCK = "manager.lock"

_LOOK_AGAIN_S = 0.01
_LOOKS = 20


@contextmanager
def managing(folder: Path) -> Iterator[None]:
    """Hold the manager's lock on a folder.

    The system releases it when the process ends.

    Raises: AlreadyManaged; BadFolder: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+")
    except OSError as error:
        raise BadFolder(folder, error) from error
    with lock as file:
        if not _locked(file):
            raise AlreadyManaged(manager_pid(folder) or 0, folder)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def _locked(file: TextIO) -> bool:
    """Take the lock; who only looks whether somebody has it has it for a moment."""
    for _ in range(_LOOKS):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_LOOK_AGAIN_S)
    return False


def manager_pid(folder: Path) -> int | None:
    """Return the process of the running manager of a folder; None without one."""
    try:
        with (folder / LOCK).open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text.isdigit() else 0
    except (FileNotFoundError, NotADirectoryError):
        pass
    return None
