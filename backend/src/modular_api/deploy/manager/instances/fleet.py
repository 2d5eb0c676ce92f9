"""All instances of a deployment, started, stopped and replaced in the right order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from modular_api.deploy.manager.errors import UnknownServer
from modular_api.deploy.manager.instances.instance import Instance, Patience
from modular_api.deploy.manager.instances.plan import InstancePlan
from modular_api.deploy.manager.instances.prerequisites import prerequisites
from modular_api.deploy.manager.instances.worker import Slot, Worker
from modular_api.deploy.manager.processes.records import Records
from modular_api.deploy.manager.processes.sockets import Sockets
from modular_api.deploy.manager.tasks import together

log = logging.getLogger(__name__)


class Fleet:
    """Instances by name, and what each of them should be.

    Args:
        launch: starts a process of an instance in a slot.

    Attributes:
        plans: what is wanted; set before an instance of that name is added.
        uses: what each module uses, which decides on the order.
    """

    def __init__(
        self,
        sockets: Sockets,
        records: Records,
        launch: Callable[[InstancePlan, Slot], Worker],
    ) -> None:
        self.plans: Mapping[str, InstancePlan] = {}
        self.uses: Mapping[str, Sequence[str]] = {}
        self.instances: dict[str, Instance] = {}
        self._sockets = sockets
        self._records = records
        self._launch = launch

    def of_server(self, server: str | None) -> list[str]:
        """Return the names of a server's instances; all without a server.

        Raises: UnknownServer.
        """
        if server is None:
            return list(self.instances)
        names = [name for name in self.instances if self.plans[name].server == server]
        if not names:
            known = {self.plans[name].server for name in self.instances}
            raise UnknownServer(server, sorted(known))
        return names

    def add(self, name: str, patience: Patience) -> Instance:
        """Make an instance, which does nothing yet; its socket is open already."""
        instance = self.instances[name] = Instance(
            name,
            lambda slot: self._launch(self.plans[name], slot),
            close=partial(self._sockets.close, name),
            changed=partial(self._keep_pid, name),
            patience=patience,
        )
        return instance

    async def start(self, names: Iterable[str]) -> None:
        """Start instances, each once what its modules use is ready.

        Raises: StartFailed: one never became ready; the others are stopped half way.
        """
        names = list(names)
        needs = self._needs()
        ready = {name: asyncio.Event() for name in names}

        async def start(name: str) -> None:
            for other in names:
                if self.plans[other].server in needs[self.plans[name].server]:
                    await ready[other].wait()
            await self.instances[name].start()
            ready[name].set()

        async with together() as group:
            for name in names:
                group.create_task(start(name))

    async def stop(self, names: Iterable[str], deadline_s: float | None = None) -> None:
        """Halt instances, and give them and their addresses up.

        Args:
            deadline_s: as in `halt`.
        """
        names = list(names)
        await self.halt(names, deadline_s)
        for name in names:
            del self.instances[name]
            self._sockets.forget(name)

    async def halt(self, names: Iterable[str], deadline_s: float | None = None) -> None:
        """Stop processes, each once those are gone that use its modules.

        Their instances are kept, and can be started again.

        Args:
            deadline_s: until all are gone; whatever still runs is killed then.
        """
        names = list(names)
        needs = self._needs()
        loop = asyncio.get_running_loop()
        end = None if deadline_s is None else loop.time() + deadline_s
        gone = {name: asyncio.Event() for name in names}

        async def stop(name: str) -> None:
            for other in names:
                if self.plans[name].server in needs[self.plans[other].server]:
                    await gone[other].wait()
            left = None if end is None else max(0.0, end - loop.time())
            await self.instances[name].stop(left)
            gone[name].set()

        async with together() as group:
            for name in names:
                group.create_task(stop(name))

    async def roll(self, names: Iterable[str]) -> None:
        """Replace the processes of instances, one after the other.

        Raises: RollFailed, StartFailed: a new one never became ready; those that come
            after it were not touched.
        """
        for name in self._in_order(names):
            await self.instances[name].roll()

    async def roll_together(self, names: Iterable[str]) -> None:
        """Replace the processes of instances, all at once.

        Raises: RollFailed, StartFailed: one never became ready; the others were
            replaced all the same.
        """
        rolls = [self.instances[name].roll() for name in names]
        for outcome in await asyncio.gather(*rolls, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def kill(self) -> None:
        """End every process at once."""
        async with together() as group:
            for instance in self.instances.values():
                group.create_task(instance.kill())

    def _needs(self) -> dict[str, frozenset[str]]:
        modules = {plan.server: plan.modules for plan in self.plans.values()}
        return prerequisites(modules, self.uses)

    def _in_order(self, names: Iterable[str]) -> list[str]:
        """Sort names so that what others use comes first."""
        needs, order = self._needs(), list[str]()
        waiting = sorted(names)
        while waiting:
            servers = {self.plans[name].server for name in waiting}
            free = [n for n in waiting if not needs[self.plans[n].server] & servers]
            order += free
            waiting = [name for name in waiting if name not in free]
        return order

    def _keep_pid(self, name: str) -> None:
        current = self.instances[name].current
        try:
            if current is None or current.exited.is_set():
                self._records.remove_pid(name)
            else:
                self._records.write_pid(name, current.pid)
        except OSError as error:  # a full disk must not stop what is served
            log.error("%s: its pid file cannot be written: %s", name, error)
            with suppress(OSError):  # none is better than one that names another
                self._records.remove_pid(name)
