"""The start of a deployment: what runs already is adopted, and the rest started."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

from modular_api.deploy.config.models import NGINX
from modular_api.deploy.manager.describing.app_process import AppProcess
from modular_api.deploy.manager.errors import PortsTaken
from modular_api.deploy.manager.instances.plan import InstancePlan, plans_of
from modular_api.deploy.manager.instances.server_process import ServerProcess
from modular_api.deploy.manager.supervising.adoption import Found, find_processes
from modular_api.deploy.manager.supervising.parts import Parts
from modular_api.deploy.manager.tasks import together

log = logging.getLogger(__name__)


class StartUp:
    """Brings a deployment up, and knows what it did not start itself."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._fleet = parts.fleet
        self._sockets = parts.sockets
        self._gateway_keeper = parts.gateway_keeper
        self._adopted: dict[str, ServerProcess] = {}
        self._adopted_gateway = False

    async def bring_up(self, app: AppProcess) -> None:
        """Return once every instance and nginx are ready.

        Raises: ModularError: what is wrong; the caller ends what was started.
        """
        parts = self._parts
        parts.take(app.description, parts.read_config(app.description.model))
        plans = self._fleet.plans = plans_of(parts.config)
        found = await self._find(plans)
        self._bind(plans, found)
        for name in plans:
            self._fleet.add(name, parts.patience)
        self._adopt(found)
        async with together() as group:
            group.create_task(parts.update_gateway(app))
            group.create_task(self._fleet.start(plans.keys() - found.servers.keys()))
        await self._fleet.roll(parts.outdated() | await self._of_other_code())
        if self._adopted_gateway and not parts.detached:
            # It would outlive this manager, which has promised to leave nothing.
            self._adopted_gateway = False
            await self._gateway_keeper.restart(parts.patience.drain_s)

    async def release_adopted(self) -> None:
        """Let what was adopted serve on as it did before, and watch it no more."""
        for name, worker in self._adopted.items():
            if self._fleet.instances[name].current is worker:
                await self._fleet.instances.pop(name).release()
        if self._adopted_gateway:
            await self._gateway_keeper.release()

    async def _find(self, plans: Mapping[str, InstancePlan]) -> Found:
        """Look what an earlier manager has left, and take its sockets over."""
        found = await find_processes(
            self._parts.records, plans, self._parts.gateway_address
        )
        for name, listener in found.listeners.items():
            self._sockets.adopt(name, listener)
        for name, address in found.former_addresses.items():
            if plans[name].address == (address[0], 0):
                with suppress(PortsTaken):  # any other port does as well
                    self._sockets.bind({name: address})
        return found

    def _bind(self, plans: Mapping[str, InstancePlan], found: Found) -> None:
        """Take every address that no process has already. Raises: PortsTaken."""
        wanted = {name: plan.address for name, plan in plans.items()}
        if found.gateway is None:
            wanted[NGINX] = self._parts.gateway_address
        self._sockets.bind(wanted)
        self._gateway_keeper.bind(self._parts.config, found.gateway)
        self._adopted_gateway = found.gateway is not None
        self._parts.is_running = True

    def _adopt(self, found: Found) -> None:
        for name, record in found.servers.items():
            log.info("%s: process %s serves on", name, record.identity.pid)
            worker = self._adopted[name] = self._parts.launcher.adopt(record)
            self._fleet.instances[name].restarts.count = record.restarts
            self._fleet.instances[name].adopt(worker)

    async def _of_other_code(self) -> set[str]:
        """Return the adopted instances that serve other documents than nginx will.

        The code has changed while nobody watched. Where the documents are the same
        that is left to a `restart`, as with a manager that was there all the time.
        """
        served = await asyncio.gather(*(w.facts() for w in self._adopted.values()))
        return {
            name
            for name, facts in zip(self._adopted, served, strict=True)
            if self._parts.differing(facts)
        }
