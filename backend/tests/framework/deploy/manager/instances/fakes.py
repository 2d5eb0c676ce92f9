"""Processes that are none: they do what a test says, in no time."""

from __future__ import annotations

import asyncio
from itertools import count

from modular_api.deploy.manager.instances.worker import NeverReady, Slot
from modular_api.deploy.manager.processes.states import State

_pids = count(1)


class FakeWorker:
    """A process that becomes ready, unless it is told to fail.

    Attributes:
        hangs: it answers nothing any more.
        takes_its_time: it ends some time after it was asked to.
        drained: it was asked to end.
    """

    def __init__(self, slot: Slot, *, fails: str | None = None) -> None:
        self.slot = slot
        self.state = State.STARTING
        self.exited = asyncio.Event()
        self.pid = next(_pids)
        self.hangs = False
        self.is_stubborn = False
        self.takes_its_time = False
        self.drained = False
        self.dumped = False
        self._fails = fails

    def poll(self) -> int | None:
        """Return None while it runs."""
        return 0 if self.exited.is_set() else None

    def dump_stacks(self) -> None:
        """End, as one does afterwards."""
        self.dumped = True
        self.state = State.DRAINING
        self.exited.set()

    async def become_ready(self, deadline_s: float) -> None:
        """Become ready at once, or fail."""
        await asyncio.sleep(0)
        if self._fails is not None:
            self.die()
            raise NeverReady(self._fails)
        self.state = State.READY

    async def is_live(self, deadline_s: float) -> bool:
        """Answer, unless it hangs."""
        return not self.hangs

    async def drain(self, deadline_s: float) -> bool:
        """End, obediently or not."""
        self.drained = True
        if self.takes_its_time:
            await self.exited.wait()
        self.state = State.STOPPED
        self.exited.set()
        return not self.is_stubborn

    async def kill(self, why: str) -> None:
        """End."""
        self.die()

    def die(self) -> None:
        """End without having been asked."""
        self.state = State.FAILED
        self.exited.set()

    def describe_end(self) -> str:
        """Say how it ended."""
        return "it ended with exit code 1"
