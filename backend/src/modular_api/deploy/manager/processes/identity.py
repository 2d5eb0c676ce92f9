"""Recognise our own processes although pids are reused.

A signal needs matching pid, start time and token.
"""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from modular_api.deploy.instance.spec import TOKEN_VARIABLE
from modular_api.serving.pid_file import same_start


@dataclass(frozen=True)
class Identity:
    """A process of ours.

    Attributes:
        create_time: seconds since the epoch, as psutil tells it.
        token: random; stands in the environment or the arguments of the process.
    """

    pid: int
    create_time: float
    token: str

    @classmethod
    def of(cls, pid: int, token: str) -> Identity:
        """Take down who a process is that was started just now.

        Raises: psutil.NoSuchProcess: it has ended and was waited for.
        """
        return cls(pid, psutil.Process(pid).create_time(), token)

    def is_running(self) -> bool:
        """Tell whether the process runs; another one of its number does not count."""
        try:
            process = psutil.Process(self.pid)
            with process.oneshot():
                return (
                    process.status() != psutil.STATUS_ZOMBIE
                    and same_start(process, self.create_time)
                    and self._has_token(process)
                )
        except psutil.NoSuchProcess:
            return False

    def send(self, kind: signal.Signals) -> bool:
        """Send a signal if the process still runs; return whether it was sent."""
        with _held(self.pid) as pidfd:
            if pidfd == _GONE or not self.is_running():
                return False
            with suppress(ProcessLookupError):
                if pidfd is None:
                    os.kill(self.pid, kind)
                else:
                    signal.pidfd_send_signal(pidfd, kind)
                return True
        return False

    def _has_token(self, process: psutil.Process) -> bool:
        try:
            if process.environ().get(TOKEN_VARIABLE) == self.token:
                return True
            # nginx writes its title over its environment, and keeps its arguments.
            return any(self.token in word for word in process.cmdline())
        except psutil.AccessDenied:  # of another user, so none of ours
            return False


def new_token() -> str:
    """Return a token nobody else has."""
    return secrets.token_hex(16)


_GONE = -1


@contextmanager
def _held(pid: int) -> Iterator[int | None]:
    """Hold on to a process, so that its number cannot pass to another meanwhile.

    Yields a descriptor; None where the system has none, _GONE where no process is.
    """
    if not hasattr(os, "pidfd_open"):
        yield None
        return
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        yield _GONE
        return
    except OSError:  # a kernel, or a sandbox, without it
        yield None
        return
    try:
        yield pidfd
    finally:
        os.close(pidfd)
