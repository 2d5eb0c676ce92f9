"""Start a process, or take one over, and notice its end at once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from modular_api.deploy.instance.spec import TOKEN_VARIABLE
from modular_api.deploy.manager.processes.identity import Identity

_POLL_S = 0.05
"""Where the system has no pidfd."""
_KILL_S = 5.0
"""A process that still exists this long after SIGKILL hangs in the kernel."""


@dataclass(frozen=True)
class Command:
    """What is to be started.

    Attributes:
        token: put into the environment, to know the process again.
        keep_fds: descriptors the process inherits, under the same numbers.
        output: where stdout and stderr go.
    """

    arguments: Sequence[str]
    token: str
    environment: Mapping[str, str] = field(default_factory=dict)
    keep_fds: Sequence[int] = ()
    folder: Path | None = None
    output: int | IO[Any] = subprocess.DEVNULL


class Child:
    """A process of ours, started here or by a manager before us.

    Attributes:
        exited: set once it has ended.
        exit_code: as in subprocess; None while it runs. It stays None for a process
            that somebody else has started: only the parent is told.
        on_exit: called when it has ended.
    """

    def __init__(
        self, identity: Identity, process: subprocess.Popen[bytes] | None
    ) -> None:
        self.identity = identity
        self.exited = asyncio.Event()
        self.exit_code: int | None = None
        self.on_exit: Callable[[], None] = lambda: None
        self._process = process
        self._stop_watching = _watch(identity, self._ended)

    @classmethod
    def start(cls, command: Command) -> Child:
        """Start a process.

        It gets a session of its own: Ctrl-C is for the manager, which then stops it.
        Call it in the thread of the running loop, which has to live as long as the
        process should: the parent-death signal (PR_SET_PDEATHSIG) is sent when the
        starting thread ends.
        """
        process = subprocess.Popen(
            command.arguments,
            env={**os.environ, **command.environment, TOKEN_VARIABLE: command.token},
            pass_fds=command.keep_fds,
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=command.output,
            stderr=command.output,
            start_new_session=True,
        )
        return cls(Identity.of(process.pid, command.token), process)

    @classmethod
    def adopt(cls, identity: Identity) -> Child:
        """Watch a process that somebody else has started."""
        return cls(identity, None)

    @property
    def pid(self) -> int:
        """The process id."""
        return self.identity.pid

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code; 0 where that is not known."""
        if self.exited.is_set():
            return self.exit_code or 0
        if self._process is None and not self.identity.is_running():
            return 0
        return None

    def send(self, kind: signal.Signals) -> bool:
        """Send a signal; return whether there was a process to take it."""
        if self.exited.is_set():
            return False
        if self._process is not None:  # not waited for yet, so the number is its own
            with suppress(ProcessLookupError):
                os.kill(self.pid, kind)
                return True
            return False
        return self.identity.send(kind)

    async def stop(
        self, timeout_s: float, kind: signal.Signals = signal.SIGTERM
    ) -> bool:
        """Ask it to end, and kill it when it does not; return whether it obeyed."""
        self.send(kind)
        return await self.ends_within(timeout_s)

    async def ends_within(self, timeout_s: float) -> bool:
        """Wait for its end, and kill it when that does not come; tell whether it came.

        Cancelled, the process goes on with what it was asked for.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self.exited.wait()
        except TimeoutError:
            await self.kill()
            return False
        return True

    async def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        self.send(signal.SIGKILL)
        await self._gone()

    async def _gone(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_KILL_S):
                await self.exited.wait()

    def _ended(self) -> None:
        self._stop_watching()
        if self._process is not None:
            self.exit_code = self._process.wait()  # it has ended: this reaps it
        self.exited.set()
        self.on_exit()


def describe_exit(code: int | None) -> str:
    """Say how a process ended: `ended with exit code 1`, `ended by SIGKILL`.

    Of a process that another one has started, that is not known.
    """
    if code is None:
        return "ended"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


def _watch(identity: Identity, ended: Callable[[], None]) -> Callable[[], None]:
    """Have a function called once the process has ended; return how to stop that."""
    loop = asyncio.get_running_loop()
    try:
        pidfd = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        loop.call_soon(ended)
        return lambda: None
    except (AttributeError, OSError):
        return _watch_by_looking(identity, ended, loop)

    def stop() -> None:
        loop.remove_reader(pidfd)
        os.close(pidfd)

    loop.add_reader(pidfd, ended)
    return stop


def _watch_by_looking(
    identity: Identity, ended: Callable[[], None], loop: asyncio.AbstractEventLoop
) -> Callable[[], None]:
    timer: asyncio.TimerHandle | None = None

    def look() -> None:
        nonlocal timer
        if identity.is_running():
            timer = loop.call_later(_POLL_S, look)
        else:
            ended()

    def stop() -> None:
        if timer is not None:
            timer.cancel()

    timer = loop.call_later(_POLL_S, look)
    return stop
