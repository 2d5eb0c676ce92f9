"""Signals to a manager, with a deployment that is none."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from modular_api.deploy.manager.control.orders import Answerer
from modular_api.deploy.manager.errors import ManagerError
from modular_api.deploy.manager.operating.foreground import Foreground
from modular_api.deploy.manager.supervising.supervisor import Supervisor


class FakeSupervisor:
    """Notes what it is asked for; a stop ends when it is killed, or at once.

    Attributes:
        answer: does the commands that come in over the control socket.
    """

    def __init__(self, *, starts: bool = True, is_busy: bool = False) -> None:
        self.calls: list[str] = []
        self.stopped = asyncio.Event()
        self.undone = asyncio.Event()
        self.answer: Answerer
        self._starts = starts
        self._is_busy = is_busy

    async def start(self, answer: Answerer) -> None:
        """Start at once, or never."""
        self.answer = answer
        self.calls.append("start")
        if not self._starts:
            try:
                await self.stopped.wait()
            finally:
                await self.undone.wait()

    async def stop(self, deadline_s: float | None = None) -> None:
        """Stop at once, unless a request is in flight."""
        self.calls.append("stop")
        if not self._is_busy:
            self.stopped.set()

    async def kill(self) -> None:
        """Stop at once."""
        self.calls.append("kill")
        self.stopped.set()

    async def dump_stacks(self) -> None:
        """Note it."""
        self.calls.append("dump")

    async def reload(self) -> None:
        """Find the file wrong."""
        self.calls.append("reload")
        raise ManagerError("line 3: unknown key")


@asynccontextmanager
async def in_foreground(
    supervisor: FakeSupervisor,
) -> AsyncIterator[asyncio.Task[KeyboardInterrupt | None]]:
    """Run a supervisor; yield what becomes of it. It ends with the body."""

    async def on_ready() -> None:
        supervisor.calls.append("ready")

    async def in_the_end() -> KeyboardInterrupt | None:
        try:
            await Foreground(cast(Supervisor, supervisor)).run(on_ready)
        except KeyboardInterrupt as error:  # would end the loop of the tests
            return error
        return None

    run = asyncio.create_task(in_the_end())
    await called(supervisor, "start")
    try:
        async with asyncio.timeout(5):
            yield run
            await asyncio.wait([run])
    finally:
        loop = asyncio.get_running_loop()
        for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
            loop.remove_signal_handler(kind)


async def called(supervisor: FakeSupervisor, name: str, times: int = 1) -> None:
    """Wait until it was asked for something."""
    async with asyncio.timeout(5):
        while supervisor.calls.count(name) < times:
            await asyncio.sleep(0)


def send(kind: signal.Signals) -> None:
    """Send this process a signal."""
    os.kill(os.getpid(), kind)


async def test_a_second_signal_does_not_wait() -> None:
    """The first one lets a busy request end."""
    supervisor = FakeSupervisor(is_busy=True)
    async with in_foreground(supervisor):
        await called(supervisor, "ready")
        send(signal.SIGTERM)
        await called(supervisor, "stop")
        send(signal.SIGINT)
    assert supervisor.calls == ["start", "ready", "stop", "kill"]


async def test_a_signal_after_a_command_to_stop_is_a_second_one() -> None:
    """Both have asked for the same thing."""
    supervisor = FakeSupervisor(is_busy=True)
    async with in_foreground(supervisor):
        await called(supervisor, "ready")
        assert await supervisor.answer("stop", {}) == {"ending": os.getpid()}
        await called(supervisor, "stop")
        send(signal.SIGTERM)
    assert supervisor.calls == ["start", "ready", "stop", "kill"]


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_a_start(kind: signal.Signals) -> None:
    """A second one does not keep it from being undone."""
    supervisor = FakeSupervisor(starts=False)
    async with in_foreground(supervisor) as run:
        for _ in range(2):
            send(kind)
            await asyncio.sleep(0.02)
        assert not run.done()
        supervisor.undone.set()
    assert isinstance(run.result(), KeyboardInterrupt)
    assert supervisor.calls == ["start"]


async def test_a_bad_file_leaves_the_old_configuration(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """On SIGHUP nobody waits for an answer: what is wrong is in the log."""
    supervisor = FakeSupervisor()
    async with in_foreground(supervisor):
        await called(supervisor, "ready")
        send(signal.SIGHUP)
        await called(supervisor, "reload")
        send(signal.SIGTERM)
    assert "the old configuration stays: line 3: unknown key" in caplog.text
    assert supervisor.calls == ["start", "ready", "reload", "stop"]


async def test_stacks_are_dumped_before_the_stop() -> None:
    """Also those of the manager."""
    supervisor = FakeSupervisor()
    async with in_foreground(supervisor):
        await called(supervisor, "ready")
        send(signal.SIGQUIT)
    assert supervisor.calls == ["start", "ready", "dump", "stop"]
