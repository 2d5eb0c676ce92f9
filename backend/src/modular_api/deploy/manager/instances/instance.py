"""One instance of a server: a listening socket, and the process that serves on it.

While a process follows another there are two, one in each slot. Both have the socket,
so whoever connects meanwhile is answered by one of them, and nobody is refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from modular_api.deploy.manager.errors import RollFailed, StartFailed
from modular_api.deploy.manager.instances.worker import NeverReady, Slot, Worker
from modular_api.deploy.manager.processes.restarts import Restarts
from modular_api.deploy.manager.processes.states import State
from modular_api.errors import ModularError

log = logging.getLogger(__name__)

_MORE_S = 1.0
"""What a process takes to cancel requests and to stop its app, when it did not wait."""


@dataclass(frozen=True)
class Patience:
    """How long an instance waits for its process, in seconds.

    Attributes:
        start_s: from the start of a process until it is ready.
        live_s: until `/health/live` is answered.
        live_every_s: between two questions.
        drain_s: for requests in flight; a little later the process is killed.
        linger_s: how long an ending process keeps idle connections, for the gateway
            to close them.
    """

    start_s: float = 10.0
    live_s: float = 5.0
    live_every_s: float = 1.0
    drain_s: float = 5.0
    linger_s: float = 1.5


class Instance:
    """Keeps one process serving: starts it, watches it, replaces it, stops it.

    Args:
        launch: starts a process in a slot, on the listening socket.
        close: lets go of the listening socket, so that whoever connects is refused.
        changed: told after every change of what `current` is.

    Attributes:
        current: the process that serves, or the last one that did.
        restarts: of processes that failed.
    """

    def __init__(
        self,
        name: str,
        launch: Callable[[Slot], Worker],
        *,
        close: Callable[[], None],
        changed: Callable[[], None] = lambda: None,
        patience: Patience | None = None,
        restarts: Restarts | None = None,
    ) -> None:
        self.name = name
        self.patience = patience or Patience()
        self.restarts = restarts or Restarts()
        self.current: Worker | None = None
        self._launch = launch
        self._close = close
        self._changed = changed
        self._changing = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None
        self._workers: set[Worker] = set()

    @property
    def state(self) -> State:
        """What the instance is doing, which is what its process does."""
        if self.restarts.is_given_up:
            return State.FAILED
        if self.current is None:
            return State.STARTING if self._workers else State.STOPPED
        if self.current.exited.is_set():  # the next one is on its way
            return State.STARTING
        return self.current.state

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Every process that runs: the one that serves, one that starts or drains."""
        return tuple(worker for worker in self._workers if not worker.exited.is_set())

    def adopt(self, worker: Worker) -> None:
        """Watch a process that an earlier manager has started, as the current one."""
        self._workers.add(worker)
        self._serve_with(worker)

    async def start(self) -> None:
        """Return once a process serves.

        Raises: StartFailed: it never became ready; nothing is left of it.
        """
        async with self._alone():
            self.restarts.reset()
            try:
                self._serve_with(await self._bring_up())
            except NeverReady as error:
                raise StartFailed(self.name, error.why, error.last_words) from error

    async def roll(self) -> None:
        """Let a new process take over; the old one drains then.

        Raises:
            RollFailed: the new one never became ready, and the old one serves on.
            StartFailed: there is no old one.
        """
        async with self._alone():
            old = self.current
            self.restarts.reset()
            try:
                new = await self._bring_up()
            except NeverReady as error:
                if old is None or old.exited.is_set():
                    self._give_up(error.why)
                    raise StartFailed(self.name, error.why, error.last_words) from error
                raise RollFailed(self.name, error.why, error.last_words) from error
            self._serve_with(new)
            if old is not None:
                await self._drain(old)

    async def stop(self, deadline_s: float | None = None) -> None:
        """Let its processes finish what they do and end; return once they are gone."""
        async with self._alone(watch_again=False):
            drains = [self._drain(worker, deadline_s) for worker in self._workers]
            await asyncio.gather(*drains)
            self.current = None
            self.restarts.reset()
            self._changed()

    async def release(self) -> None:
        """Stop watching its process, and do not stop it."""
        await self._stop_watching()

    async def kill(self) -> None:
        """End every process at once, whatever else is going on."""
        await self._stop_watching()
        for worker in self.workers:
            await worker.kill("an immediate stop")

    async def dump_stacks(self) -> None:
        """Have every process write down what it is doing; it ends then, unwatched."""
        await self._stop_watching()
        for worker in self.workers:
            worker.dump_stacks()

    @asynccontextmanager
    async def _alone(self, *, watch_again: bool = True) -> AsyncIterator[None]:
        """Keep others from starting or stopping a process of this instance meanwhile."""
        await self._stop_watching()  # it may be waiting to start one again
        async with self._changing:
            await self._stop_watching()
            try:
                yield
            finally:
                worker = self.current
                wanted = watch_again and not self.restarts.is_given_up
                if wanted and worker is not None and self._watcher is None:
                    self._watcher = asyncio.create_task(self._watch(worker))

    async def _stop_watching(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait([watcher])

    def _serve_with(self, worker: Worker) -> None:
        self.current = worker
        self.restarts.note_ready()
        self._watcher = asyncio.create_task(self._watch(worker))
        self._changed()

    async def _bring_up(self) -> Worker:
        """Start a process in the free slot. Raises: NeverReady: it is gone again."""
        slot = Slot.BLUE if self.current is None else self.current.slot.other
        try:
            worker = self._launch(slot)
        except (OSError, ModularError) as error:
            raise NeverReady(str(error)) from error
        self._workers.add(worker)
        try:
            await worker.become_ready(self.patience.start_s)
        except BaseException:
            await asyncio.shield(worker.kill("it never became ready"))
            self._workers.discard(worker)
            raise
        return worker

    async def _drain(self, worker: Worker, deadline_s: float | None = None) -> None:
        limit = self.patience.drain_s + _MORE_S if deadline_s is None else deadline_s
        if not worker.exited.is_set() and not await worker.drain(limit):
            log.warning(
                "%s: process %s was still busy after %g s and was killed",
                self.name,
                worker.pid,
                limit,
            )
        self._workers.discard(worker)

    async def _watch(self, worker: Worker) -> None:
        """Replace the process whenever it ends or hangs, until that is no use."""
        following: Worker | None = worker
        while following is not None:
            reason = await self._trouble_of(following)
            following = await self._replaced(following, reason)

    async def _trouble_of(self, worker: Worker) -> str:
        """Return what is wrong with a process, once something is; it is gone then."""
        while True:
            try:
                async with asyncio.timeout(self.patience.live_every_s):
                    await worker.exited.wait()
                return worker.describe_end()
            except TimeoutError:
                pass
            if not await worker.is_live(self.patience.live_s):
                if worker.exited.is_set():
                    return worker.describe_end()
                why = f"it hung: alive, but silent for {self.patience.live_s:g} s"
                await worker.kill(why)
                return why

    async def _replaced(self, worker: Worker, reason: str) -> Worker | None:
        """Start a process in place of one that is gone; None where that is no use."""
        async with self._changing:
            self._workers.discard(worker)
            while await self.restarts.may_go_on(reason):
                log.warning("%s: %s; starting it again", self.name, reason)
                try:
                    self.current = await self._bring_up()
                except NeverReady as error:
                    reason = _with_words(error)
                    continue
                self.restarts.note_ready()
                self._changed()
                return self.current
            self._give_up(self.restarts.reason or reason)
            return None

    def _give_up(self, reason: str) -> None:
        self.restarts.give_up(reason)
        self._close()
        log.error("%s: failed, and is not started again: %s", self.name, reason)
        self._changed()


def _with_words(error: NeverReady) -> str:
    last = error.last_words.strip().splitlines()[-1:]
    return ": ".join([error.why, *last])
