"""A manager as the whole purpose of a process: it ends when everything is stopped."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from modular_api.deploy.manager.operating.commands import Commands
from modular_api.deploy.manager.supervising.supervisor import Supervisor
from modular_api.errors import ModularError

log = logging.getLogger(__name__)


class Foreground:
    """Runs a supervisor until a signal or a command stops it.

    SIGINT and SIGTERM drain, and a second one does not wait. SIGQUIT has every process
    write down what it is doing first. SIGHUP reads the configuration again.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        # The same for signals and for what comes in over the socket: a signal after
        # `manager stop` is a second wish to stop.
        self._commands = Commands(supervisor, ends=True)
        self._starting: asyncio.Task[None] | None = None
        self._is_interrupted = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, on_ready: Callable[[], Awaitable[None]]) -> None:
        """Start, call `on_ready`, and return once everything is stopped.

        Raises: ModularError: the start failed, or a command has stopped it.
            KeyboardInterrupt: a signal came while things were starting; whatever had
            started is stopped.
        """
        loop = asyncio.get_running_loop()
        for kind, act in {
            signal.SIGINT: self._stop,
            signal.SIGTERM: self._stop,
            signal.SIGQUIT: self._dump,
            signal.SIGHUP: self._reload,
        }.items():
            loop.add_signal_handler(kind, act)
        self._starting = asyncio.create_task(self._supervisor.start(self._commands))
        try:
            await self._starting
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
        finally:
            self._starting = None
        await on_ready()
        await self._supervisor.stopped.wait()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _stop(self) -> None:
        if self._starting is None:
            self._begin(self._stop_or_kill())
        elif not self._is_interrupted:  # what has started is killed: nothing is faster
            log.info("stopping while it starts")
            self._is_interrupted = True
            self._starting.cancel()

    def _reload(self) -> None:
        self._begin(self._reload_or_say_why())

    def _dump(self) -> None:
        faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
        self._begin(self._dump_and_stop())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop_or_kill(self) -> None:
        await self._commands.stop(0 if self._commands.is_stopping else None)

    async def _reload_or_say_why(self) -> None:
        try:
            await self._commands.reload()
        except ModularError as error:
            log.error("the old configuration stays: %s", error)

    async def _dump_and_stop(self) -> None:
        await self._supervisor.dump_stacks()
        await self._commands.stop()
