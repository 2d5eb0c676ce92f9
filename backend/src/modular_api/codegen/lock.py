"""One process at a time generates into a module's folder.

The lock lies in the folder it guards, so that everybody who can write there meets the
same one: containers with a shared volume, users with temporary folders of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modular_api.codegen.errors import write_failed
from modular_api.codegen.stopping import Stop

log = logging.getLogger(__name__)

WORK_FOLDER = ".codegen"
"""Folder of the lock and of files on their way; it hides itself from git."""

_UNTOUCHED = "Nothing was written."
_POLL_S = 0.02


@contextmanager
def module_lock(directory: Path, stop: Stop) -> Iterator[Path]:
    """Hold the lock of a module's folder; made if it is missing.

    The operating system lets go of it when the process ends, however it ends.

    Yields: the work folder, on the same file system as what is generated.
    Raises:
        UnwritableTree, WriteFailed: the lock cannot be made.
        GenerationStopped: somebody asked to stop while it was held elsewhere.
    """
    # Only a start that has something to write comes here.
    from filelock import FileLock, Timeout

    try:
        folder = _work_folder(directory)
        # Held across threads of one generation, so not by the thread.
        lock = FileLock(folder / "lock", thread_local=False)
        waited = False
        while True:
            try:
                lock.acquire(timeout=0)
                break
            except Timeout:
                if not waited:
                    log.info("waiting for another process in %s", directory)
                    waited = True
                stop.sleep(_POLL_S)
    except OSError as error:
        raise write_failed(directory, error, _UNTOUCHED) from error
    try:
        yield folder
    finally:
        lock.release()


def _work_folder(directory: Path) -> Path:
    folder = directory / WORK_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return folder
