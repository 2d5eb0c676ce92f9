"""Starting processes by forking one that has imported what never changes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import psutil

from modular_api.deploy.instance.spec import TOKEN_VARIABLE, InstanceSpec
from modular_api.deploy.manager.processes.child import Child
from modular_api.deploy.manager.processes.identity import Identity, new_token

if TYPE_CHECKING:
    from modular_api.codegen.worker_process import WorkerPool

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from modular_api.deploy.instance.nursery import main; main()"
)
_LONGEST_S = 20.0


class Nursery:
    """Forks processes, and lends them workers that stay warm here.

    The nursery's process is started at the first use, and ends with `close` or with
    this process, however that ends.
    """

    def __init__(self) -> None:
        self._token = new_token()
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None
        self._workers: WorkerPool | None = None

    def start(
        self, spec: InstanceSpec, environment: Mapping[str, str], output: int
    ) -> Child:
        """Fork a process that serves an instance; return it, watched.

        Nobody is told its exit code: its parent is the nursery.

        Raises: OSError: the nursery is gone, or forks no more.
        """
        from modular_api.codegen.lent_workers import lend

        orders = self._opened()
        assert self._workers is not None
        lent = lend(self._workers)
        message = {
            "spec": spec.to_json(),
            "environment": dict(environment),
            "has_life": spec.life_fd is not None,
        }
        life = [] if spec.life_fd is None else [spec.life_fd]
        fds = [output, spec.listener_fd, spec.health_fd, *life, *lent.filenos()]
        try:
            socket.send_fds(orders, [json.dumps(message).encode()], fds)
            answer = orders.recv(32)
        except TimeoutError:
            assert self._process is not None
            self._process.kill()  # a late answer would be taken for that of the next
            self.close()
            raise OSError(
                f"the process that forks has not answered for {_LONGEST_S:g} s"
            ) from None
        finally:
            lent.close()  # the fork has ends of its own
        if not answer:
            self.close()
            raise OSError("the process that forks is gone")
        try:
            return Child.adopt(Identity.of(int(answer), self._token))
        except psutil.NoSuchProcess as error:  # the system has reaped it already
            raise OSError(f"it ended at once: {error}") from error

    def close(self) -> None:
        """End the nursery and its workers; its forks live on."""
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if self._process is not None:
            self._process.wait()
            self._process = None
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def _opened(self) -> socket.socket:
        if self._orders is not None:
            return self._orders
        from modular_api.codegen.worker_process import WorkerPool

        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_LONGEST_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
                env={**os.environ, TOKEN_VARIABLE: self._token},
                stdin=theirs.fileno(),
                start_new_session=True,
            )
        self._orders = ours
        self._workers = WorkerPool()
        return ours
