"""Workers that stay warm in one process while another uses them.

In development the serving process is replaced at every change of the code. The process
that watches it stays, keeps a pool of workers, and lends them over pipes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import LifoQueue
from typing import Any

from modular_api.codegen.errors import (
    GenerationFailed,
    GenerationStopped,
    WorkerCrashed,
)
from modular_api.codegen.messages import Rendered, RenderError, RenderRequest
from modular_api.codegen.stopping import Stop
from modular_api.codegen.worker_process import WorkerPool

_NOTICE_A_STOP_S = 0.1


class LentWorkers:
    """The worker pool of another process, with the methods of a WorkerPool.

    It is passed to a process that multiprocessing starts, and used there.
    """

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._connections = tuple(connections)
        self.size = len(self._connections)
        self._free: LifoQueue[_LentWorker] = LifoQueue()
        for connection in self._connections:
            self._free.put(_LentWorker(connection))

    def __reduce__(self) -> tuple[Any, ...]:
        return (LentWorkers, (self._connections,))

    @contextmanager
    def borrow(self) -> Iterator[_LentWorker]:
        """Lend a worker for a while; waits for one if all are lent."""
        worker = self._free.get()
        try:
            yield worker
        finally:
            self._free.put(worker)

    def filenos(self) -> list[int]:
        """Return the descriptors that let another process use the same workers."""
        return [connection.fileno() for connection in self._connections]

    def close(self) -> None:
        """Disconnect from the other process's workers, which keep running."""
        for connection in self._connections:
            connection.close()


def lend(pool: WorkerPool) -> LentWorkers:
    """Lend the workers of a pool to one other process until it ends.

    Once `close` is called here, the borrowing process holds the only other end of each
    pipe; when it ends, the threads that serve it end too.
    """
    connections = []
    for _ in range(pool.size):
        ours, theirs = Pipe()
        thread = threading.Thread(
            target=_serve, args=(pool, ours), name="modular-api-lender", daemon=True
        )
        thread.start()
        connections.append(theirs)
    return LentWorkers(connections)


class _LentWorker:
    """One worker of another process, one request at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def render(self, request: RenderRequest, stop: Stop) -> Mapping[str, bytes]:
        """Return the files of a target by path.

        Raises:
            GenerationFailed: the target raised, or the lending process is gone.
            GenerationStopped: somebody asked to stop.
        """
        module, target = request.job.module, request.target.name
        stop.check()
        try:
            self._connection.send(request)
            # Closing a pipe in one thread does not wake another that reads from it.
            while not self._connection.poll(_NOTICE_A_STOP_S):
                stop.check()
            answer: Rendered | RenderError = self._connection.recv()
        except GenerationStopped:
            self._connection.close()  # the answer comes later, when nobody waits for it
            raise
        except (EOFError, OSError):
            why = "the process that lends its worker is gone."
            raise WorkerCrashed(module, target, why) from None
        if isinstance(answer, RenderError):
            raise GenerationFailed(module, target, answer.reason, answer.details)
        return answer.files


def _serve(pool: WorkerPool, connection: Connection) -> None:
    """Answer the requests of one borrower until it ends."""
    with connection, suppress(EOFError, OSError):
        while True:
            connection.send(_answer(pool, connection.recv()))


def _answer(pool: WorkerPool, request: RenderRequest) -> Rendered | RenderError:
    try:
        with pool.borrow() as worker:
            return Rendered(worker.render(request, Stop()))
    except GenerationFailed as error:
        return RenderError(error.reason, error.details)
