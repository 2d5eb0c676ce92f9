"""A file that says which process serves, so that exactly that one can be stopped.

A process id alone names nobody: the system gives it to others later. Together with the
time the process was created it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from modular_api.serving.errors import PidFileError

_SAME_TIME_S = 1.0
"""psutil derives the time from the system's start, which the clock's owner may correct."""


@contextmanager
def keep_pid_file(path: Path, port: int) -> Iterator[None]:
    """Keep a file about this process: `{"pid": …, "create_time": …, "port": …}`.

    Raises: PidFileError: another running process has the file, or it cannot be written.
    """
    if path.exists() and (holder := recorded_process(path)):
        raise PidFileError(
            f"{path} belongs to process {holder.pid}, which is running; stop it with "
            f"`modular-api kill --pid-file {path}`, or pass another file."
        )
    me = psutil.Process()
    record = {"pid": me.pid, "create_time": me.create_time(), "port": port}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record) + "\n")
    except OSError as error:
        raise PidFileError(f"Cannot write {path}: {error.strerror}.") from error
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()


def recorded_process(path: Path) -> psutil.Process | None:
    """Return the process the file was written by; None if that has ended.

    Raises: PidFileError: the file is none of ours.
    """
    try:
        record = json.loads(path.read_text())
        pid, create_time = int(record["pid"]), float(record["create_time"])
    except OSError as error:
        raise PidFileError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise PidFileError(
            f"{path} was not written by `modular-api run --pid-file`; nothing was "
            "stopped. Remove it if nobody needs it."
        ) from error
    try:
        process = psutil.Process(pid)
        return process if same_start(process, create_time) else None
    except psutil.NoSuchProcess:
        return None


def same_start(process: psutil.Process, create_time: float) -> bool:
    """Tell whether a process was created at this time, as psutil told it earlier.

    Raises: psutil.NoSuchProcess: it has ended.
    """
    return abs(process.create_time() - create_time) <= _SAME_TIME_S


def stop(process: psutil.Process, *, grace_s: float) -> None:
    """Ask a process to stop; kill it when it has not after the grace period."""
    with suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(grace_s)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait()
