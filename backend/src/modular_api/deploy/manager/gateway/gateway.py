"""nginx as a process of the manager."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from modular_api.deploy.logs.rotating import put_aside
from modular_api.deploy.logs.settings import LogSettings
from modular_api.deploy.manager.errors import GatewayFailed
from modular_api.deploy.manager.processes.child import Child, Command, describe_exit
from modular_api.deploy.manager.processes.health import Address, NoAnswer, ask
from modular_api.deploy.manager.processes.identity import Identity, new_token
from modular_api.deploy.manager.processes.restarts import Restarts
from modular_api.deploy.manager.processes.states import State
from modular_api.deploy.nginx.gate import find_nginx, fingerprint_of
from modular_api.errors import ModularError
from modular_api.listening import CannotListen
from modular_api.serving.pid_file import same_start

log = logging.getLogger(__name__)

LIVE_PATH = "/health/live"
"""What our configurations have nginx answer by itself."""

_START_S = 5.0
_STEP_S = 0.02
_WORKER_STEPS = 50
_LIVE_EVERY_S = 1.0
_LIVE_S = 5.0
_LAST_WORDS = 2000

_LAUNCH = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes nginx, once it is arranged that nginx ends with its parent: PR_SET_PDEATHSIG
is 1, and stays set over an exec. A parent that died before that is noticed."""


@dataclass(frozen=True)
class Nginx:
    """How nginx is run.

    Attributes:
        config: its configuration; says `daemon off`.
        pid_file: where that says nginx writes its number.
        output: what it writes before it has opened its own log.
        listener: returns its listening socket, which it inherits; opens it where it
            was closed.
        close: closes that socket, so that whoever connects is refused.
        address: where it is asked whether it is alive.
        detached: it outlives the manager.
        logs: what it writes. A file larger than `most_log_bytes` is put aside, as
            `x.log.1`; `keep_logs` of those are kept.
    """

    config: Path
    pid_file: Path
    output: Path
    listener: Callable[[], socket.socket]
    close: Callable[[], None]
    address: Address
    detached: bool
    logs: Sequence[Path] = ()
    most_log_bytes: int = LogSettings.most_bytes
    keep_logs: int = LogSettings.keep


class Gateway:
    """Keeps nginx running, with the states and the back-off of an instance.

    Attributes:
        fingerprint: of the configuration that the process has read.

    Args:
        changed: told after every change of which process it is.
    """

    name = "nginx"

    def __init__(
        self, nginx: Nginx, *, changed: Callable[[], None] = lambda: None
    ) -> None:
        self.nginx = nginx
        self.state = State.STOPPED
        self.child: Child | None = None
        self.restarts = Restarts()
        self.fingerprint = ""
        self.started_at = 0.0
        self._changed = changed
        self._watcher: asyncio.Task[None] | None = None

    def adopt(self, identity: Identity, restarts: int, fingerprint: str) -> None:
        """Watch an nginx that an earlier manager has started."""
        self.child = Child.adopt(identity)
        self.started_at = identity.create_time
        self.restarts.count = restarts
        self.restarts.note_ready()
        self.fingerprint = fingerprint
        self.state = State.READY
        log.info("nginx: process %s serves on", self.child.pid)
        self._watcher = asyncio.create_task(self._watch(self.child))

    async def start(self) -> None:
        """Return once nginx answers. Raises: GatewayFailed."""
        self.restarts.reset()
        try:
            self.child = await self._bring_up()
        except BaseException:
            self.child = None
            raise
        self._watcher = asyncio.create_task(self._watch(self.child))

    async def stop(self, deadline_s: float) -> None:
        """Let nginx answer what it has begun to, and end."""
        await self._stop_watching()
        child = self.child
        if child is not None and not child.exited.is_set():
            self._note(State.DRAINING)
            # QUIT waits for every connection, sockets too, whose ends are gone by now.
            if not await child.stop(deadline_s, signal.SIGQUIT):
                log.warning(
                    "nginx was still busy after %g s and was killed", deadline_s
                )
                await end_workers(child.identity)
        self._note(State.STOPPED)
        self.child = None
        with suppress(FileNotFoundError):  # a killed one leaves it
            self.nginx.pid_file.unlink()
        self._changed()

    async def release(self) -> None:
        """Stop watching nginx, and do not stop it."""
        await self._stop_watching()

    async def kill(self) -> None:
        """End it at once."""
        await self._stop_watching()
        if self.child is not None:
            await self.child.kill()
            await end_workers(self.child.identity)

    @property
    def is_outdated(self) -> bool:
        """Whether the file is another than the one nginx has read, whoever wrote it."""
        return self.fingerprint != fingerprint_of(self.nginx.config)

    async def reload(self) -> None:
        """Have nginx read its configuration again; it was tested when it was written.

        Raises: GatewayFailed: it goes on with the one before.
        """
        child = self.child
        if child is None or child.exited.is_set():
            return  # the next process reads it
        fingerprint = fingerprint_of(self.nginx.config)
        before = _accepting_workers(child)
        child.send(signal.SIGHUP)
        deadline = time.monotonic() + _START_S
        # The old workers accept for a while beside the new ones, and know the old places.
        while not (now := _accepting_workers(child)) or now & before:
            if child.exited.is_set():
                return
            if time.monotonic() > deadline:
                raise GatewayFailed(
                    "nginx goes on with the configuration it had: it did not take "
                    f"{self.nginx.config}. Its error log says why."
                )
            await asyncio.sleep(_STEP_S)
        log.info("nginx: has read its configuration again")
        self.fingerprint = fingerprint
        self._changed()

    async def is_healthy(self) -> bool:
        """Tell whether nginx answers, whatever it says."""
        try:
            await ask(self.nginx.address, LIVE_PATH, timeout_s=_LIVE_S)
        except NoAnswer:
            return False
        return True

    async def _bring_up(self) -> Child:
        self._note(State.STARTING)
        try:
            child = self._launch()
        except (OSError, CannotListen) as error:
            raise GatewayFailed(f"nginx cannot be started: {error}") from error
        self._changed()
        try:
            await self._answers(child)
        except BaseException:
            await asyncio.shield(child.kill())
            await end_workers(child.identity)
            self._note(State.STOPPED)
            raise
        self.started_at = time.time()
        self.restarts.note_ready()
        self._note(State.READY)
        return child

    def _launch(self) -> Child:
        nginx = self.nginx
        program = find_nginx()
        self.fingerprint = fingerprint_of(nginx.config)
        token = new_token()
        words = [program, "-c", str(nginx.config), "-e", str(nginx.output)]
        words += ["-g", f"env MODULAR_API={token};"]
        if not nginx.detached:
            words = [sys.executable, "-ISc", _LAUNCH, str(os.getpid()), *words]
        # How one nginx hands its sockets to the next when its program is replaced.
        listener = nginx.listener().fileno()
        environment = {"NGINX": f"{listener};"}
        nginx.output.parent.mkdir(parents=True, exist_ok=True)
        with nginx.output.open("ab") as output:
            child = Child.start(
                Command(words, token, environment, [listener], output=output)
            )
        self.child = child
        return child

    async def _answers(self, child: Child) -> None:
        deadline = time.monotonic() + _START_S
        while not child.exited.is_set():
            if self._says_its_pid(child) and await self.is_healthy():
                return
            if time.monotonic() > deadline:
                raise GatewayFailed(f"nginx did not answer within {_START_S:g} s.")
            with suppress(TimeoutError):
                async with asyncio.timeout(_STEP_S):
                    await child.exited.wait()
        raise GatewayFailed(
            f"nginx {describe_exit(child.exit_code)}: {self._last_words()}"
        )

    def _says_its_pid(self, child: Child) -> bool:
        """Tell whether the process has got so far; testing a file leaves an empty one."""
        try:
            return self.nginx.pid_file.read_text().strip() == str(child.pid)
        except FileNotFoundError:
            return False

    async def _watch(self, child: Child) -> None:
        following: Child | None = child
        while following is not None:
            reason = await self._trouble_of(following)
            # Its workers outlive a killed master, and keep its socket.
            await end_workers(following.identity)
            self._note(State.FAILED, reason)
            following = await self._replaced(reason)

    async def _replaced(self, reason: str) -> Child | None:
        """Start nginx in place of one that is gone; None where that is no use."""
        while await self.restarts.may_go_on(reason):
            try:
                child = await self._bring_up()
            except ModularError as error:
                reason = str(error)
                continue
            self._changed()
            return child
        self._give_up()
        return None

    def _give_up(self) -> None:
        """Refuse whoever connects: a socket nobody serves would let them wait."""
        self.nginx.close()
        self.child = None
        self.state = State.FAILED
        log.error("nginx: failed, and is not started again: %s", self.restarts.reason)
        self._changed()

    async def _trouble_of(self, child: Child) -> str:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LIVE_EVERY_S):
                    await child.exited.wait()
                return f"it {describe_exit(child.exit_code)}"
            self._rotate_logs(child)
            if not await self.is_healthy() and not child.exited.is_set():
                await child.kill()
                return f"it hung: alive, but silent for {_LIVE_S:g} s"

    def _rotate_logs(self, child: Child) -> None:
        large = [path for path in self.nginx.logs if self._is_large(path)]
        for path in large:
            put_aside(path, self.nginx.keep_logs)
        if large:
            child.send(signal.SIGUSR1)  # nginx opens its logs again

    def _is_large(self, path: Path) -> bool:
        try:
            return path.stat().st_size > self.nginx.most_log_bytes
        except FileNotFoundError:
            return False

    async def _stop_watching(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait([watcher])

    def _note(self, state: State, why: str = "") -> None:
        if state is not self.state:
            pid = f" (process {self.child.pid})" if self.child else ""
            because = f": {why}" if why else ""
            log.info("nginx%s: %s → %s%s", pid, self.state, state, because)
            self.state = state

    def _last_words(self) -> str:
        try:
            return self.nginx.output.read_text(errors="replace")[-_LAST_WORDS:].strip()
        except OSError:
            return "it left no word"


def _accepting_workers(master: Child) -> set[int]:
    """Return the workers of a master that take connections, as their titles say."""
    found = set()
    with suppress(psutil.NoSuchProcess):
        for worker in psutil.Process(master.pid).children():
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if not any("shutting down" in word for word in worker.cmdline()):
                    found.add(worker.pid)
    return found


async def end_workers(master: Identity) -> None:
    """End the workers of a master that is gone: they would keep its socket.

    The number of a process group is not given away while somebody is in it, and every
    master of ours leads a group of its own.
    """
    workers = [p for p in psutil.process_iter() if _is_worker(p, master)]
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            worker.kill()
    for _ in range(_WORKER_STEPS):
        if not any(_is_worker(worker, master) for worker in workers):
            break
        await asyncio.sleep(_STEP_S)


def _is_worker(process: psutil.Process, master: Identity) -> bool:
    try:
        return (
            process.pid != master.pid
            and os.getpgid(process.pid) == master.pid
            and _is_no_older(process, master)
            and process.name() == "nginx"
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.Error, ProcessLookupError):
        return False


def _is_no_older(process: psutil.Process, master: Identity) -> bool:
    started_later = process.create_time() > master.create_time
    return started_later or same_start(process, master.create_time)
