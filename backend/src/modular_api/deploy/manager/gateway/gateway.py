"""nginx kept running, with the states and the back-off of an instance."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from modular_api.deploy.manager.errors import GatewayFailed
from modular_api.deploy.manager.gateway.nginx import LIVE_PATH, Nginx
from modular_api.deploy.manager.gateway.workers import accepting_workers, end_workers
from modular_api.deploy.manager.processes.child import Child, describe_exit
from modular_api.deploy.manager.processes.health import NoAnswer, ask
from modular_api.deploy.manager.processes.identity import Identity
from modular_api.deploy.manager.processes.restarts import Restarts
from modular_api.deploy.manager.processes.states import State
from modular_api.deploy.nginx.gate import find_nginx, fingerprint_of
from modular_api.errors import ModularError
from modular_api.listening import CannotListen

log = logging.getLogger(__name__)

_START_S = 5.0
_STEP_S = 0.02
_LIVE_EVERY_S = 1.0
_LIVE_S = 5.0


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
        before = accepting_workers(child)
        child.send(signal.SIGHUP)
        deadline = time.monotonic() + _START_S
        # The old workers accept for a while beside the new ones, and know the old places.
        while not (now := accepting_workers(child)) or now & before:
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
        program = find_nginx()
        self.fingerprint = fingerprint_of(self.nginx.config)
        self.child = self.nginx.start(program)
        return self.child

    async def _answers(self, child: Child) -> None:
        deadline = time.monotonic() + _START_S
        while not child.exited.is_set():
            if self.nginx.says_it_is(child) and await self.is_healthy():
                return
            if time.monotonic() > deadline:
                raise GatewayFailed(f"nginx did not answer within {_START_S:g} s.")
            with suppress(TimeoutError):
                async with asyncio.timeout(_STEP_S):
                    await child.exited.wait()
        raise GatewayFailed(
            f"nginx {describe_exit(child.exit_code)}: {self.nginx.last_words()}"
        )

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
            if self.nginx.put_large_logs_aside():
                child.send(signal.SIGUSR1)  # nginx opens its logs again
            if not await self.is_healthy() and not child.exited.is_set():
                await child.kill()
                return f"it hung: alive, but silent for {_LIVE_S:g} s"

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
