"""Let one process at a time generate into a module's folder.

The lock file is in the folder it guards, so that everybody who can write there uses the
same one: containers with a shared volume, users with different temporary folders.
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
"""Folder of the lock and of files being written; git ignores it by a file inside it."""

_UNTOUCHED = "Nothing was written."
_POLL_S = 0.02


@contextmanager
def module_lock(directory: Path, stop: Stop) -> Iterator[Path]:
    """Hold the lock of a module's folder, which is created if it is missing.

    The operating system releases it when the process ends, however it ends.

    Yields: the work folder, on the same file system as what is generated.
    Raises:
        UnwritableTree, WriteFailed: the lock cannot be created.
        GenerationStopped: somebody asked to stop while another process held it.
    """
    # Reached only when there is something to write.
    from filelock import FileLock, Timeout

    try:
        folder = _work_folder(directory)
        # The threads of one generation share the lock, so it must not belong to one.
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
