"""Worker processes for the engine: started when needed, replaced when they die."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from queue import LifoQueue
from types import TracebackType
from typing import IO

from modular_api.codegen.errors import (
    GenerationFailed,
    WorkerCrashed,
    WorkerTooSlow,
)
from modular_api.codegen.messages import (
    Rendered,
    RenderError,
    RenderRequest,
    read_message,
    write_message,
)
from modular_api.codegen.stopping import Stop
from modular_api.python_command import python_command

log = logging.getLogger(__name__)

_LAST_WORDS_BYTES = 4_000


class WorkerProcess:
    """One process that renders, one request at a time.

    It is started by the first request and kept for the next ones, so that the libraries
    stay imported. It ends by itself when this process ends, however that happens.

    Args:
        timeout_s: a request that takes longer fails.
        progress_after_s: a request that takes longer is mentioned in the log.
    """

    def __init__(
        self, *, timeout_s: float = 300.0, progress_after_s: float = 1.0
    ) -> None:
        self._timeout_s = timeout_s
        self._progress_after_s = progress_after_s
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None

    def render(self, request: RenderRequest, stop: Stop) -> Mapping[str, bytes]:
        """Return the files of a target by path.

        Raises:
            GenerationFailed: the target raised, or the process died.
            GenerationStopped: somebody asked to stop; the process is killed.
        """
        stop.check()
        process = self._running()
        too_slow = threading.Event()
        try:
            with self._watching(process, request, stop, too_slow):
                answer = _ask(process, request)
        except (EOFError, BrokenPipeError):
            # It may still be dying; the next request must not find it alive.
            _kill(process)
            process.wait()
            stop.check()
            raise self._death(process, request, too_slow) from None
        except BaseException:
            # Its answer may still arrive, as if it were that of the next request.
            self.close()
            raise
        if too_slow.is_set():  # it answered at the last moment
            self.close()
        if isinstance(answer, RenderError):
            module, target = request.job.module, request.target.name
            raise GenerationFailed(module, target, answer.reason, answer.details)
        return answer.files

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            _kill(process)
            _release(process)
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        # A file rather than a pipe, which somebody would have to read.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            python_command("modular_api.codegen.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            # Ctrl-C is for the parent, which then ends its workers.
            start_new_session=True,
        )
        return self._process

    @contextmanager
    def _watching(
        self,
        process: subprocess.Popen[bytes],
        request: RenderRequest,
        stop: Stop,
        too_slow: threading.Event,
    ) -> Iterator[None]:
        """Kill the process if somebody asks to stop, or it takes too long."""

        def give_up() -> None:
            too_slow.set()
            _kill(process)

        def mention() -> None:
            module, target = request.job.module, request.target.name
            log.info("generating the %s of module '%s' …", target, module)

        with (
            stop.interrupting_with(lambda: _kill(process)),
            _after(self._timeout_s, give_up),
            _after(self._progress_after_s, mention),
        ):
            yield

    def _death(
        self,
        process: subprocess.Popen[bytes],
        request: RenderRequest,
        too_slow: threading.Event,
    ) -> GenerationFailed:
        module, target = request.job.module, request.target.name
        if too_slow.is_set():
            why = f"it took longer than {self._timeout_s:g} s and was stopped."
            return WorkerTooSlow(module, target, why)
        why = f"the worker process ended with {_describe(process.returncode)}."
        return WorkerCrashed(module, target, why, self._last_words())

    def _last_words(self) -> str:
        assert self._stderr is not None
        size = self._stderr.seek(0, 2)
        self._stderr.seek(max(0, size - _LAST_WORDS_BYTES))
        return self._stderr.read().decode(errors="replace").strip()


class WorkerPool:
    """A few worker processes, lent one at a time; a context manager that closes them.

    Args:
        size: how many targets may be rendered at once; each keeps one core busy.
        worker_options: of each WorkerProcess.
    """

    def __init__(self, size: int = 2, **worker_options: float) -> None:
        self.size = size
        self._workers = [WorkerProcess(**worker_options) for _ in range(size)]
        # Last in, first out, so that the warm worker is lent next.
        self._free: LifoQueue[WorkerProcess] = LifoQueue()
        for member in self._workers:
            self._free.put(member)

    @contextmanager
    def borrow(self) -> Iterator[WorkerProcess]:
        """Lend a worker while the block runs; wait for one if all are lent."""
        member = self._free.get()
        try:
            yield member
        finally:
            self._free.put(member)

    def close(self) -> None:
        """End all processes."""
        for member in self._workers:
            member.close()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _ask(
    process: subprocess.Popen[bytes], request: RenderRequest
) -> Rendered | RenderError:
    assert process.stdin is not None
    assert process.stdout is not None
    write_message(process.stdin, request)
    answer: Rendered | RenderError = pickle.loads(read_message(process.stdout))
    return answer


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker and the copies it forked, which hold its pipes open."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        # It leads its own session and is not yet reaped, so the group is its own.
        os.killpg(process.pid, signal.SIGKILL)


def _release(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):  # part of a request was never read
                pipe.close()
    process.wait()


@contextmanager
def _after(seconds: float, call: Callable[[], None]) -> Iterator[None]:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _describe(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    return f"signal {-returncode}"
