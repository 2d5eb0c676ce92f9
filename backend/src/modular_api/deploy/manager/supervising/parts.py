"""What a deployment consists of, and what is wanted of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TypeAlias

from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.manager.describing.app_process import (
    AppProcess,
    Builders,
    describing,
)
from modular_api.deploy.manager.describing.messages import Description
from modular_api.deploy.manager.facts import ModuleFacts
from modular_api.deploy.manager.gateway.gateway import Gateway
from modular_api.deploy.manager.gateway.keeper import GatewayKeeper
from modular_api.deploy.manager.instances.fleet import Fleet
from modular_api.deploy.manager.instances.instance import Patience
from modular_api.deploy.manager.instances.launcher import Launcher
from modular_api.deploy.manager.instances.plan import (
    InstancePlan,
    fingerprint,
    patience_of,
    peers_of,
    plans_of,
)
from modular_api.deploy.manager.instances.server_process import ServerProcess
from modular_api.deploy.manager.instances.worker import Slot, Worker
from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.processes.health import Address
from modular_api.deploy.manager.processes.records import Records
from modular_api.deploy.manager.processes.sockets import Sockets
from modular_api.model import AppModel
from modular_api.project.source import AppSource

_IMPATIENT_LINGER_S = 0.1

ReadConfig: TypeAlias = Callable[[AppModel], DeploymentConfig]


class Parts:
    """The sockets, records, instances and nginx of a deployment.

    Args:
        read_config: returns what is wanted, for an app of this model; called at the
            start and whenever it should be read again.
        detached: the processes outlive the manager, and the next one adopts them.

    Attributes:
        is_running: from when its addresses are taken until everything is stopped.
        builders: the processes that build the app just now.
    """

    def __init__(
        self,
        read_config: ReadConfig,
        source: AppSource,
        places: Places,
        *,
        detached: bool = False,
    ) -> None:
        self.read_config = read_config
        self.source = source
        self.places = places
        self.detached = detached
        self.is_running = False
        self.records = Records(places.pid_dir)
        self.sockets = Sockets()
        self.fleet = Fleet(self.sockets, self.records, self._launch)
        self.gateway_keeper = GatewayKeeper(
            self.sockets, self.records, places, detached=detached
        )
        self.launcher = Launcher(
            self.sockets, self.records, places, source, detached=detached
        )
        self.builders = Builders()
        self._config: DeploymentConfig | None = None
        self._description: Description | None = None
        self._processes: dict[str, Worker] = {}

    @property
    def description(self) -> Description:
        """What the app consists of; known once it is started."""
        assert self._description is not None
        return self._description

    @property
    def config(self) -> DeploymentConfig:
        """What is wanted; known once it is started."""
        assert self._config is not None
        return self._config

    @property
    def gateway(self) -> Gateway | None:
        """nginx; None before it was started."""
        return self.gateway_keeper.gateway

    @property
    def gateway_address(self) -> Address:
        """Where nginx is wanted."""
        return self.config.nginx.host, self.config.nginx.port

    @property
    def patience(self) -> Patience:
        """How long processes are waited for."""
        return Patience() if self._config is None else patience_of(self._config)

    def describing(
        self, outcome: str = "nothing was started"
    ) -> AbstractAsyncContextManager[AppProcess]:
        """Build the app as its code is now, while the body runs. Raises: NotDescribed."""
        return describing(self.source, self.builders, outcome=outcome)

    def take(self, description: Description, config: DeploymentConfig) -> None:
        """Want this of an app that consists of that, from now on."""
        self._config = config
        self._description = description
        self.fleet.uses = description.uses
        for instance in self.fleet.instances.values():
            instance.patience = self.patience

    async def update_gateway(
        self, app: AppProcess, without: Collection[str] = ()
    ) -> None:
        """Have nginx serve the instances there are, but for some. Raises: GatewayFailed."""
        plans = [
            self.fleet.plans[name]
            for name in self.fleet.instances
            if name not in without
        ]
        await self.gateway_keeper.update(app, self.config, plans)

    def differing(self, facts: Mapping[str, ModuleFacts]) -> set[str]:
        """Return the modules of which the code says something else."""
        now = self.description.facts
        return {module for module in facts if facts[module] != now.get(module)}

    def processes(self) -> dict[str, Worker]:
        """Return the process of each instance; after a stop, the last one."""
        for name, instance in self.fleet.instances.items():
            if instance.current is not None:
                self._processes[name] = instance.current
        return dict(self._processes)

    def outdated(self) -> set[str]:
        """Return the instances whose process was told something else than is so now.

        Not only what is configured: a module they use may be somewhere else. An
        instance without a process counts, too.
        """
        found = set()
        for name, instance in self.fleet.instances.items():
            plan, worker = self.fleet.plans[name], instance.current
            if worker is None:
                found.add(name)
            elif isinstance(worker, ServerProcess):
                peers = self._peers_of(plan)
                patience = self._patience_with(plan)
                wanted = fingerprint(plan, peers, patience, detached=self.detached)
                if worker.record.fingerprint != wanted:
                    found.add(name)
        return found

    def _peers_of(self, plan: InstancePlan) -> dict[str, str]:
        """Return where a process finds what it uses, among what is there to stay."""
        wanted, fleet = plans_of(self.config), self.fleet
        plans = {n: fleet.plans[n] for n in fleet.instances if n in wanted}
        return peers_of(plan, fleet.uses, plans, self.sockets.address)

    def _launch(self, plan: InstancePlan, slot: Slot) -> ServerProcess:
        peers = self._peers_of(plan)
        restarts = self.fleet.instances[plan.name].restarts.count
        patience = self._patience_with(plan)
        return self.launcher.start(plan, slot, peers, patience, restarts)

    def _patience_with(self, plan: InstancePlan) -> Patience:
        if plan.reload:  # whoever has saved a file waits
            return replace(self.patience, linger_s=_IMPATIENT_LINGER_S)
        return self.patience
