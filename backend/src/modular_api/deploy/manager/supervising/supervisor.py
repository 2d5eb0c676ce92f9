"""One deployment from its start to its stop, with one change at a time in between."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from modular_api.deploy.manager.control.lock import managing
from modular_api.deploy.manager.control.orders import Answerer, answering
from modular_api.deploy.manager.errors import NotManaged, StartStopped
from modular_api.deploy.manager.supervising.parts import Parts
from modular_api.deploy.manager.supervising.reloader import Reloader
from modular_api.deploy.manager.supervising.renewal import Renewal
from modular_api.deploy.manager.supervising.start_up import StartUp
from modular_api.deploy.manager.tasks import together
from modular_api.model import AppModel
from modular_api.serving.source_files import source_folders

_DUMP_S = 1.0
"""Time for every process to write down what it is doing."""

log = logging.getLogger(__name__)


class Supervisor:
    """Runs a deployment in one event loop, from `start` to `stop`.

    Attributes:
        parts: what it runs.
        stopped: set once everything is stopped, as far as that could be done.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.stopped = asyncio.Event()
        self._start_up = StartUp(self.parts)
        self._renewal = Renewal(self.parts)
        self._stack = AsyncExitStack()
        self._changing = asyncio.Lock()
        self._changer: asyncio.Task[Any] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._reloading: asyncio.Task[None] | None = None
        self._dumping = asyncio.Lock()
        self._is_stopping = False
        self._deadline_s: float | None = 0

    @property
    def is_running(self) -> bool:
        """Whether it has the addresses; some of it may still be starting."""
        return self.parts.is_running

    @property
    def is_starting(self) -> bool:
        """Whether a start has begun and is not done."""
        return self._starting is not None

    async def start(self, answer: Answerer) -> None:
        """Start everything, and return once all of it is ready.

        Args:
            answer: does the commands that come in from now on.
        Raises:
            StartStopped: `stop` was called meanwhile; nothing runs then.
            ModularError: what is wrong; nothing of it runs then.
        """
        self._stack.enter_context(managing(self.parts.places.pid_dir))
        self._starting = asyncio.create_task(self._start(answer))
        try:
            await self._starting
        except BaseException:
            await asyncio.shield(self._undo_start())
            if self._is_stopping:
                raise StartStopped from None
            raise
        finally:
            self._starting = None

    async def _undo_start(self) -> None:
        """Stop what was started here.

        What was adopted serves on as it did before, unless a stop was asked for.
        """
        if not self._is_stopping:
            await self._start_up.release_adopted()
        await self._end(self._deadline_s)

    async def _start(self, answer: Answerer) -> None:
        async with self._changing:
            # The first thing of all: whoever finds the lock finds somebody to ask.
            await self._stack.enter_async_context(
                answering(self.parts.places.pid_dir, answer)
            )
            began_at = time.time()
            async with self.parts.describing() as app:
                await self._start_up.bring_up(app)
                self._stack.callback(self._stop_following)
                self._follow_changes(app.description.model)
            log.info("all ready in %.1f s", time.time() - began_at)

    def _follow_changes(self, model: AppModel) -> None:
        """Follow changes of the code while any server should."""
        if not any(plan.reload for plan in self.parts.fleet.plans.values()):
            self._stop_following()
        elif self._reloading is None:
            folders = {m.name: Path(m.directory) for m in model.modules if m.directory}
            watched = {*source_folders(self.parts.source), *folders.values()}
            reloader = Reloader(watched, folders, self.follow)
            self._reloading = asyncio.create_task(reloader.run())

    def _stop_following(self) -> None:
        if self._reloading is not None:
            self._reloading.cancel()
            self._reloading = None

    async def restart(self, server: str | None = None, *, force: bool = False) -> None:
        """Let new processes take over. Raises: as `Renewal.restart`, and NotManaged."""
        async with self._change():
            await self._renewal.restart(server, force=force)

    async def follow(self, modules: Sequence[str]) -> None:
        """Replace the processes of modules whose code has changed.

        Raises: as `Renewal.follow`, and NotManaged.
        """
        async with self._change():
            await self._renewal.follow(modules)

    async def reload(self) -> None:
        """Read the configuration again. Raises: as `Renewal.reload`, and NotManaged."""
        async with self._change():
            try:
                await self._renewal.reload()
            finally:
                self._follow_changes(self.parts.description.model)

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[None]:
        """Let nobody else change anything meanwhile; a stop does not wait for it.

        Raises: NotManaged: it was stopped while this waited for its turn.
        """
        async with self._changing:
            if not self.is_running:
                raise NotManaged(self.parts.places.pid_dir)
            self._changer = asyncio.current_task()
            try:
                yield
            finally:
                self._changer = None

    async def stop(self, deadline_s: float | None = None) -> None:
        """Drain and end every process; those that others use go last.

        A start that is going on is cancelled, and fails with StartStopped.

        Args:
            deadline_s: for each process, in place of the configuration's; with 0 they
                are killed.
        """
        self._is_stopping = True
        if self._starting is not None and not self._starting.done():
            self._deadline_s = deadline_s
            self._starting.cancel()
            await self.stopped.wait()
        else:
            await self._end(deadline_s)

    async def _end(self, deadline_s: float | None) -> None:
        try:
            await self._end_everything(deadline_s)
        finally:
            self.stopped.set()

    async def _end_everything(self, deadline_s: float | None) -> None:
        async with self._dumping:  # it would end them before they are done with that
            pass
        if deadline_s == 0:
            await self.kill()
        if self._changer is not None:  # what it would have replaced is stopped anyway
            self._changer.cancel()
        async with self._changing:
            parts, fleet = self.parts, self.parts.fleet
            parts.processes()  # kept for those who ask afterwards
            limit = deadline_s or parts.patience.drain_s
            async with together() as group:
                group.create_task(parts.gateway_keeper.stop(limit))
                group.create_task(fleet.stop(fleet.instances, deadline_s))
            parts.sockets.forget_all()
            parts.launcher.close()
            parts.is_running = False
            await self._stack.aclose()

    async def kill(self) -> None:
        """End every process at once; a stop that waits for them goes on then."""
        async with together() as group:
            group.create_task(self.parts.fleet.kill())
            group.create_task(self.parts.gateway_keeper.kill())

    async def dump_stacks(self) -> None:
        """Have every process write down what it is doing, and end; a stop follows.

        Returns when they had the time for it. A start that is going on fails then.
        """
        self._is_stopping = True
        async with self._dumping:
            self.parts.builders.dump_stacks()
            for instance in list(self.parts.fleet.instances.values()):
                await instance.dump_stacks()
            await asyncio.sleep(_DUMP_S)
