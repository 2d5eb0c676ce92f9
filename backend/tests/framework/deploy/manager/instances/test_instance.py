"""An instance with processes that are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from modular_api.deploy.manager.errors import RollFailed, StartFailed
from modular_api.deploy.manager.instances.instance import Instance, Patience
from modular_api.deploy.manager.instances.worker import Slot
from modular_api.deploy.manager.processes.restarts import (
    Circuit,
    RestartDelay,
    Restarts,
)
from modular_api.deploy.manager.processes.states import State
from modular_api.listening import CannotListen

from .fakes import FakeWorker


class Stage:
    """An instance, and every process it has started."""

    def __init__(self) -> None:
        self.workers: list[FakeWorker] = []
        self.fails: str | None = None
        self.refuses: Exception | None = None
        self.is_closed = False
        self.instance = Instance(
            "alpha-0",
            self.launch,
            close=self.close,
            patience=Patience(live_every_s=0.001, live_s=0.001),
            restarts=Restarts(
                RestartDelay(first_s=0.0001, longest_s=0.0002),
                Circuit(limit=3, window_s=60),
            ),
        )

    def launch(self, slot: Slot) -> FakeWorker:
        """Start a process that fails where the next ones should."""
        if self.refuses is not None:
            raise self.refuses
        self.workers.append(FakeWorker(slot, fails=self.fails))
        return self.workers[-1]

    def close(self) -> None:
        """Note that the socket was closed."""
        self.is_closed = True

    async def until(self, state: State, processes: int) -> None:
        """Wait until the instance has started so many processes and is in a state."""
        async with asyncio.timeout(1):
            while self.instance.state is not state or len(self.workers) < processes:
                await asyncio.sleep(0)


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    """An instance that is stopped afterwards."""
    stage = Stage()
    yield stage
    await stage.instance.stop()
    assert stage.instance.workers == ()


async def test_it_is_ready_once_its_process_is(stage: Stage) -> None:
    """The first process goes to the blue slot."""
    assert stage.instance.state is State.STOPPED
    await stage.instance.start()
    assert stage.instance.state is State.READY
    assert stage.instance.current is stage.workers[0]
    assert stage.workers[0].slot is Slot.BLUE


async def test_a_start_that_fails_leaves_nothing(stage: Stage) -> None:
    """It says why, and nobody tries again."""
    stage.fails = "no memory"
    with pytest.raises(StartFailed, match="alpha-0 did not start: no memory"):
        await stage.instance.start()
    assert stage.instance.state is State.STOPPED
    await asyncio.sleep(0.005)
    assert len(stage.workers) == 1


async def test_what_cannot_be_launched_has_failed(stage: Stage) -> None:
    """An address that somebody else has is no reason to stumble."""
    stage.refuses = CannotListen("127.0.0.1", 1, "it is taken")
    with pytest.raises(StartFailed, match="it is taken"):
        await stage.instance.start()


async def test_a_dead_process_is_replaced_in_the_other_slot(stage: Stage) -> None:
    """And it is counted."""
    await stage.instance.start()
    stage.workers[0].die()
    await stage.until(State.READY, 2)
    assert stage.instance.current is stage.workers[1]
    assert stage.workers[1].slot is Slot.GREEN
    assert stage.instance.restarts.count == 1


async def test_a_hung_process_is_killed_and_replaced(stage: Stage) -> None:
    """Alive is not enough."""
    await stage.instance.start()
    stage.workers[0].hangs = True
    await stage.until(State.READY, 2)
    assert stage.workers[0].exited.is_set()


async def test_a_crash_loop_opens_the_circuit(stage: Stage) -> None:
    """The reason is kept, and whoever connects is refused."""
    await stage.instance.start()
    stage.fails = "a bug"
    stage.workers[0].die()
    await stage.until(State.FAILED, 3)
    await asyncio.sleep(0.005)
    assert len(stage.workers) == 3
    assert stage.instance.restarts.reason is not None
    assert stage.instance.restarts.reason.endswith("last: a bug")
    assert stage.is_closed


async def test_a_roll_closes_the_circuit(stage: Stage) -> None:
    """Somebody has mended what was wrong."""
    await stage.instance.start()
    stage.fails = "a bug"
    stage.workers[0].die()
    await stage.until(State.FAILED, 3)
    stage.fails = None
    await stage.instance.roll()
    assert stage.instance.state is State.READY
    assert stage.instance.restarts.reason is None


async def test_a_roll_drains_the_old_process_when_the_new_one_is_ready(
    stage: Stage,
) -> None:
    """And watches the new one."""
    await stage.instance.start()
    await stage.instance.roll()
    old, new = stage.workers
    assert old.drained and not new.drained
    assert stage.instance.current is new
    assert stage.instance.restarts.count == 0
    new.die()
    await stage.until(State.READY, 3)


async def test_a_roll_that_fails_leaves_the_old_process(stage: Stage) -> None:
    """It serves on, and is watched."""
    await stage.instance.start()
    stage.fails = "a bug"
    with pytest.raises(RollFailed, match="its old process serves on.*a bug"):
        await stage.instance.roll()
    assert stage.instance.state is State.READY
    assert not stage.workers[0].drained
    stage.fails = None
    stage.workers[0].die()
    await stage.until(State.READY, 3)


async def test_a_roll_during_the_back_off_does_not_wait_for_it(stage: Stage) -> None:
    """What an operator asks for comes first."""
    stage.instance.restarts.delay = RestartDelay(first_s=60, longest_s=60)
    await stage.instance.start()
    stage.fails = "a bug"
    stage.workers[0].die()
    await stage.until(State.STARTING, 2)
    stage.fails = None
    async with asyncio.timeout(1):
        await stage.instance.roll()
    assert stage.instance.state is State.READY


async def test_the_last_failure_is_told_until_a_process_serves(stage: Stage) -> None:
    """Whoever looks meanwhile sees why it is starting."""
    stage.instance.restarts.delay = RestartDelay(first_s=60, longest_s=60)
    await stage.instance.start()
    assert stage.instance.restarts.reason is None
    stage.fails = "not ready within 10 s"
    stage.workers[0].die()
    async with asyncio.timeout(1):
        while stage.instance.restarts.reason != "not ready within 10 s":
            await asyncio.sleep(0)
    assert stage.instance.state is State.STARTING
    stage.fails = None
    await stage.instance.roll()
    assert stage.instance.restarts.reason is None


async def test_rolls_at_once_come_one_after_the_other(stage: Stage) -> None:
    """Never are there three processes."""
    await stage.instance.start()
    await asyncio.gather(*(stage.instance.roll() for _ in range(3)))
    assert [worker.drained for worker in stage.workers] == [True, True, True, False]


async def test_a_stop_ends_the_respawns(stage: Stage) -> None:
    """Also while one waits for its time."""
    stage.instance.restarts.delay = RestartDelay(first_s=60, longest_s=60)
    await stage.instance.start()
    stage.fails = "a bug"
    stage.workers[0].die()
    await stage.until(State.STARTING, 2)
    async with asyncio.timeout(1):
        await stage.instance.stop()
    assert stage.instance.state is State.STOPPED


async def test_a_stop_does_not_cut_off_what_a_roll_lets_finish(stage: Stage) -> None:
    """Both processes end: the new one, and the old one that was draining."""
    await stage.instance.start()
    old = stage.workers[0]
    old.takes_its_time = True
    roll = asyncio.create_task(stage.instance.roll())
    while not old.drained:
        await asyncio.sleep(0)
    roll.cancel()
    stop = asyncio.create_task(stage.instance.stop())
    await asyncio.sleep(0.005)
    assert not stop.done() and not old.exited.is_set()
    old.exited.set()
    await stop
    assert stage.workers[1].drained


async def test_a_cancelled_start_leaves_no_process(stage: Stage) -> None:
    """Ctrl-C while it starts."""
    start = asyncio.create_task(stage.instance.start())
    while not stage.workers:
        await asyncio.sleep(0)
    start.cancel()
    await asyncio.wait([start])
    assert start.cancelled()
    assert stage.workers[0].exited.is_set()
