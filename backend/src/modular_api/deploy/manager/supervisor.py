"""One deployment, from its start to its stop: sockets, processes, gateway, commands."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from modular_api.deploy.config.checks import check_served
from modular_api.deploy.config.models import NGINX, DeploymentConfig
from modular_api.deploy.manager.adoption import Found, find_processes
from modular_api.deploy.manager.control import Answerer, answering, managing
from modular_api.deploy.manager.describing import (
    AppProcess,
    Builders,
    Description,
    ModuleFacts,
    describing,
)
from modular_api.deploy.manager.errors import (
    NotManaged,
    PeerWouldBreak,
    PortsTaken,
    StartStopped,
)
from modular_api.deploy.manager.fleet import Fleet
from modular_api.deploy.manager.gateway import Gateway
from modular_api.deploy.manager.gateway_keeper import GatewayKeeper
from modular_api.deploy.manager.health import Address
from modular_api.deploy.manager.instance import Patience
from modular_api.deploy.manager.launching import Launcher
from modular_api.deploy.manager.peer_contracts import breaks, peers_that_stay
from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.plan import (
    InstancePlan,
    fingerprint,
    patience_of,
    peers_of,
    plans_of,
)
from modular_api.deploy.manager.process import ServerProcess
from modular_api.deploy.manager.rearranging import Rearrangement
from modular_api.deploy.manager.records import Records
from modular_api.deploy.manager.reloader import Reloader
from modular_api.deploy.manager.sockets import Sockets
from modular_api.deploy.manager.tasks import together
from modular_api.deploy.manager.worker import Slot, Worker
from modular_api.errors import ModularError
from modular_api.model import AppModel
from modular_api.project.source import AppSource
from modular_api.serving.source_files import source_folders

_IMPATIENT_LINGER_S = 0.1
_DUMP_S = 1.0
"""Time for every process to write down what it is doing."""
_NOT_REPLACED = "nothing was replaced, and the old processes serve on"
_NOT_TOLD = "nginx serves the documents it had"
_NOT_CHANGED = "nothing was changed, and all of it serves on"

ReadConfig: TypeAlias = Callable[[AppModel], DeploymentConfig]

log = logging.getLogger(__name__)


class Supervisor:
    """Runs a deployment in one event loop, from `start` to `stop`.

    Args:
        read_config: returns what is wanted, for an app of this model; called at the
            start and whenever it should be read again.
        detached: the processes outlive the manager, and the next one adopts them.

    Attributes:
        stopped: set once everything is stopped.
    """

    def __init__(
        self,
        read_config: ReadConfig,
        source: AppSource,
        places: Places,
        *,
        detached: bool = False,
    ) -> None:
        self.places = places
        self.detached = detached
        self.records = Records(places.pid_dir)
        self.sockets = Sockets()
        self.fleet = Fleet(self.sockets, self.records, self._launch)
        self.gateway_keeper = GatewayKeeper(
            self.sockets, self.records, places, detached=detached
        )
        self.is_running = False
        self.started_at = 0.0
        self.stopped = asyncio.Event()
        self._read_config = read_config
        self._source = source
        self._config: DeploymentConfig | None = None
        self._description: Description | None = None
        self._launcher = Launcher(
            self.sockets, self.records, places, source, detached=detached
        )
        self._processes: dict[str, Worker] = {}
        self._adopted: dict[str, ServerProcess] = {}
        self._adopted_gateway = False
        self._stack = AsyncExitStack()
        self._changing = asyncio.Lock()
        self._changer: asyncio.Task[Any] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._reloading: asyncio.Task[None] | None = None
        self._builders = Builders()
        self._dumping = asyncio.Lock()
        self._is_stopping = False
        self._deadline_s: float | None = 0

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
        self._stack.enter_context(managing(self.places.pid_dir))
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
            for name, worker in self._adopted.items():
                if self.fleet.instances[name].current is worker:
                    await self.fleet.instances.pop(name).release()
            if self._adopted_gateway:
                await self.gateway_keeper.release()
        await self._end(self._deadline_s)

    async def _start(self, answer: Answerer) -> None:
        async with self._changing:
            # The first thing of all: whoever finds the lock finds somebody to ask.
            await self._stack.enter_async_context(
                answering(self.places.pid_dir, answer)
            )
            await self._bring_up()

    async def _bring_up(self) -> None:
        self.started_at = time.time()
        async with describing(self._source, self._builders) as app:
            self._take(app.description, self._read_config(app.description.model))
            plans = self.fleet.plans = plans_of(self.config)
            found = await self._find(plans)
            wanted = {name: plan.address for name, plan in plans.items()}
            if found.gateway is None:
                wanted[NGINX] = self._gateway_address
            self.sockets.bind(wanted)
            self.gateway_keeper.bind(self.config, found.gateway)
            self._adopted_gateway = found.gateway is not None
            self.is_running = True
            for name in plans:
                self.fleet.add(name, self._patience)
            self._adopt(found)
            async with together() as group:
                group.create_task(self._update_gateway(app))
                new = plans.keys() - found.servers.keys()
                group.create_task(self.fleet.start(new))
            await self.fleet.roll(self._outdated() | await self._of_other_code())
            if self._adopted_gateway and not self.detached:
                # It would outlive this manager, which has promised to leave nothing.
                self._adopted_gateway = False
                await self.gateway_keeper.restart(self._patience.drain_s)
            self._stack.callback(self._stop_following)
            self._follow_changes(app.description.model)
        log.info("all ready in %.1f s", time.time() - self.started_at)

    def _follow_changes(self, model: AppModel) -> None:
        """Follow changes of the code while any server should."""
        if not any(plan.reload for plan in self.fleet.plans.values()):
            self._stop_following()
        elif self._reloading is None:
            folders = {m.name: Path(m.directory) for m in model.modules if m.directory}
            reloader = Reloader(
                {*source_folders(self._source), *folders.values()}, folders, self.follow
            )
            self._reloading = asyncio.create_task(reloader.run())

    def _stop_following(self) -> None:
        if self._reloading is not None:
            self._reloading.cancel()
            self._reloading = None

    def _outdated(self) -> set[str]:
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

    async def _of_other_code(self) -> set[str]:
        """Return the adopted instances that serve other documents than nginx will.

        The code has changed while nobody watched. Where the documents are the same
        that is left to a `restart`, as with a manager that was there all the time.
        """
        served = await asyncio.gather(*(w.facts() for w in self._adopted.values()))
        return {
            name
            for name, facts in zip(self._adopted, served, strict=True)
            if self._differing(facts)
        }

    def _differing(self, facts: Mapping[str, ModuleFacts]) -> set[str]:
        """Return the modules of which the code says something else."""
        now = self.description.facts
        return {module for module in facts if facts[module] != now.get(module)}

    def _peers_of(self, plan: InstancePlan) -> dict[str, str]:
        """Return where a process finds what it uses, among what is there to stay."""
        wanted, fleet = plans_of(self.config), self.fleet
        plans = {n: fleet.plans[n] for n in fleet.instances if n in wanted}
        return peers_of(plan, fleet.uses, plans, self.sockets.address)

    async def _find(self, plans: Mapping[str, InstancePlan]) -> Found:
        """Look what an earlier manager has left, and take its sockets over."""
        found = await find_processes(self.records, plans, self._gateway_address)
        for name, listener in found.listeners.items():
            self.sockets.adopt(name, listener)
        for name, address in found.former_addresses.items():
            if plans[name].address == (address[0], 0):
                with suppress(PortsTaken):  # any other port does as well
                    self.sockets.bind({name: address})
        return found

    def _adopt(self, found: Found) -> None:
        for name, record in found.servers.items():
            log.info("%s: process %s serves on", name, record.identity.pid)
            worker = self._adopted[name] = self._launcher.adopt(record)
            self.fleet.instances[name].restarts.count = record.restarts
            self.fleet.instances[name].adopt(worker)

    def _take(self, description: Description, config: DeploymentConfig) -> None:
        self._config = config
        self._description = description
        self.fleet.uses = description.uses
        for instance in self.fleet.instances.values():
            instance.patience = self._patience

    async def _update_gateway(
        self, app: AppProcess, without: Collection[str] = ()
    ) -> None:
        plans = [
            self.fleet.plans[name]
            for name in self.fleet.instances
            if name not in without
        ]
        await self.gateway_keeper.update(app, self.config, plans)

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
        async with self._dumping:  # it would end them before they are done with that
            pass
        if deadline_s == 0:
            await self.kill()
        if self._changer is not None:  # what it would have replaced is stopped anyway
            self._changer.cancel()
        async with self._changing:
            self.processes()  # kept for those who ask afterwards
            limit = deadline_s or self._patience.drain_s
            async with together() as group:
                group.create_task(self.gateway_keeper.stop(limit))
                group.create_task(self.fleet.stop(self.fleet.instances, deadline_s))
            self.sockets.forget_all()
            self._launcher.close()
            self.is_running = False
            await self._stack.aclose()
        self.stopped.set()

    def processes(self) -> dict[str, Worker]:
        """Return the process of each instance; after a stop, the last one."""
        for name, instance in self.fleet.instances.items():
            if instance.current is not None:
                self._processes[name] = instance.current
        return dict(self._processes)

    async def kill(self) -> None:
        """End every process at once; a stop that waits for them goes on then."""
        async with together() as group:
            group.create_task(self.fleet.kill())
            group.create_task(self.gateway_keeper.kill())

    async def dump_stacks(self) -> None:
        """Have every process write down what it is doing, and end; a stop follows.

        Returns when they had the time for it. A start that is going on fails then.
        """
        self._is_stopping = True
        async with self._dumping:
            self._builders.dump_stacks()
            for instance in list(self.fleet.instances.values()):
                await instance.dump_stacks()
            await asyncio.sleep(_DUMP_S)

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[None]:
        """Let nobody else change anything meanwhile; a stop does not wait for it.

        Raises: NotManaged: it was stopped while this waited for its turn.
        """
        async with self._changing:
            if not self.is_running:
                raise NotManaged(self.places.pid_dir)
            self._changer = asyncio.current_task()
            try:
                yield
            finally:
                self._changer = None

    async def restart(self, server: str | None = None, *, force: bool = False) -> None:
        """Let new processes take over, one instance after the other.

        Args:
            server: only this one's.
            force: also where the new contract breaks a peer that runs.

        Raises:
            BadDeployment, PeerWouldBreak: nothing was replaced.
            RollFailed, StartFailed: a new process never became ready; the old one, if
                there was one, serves on, and so do those not reached yet.
        """
        async with self._change():
            names = self.fleet.of_server(server)
            async with describing(
                self._source, self._builders, outcome=_NOT_REPLACED
            ) as app:
                check_served(self.config, app.description.model)
                if not force:
                    await self._refuse_to_break_peers(server, names, app.description)
                self._take(app.description, self.config)
                await self.fleet.roll(names)
                await self._update_gateway(app)

    async def follow(self, modules: Sequence[str]) -> None:
        """Replace the processes of modules whose code has changed.

        Where that changes the contract of one, those that use it are replaced then, as
        they import its client, which is another now. One that uses another module now
        is replaced again, as its process was not told where that is.

        Raises: RollFailed: new code does not start, and the old serves on.
        """
        async with self._change():
            concerned = self._following(set(modules))
            await self.fleet.roll_together(concerned)
            # Compared with what nginx and the others were told, not with the process
            # before: the last roll may have failed half way.
            changed = self._differing(await self._facts_of_followed())
            users = {
                m for m, used in self.fleet.uses.items() if changed.intersection(used)
            }
            await self.fleet.roll_together(self._following(users) - concerned)
            if changed:  # nginx serves the merged documents, and knows every route
                async with describing(
                    self._source, self._builders, outcome=_NOT_TOLD
                ) as app:
                    self._take(app.description, self.config)
                    await self._update_gateway(app)
                followed = self._following({*self.config.modules})
                await self.fleet.roll_together(self._outdated() & followed)

    def _following(self, modules: set[str]) -> set[str]:
        """Return the instances of modules that follow changes of their code."""
        return {
            name
            for name, plan in self.fleet.plans.items()
            if plan.reload and modules.intersection(plan.modules)
        }

    async def _facts_of_followed(self) -> dict[str, ModuleFacts]:
        """Return what processes that follow changes say of their modules."""
        found: dict[str, ModuleFacts] = {}
        for name in self._following({*self.config.modules}):
            worker = self.fleet.instances[name].current
            if isinstance(worker, ServerProcess):
                found |= await worker.facts()
        return found

    async def _refuse_to_break_peers(
        self, server: str | None, names: Collection[str], new: Description
    ) -> None:
        uses = self.fleet.uses, new.uses
        if peers := peers_that_stay(names, self.fleet.plans, uses):
            serving = {module: self._serving(module, names) for module in peers}
            if found := await breaks(peers, new, serving):
                raise PeerWouldBreak(server or "all", found)

    def _serving(self, module: str, names: Collection[str]) -> list[ServerProcess]:
        """Return the processes of some instances that serve a module."""
        return [
            worker
            for name in names
            if module in self.fleet.plans[name].modules
            if isinstance(worker := self.fleet.instances[name].current, ServerProcess)
        ]

    async def reload(self) -> None:
        """Read the configuration again; start, replace and stop what differs.

        Raises:
            RollFailed: a process was not replaced, nor were those that come after it;
                what is added runs, and what is gone was stopped.
            ModularError: what is wrong; everything is as it was before.
        """
        async with self._change():
            async with describing(
                self._source, self._builders, outcome=_NOT_CHANGED
            ) as app:
                config = self._read_config(app.description.model)
                rearrangement = Rearrangement(
                    self.fleet,
                    self.sockets,
                    self.gateway_keeper,
                    plans_of(config),
                    self.gateway_keeper.moves_to(config),
                )
                with rearrangement.reserved():
                    await self._rearrange(rearrangement, app, config)
            change = rearrangement.change
            try:
                await self.fleet.roll(self._outdated() - change.removed)
            finally:
                await self.fleet.stop(change.removed)
                self.fleet.plans = change.wanted
                self._follow_changes(app.description.model)

    async def _rearrange(
        self, rearrangement: Rearrangement, app: AppProcess, config: DeploymentConfig
    ) -> None:
        before = self.description, self.config
        self._take(app.description, config)
        try:
            await rearrangement.apply(self._patience, config.timeouts.drain_s)
            await self._update_gateway(app, without=rearrangement.change.removed)
        except Exception:
            self._take(*before)
            await rearrangement.undo()
            try:
                await self._update_gateway(app)
            except ModularError as error:
                log.error("%s", error)
            raise

    @property
    def _gateway_address(self) -> Address:
        return self.config.nginx.host, self.config.nginx.port

    @property
    def _patience(self) -> Patience:
        return Patience() if self._config is None else patience_of(self._config)

    def _launch(self, plan: InstancePlan, slot: Slot) -> ServerProcess:
        peers = self._peers_of(plan)
        restarts = self.fleet.instances[plan.name].restarts.count
        patience = self._patience_with(plan)
        return self._launcher.start(plan, slot, peers, patience, restarts)

    def _patience_with(self, plan: InstancePlan) -> Patience:
        if plan.reload:  # whoever has saved a file waits
            return replace(self._patience, linger_s=_IMPATIENT_LINGER_S)
        return self._patience
