"""Serve in a child process, and start it anew when the code changes."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TypeAlias

from modular_api.codegen.lent_workers import LentWorkers, lend
from modular_api.codegen.worker_process import WorkerPool
from modular_api.serving.source_files import Snapshot, changed_files, take_snapshot

log = logging.getLogger(__name__)

_POLL_S = 0.25
_STOP_S = 5.0

Serve: TypeAlias = Callable[[socket.socket, LentWorkers], None]
"""Serves on a listening socket, and generates with the workers of another process."""


def serve_with_restarts(
    serve: Serve,
    listener: socket.socket,
    folders: Sequence[Path],
) -> None:
    """Run `serve` in a child until SIGINT or SIGTERM; start it anew on changes.

    The child gets the socket, and generates with workers that stay warm here.

    The listening socket stays here, so requests made during a restart wait for the new
    child. A child that fails has told why; the next change gives it another chance.
    Files are looked at several times a second, which needs no further package and,
    unlike uvicorn's own polling, notices files that are new or gone.

    Args:
        serve: can be pickled; the child starts with a fresh interpreter.
    """
    with WorkerPool() as workers:
        _serve_with_restarts(partial(_start_child, serve, listener, workers), folders)


def _serve_with_restarts(
    start: Callable[[], SpawnProcess], folders: Sequence[Path]
) -> None:
    stop = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stop.set())
    seen = take_snapshot(folders)
    child, ended = start(), False
    try:
        while not stop.wait(_POLL_S):
            if not ended and (ended := child.exitcode is not None):
                log.warning("exit code %s: waiting for a change", child.exitcode)
            now = take_snapshot(folders)
            if changes := changed_files(seen, now):
                seen = _settled(now, folders, stop)
                log.info("restarting: %s", _in_words(changes))
                _stop_child(child)
                child, ended = start(), False
    finally:
        _stop_child(child)


def _settled(
    snapshot: Snapshot,
    folders: Sequence[Path],
    stop: threading.Event,
) -> Snapshot:
    """Wait until nothing changes any more: a folder is not copied in an instant."""
    while not stop.wait(_POLL_S):
        now = take_snapshot(folders)
        if now == snapshot:
            break
        snapshot = now
    return snapshot


def _in_words(changes: Sequence[str]) -> str:
    more = len(changes) - 1
    return f"{changes[0]} changed" + (f", and {more} more" if more else "")


def _start_child(
    serve: Serve, listener: socket.socket, workers: WorkerPool
) -> SpawnProcess:
    spawn = multiprocessing.get_context("spawn")
    lent = lend(workers)
    child = spawn.Process(target=_run_child, args=(serve, listener, lent))
    # A child inherits what is blocked. Ctrl-C goes to parent and child alike, and the
    # child would take it, with the parent's SIGTERM, for somebody who cannot wait. The
    # tracker comes first: when multiprocessing starts it, it unblocks what was blocked.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        child.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        lent.close()  # the child has ends of its own
    return child


def _stop_child(child: SpawnProcess) -> None:
    """Ask the child to stop; kill it when it does not."""
    child.terminate()
    child.join(_STOP_S)
    if child.is_alive():
        log.warning("process %s did not stop in %g s: killing it", child.pid, _STOP_S)
        child.kill()
        child.join()
    child.close()


def _run_child(serve: Serve, listener: socket.socket, workers: LentWorkers) -> None:
    # multiprocessing gives its children an empty stdin; `breakpoint()` wants the real one.
    with suppress(OSError):
        sys.stdin = os.fdopen(0)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(listener, workers)


def _end_with_parent() -> None:
    """Stop this process when its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
