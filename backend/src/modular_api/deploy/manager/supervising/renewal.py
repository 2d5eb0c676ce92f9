"""A deployment that runs gets new processes: of new code, or as it is configured now."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from modular_api.deploy.config.checks import check_served
from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.manager.describing.app_process import AppProcess
from modular_api.deploy.manager.describing.messages import Description
from modular_api.deploy.manager.errors import PeerWouldBreak
from modular_api.deploy.manager.facts import ModuleFacts
from modular_api.deploy.manager.instances.plan import plans_of
from modular_api.deploy.manager.instances.server_process import ServerProcess
from modular_api.deploy.manager.supervising.parts import Parts
from modular_api.deploy.manager.supervising.peer_contracts import (
    breaks,
    peers_that_stay,
)
from modular_api.deploy.manager.supervising.rearrangement import Rearrangement
from modular_api.errors import ModularError

_NOT_REPLACED = "nothing was replaced, and the old processes serve on"
_NOT_TOLD = "nginx serves the documents it had"
_NOT_CHANGED = "nothing was changed, and all of it serves on"

log = logging.getLogger(__name__)


class Renewal:
    """Replaces processes while they serve; the caller lets it do one thing at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._fleet = parts.fleet
        self._sockets = parts.sockets
        self._gateway_keeper = parts.gateway_keeper

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
        names = self._fleet.of_server(server)
        async with self._parts.describing(_NOT_REPLACED) as app:
            check_served(self._parts.config, app.description.model)
            if not force:
                await self._refuse_to_break_peers(server, names, app.description)
            self._parts.take(app.description, self._parts.config)
            await self._fleet.roll(names)
            await self._parts.update_gateway(app)

    async def follow(self, modules: Sequence[str]) -> None:
        """Replace the processes of modules whose code has changed.

        Where that changes the contract of one, those that use it are replaced then, as
        they import its client, which is another now. One that uses another module now
        is replaced again, as its process was not told where that is.

        Raises: RollFailed: new code does not start, and the old serves on.
        """
        concerned = self._following(set(modules))
        await self._fleet.roll_together(concerned)
        # Compared with what nginx and the others were told, not with the process
        # before: the last roll may have failed half way.
        changed = self._parts.differing(await self._facts_of_followed())
        users = {
            m for m, used in self._fleet.uses.items() if changed.intersection(used)
        }
        await self._fleet.roll_together(self._following(users) - concerned)
        if changed:  # nginx serves the merged documents, and knows every route
            async with self._parts.describing(_NOT_TOLD) as app:
                self._parts.take(app.description, self._parts.config)
                await self._parts.update_gateway(app)
            followed = self._following({*self._parts.config.modules})
            await self._fleet.roll_together(self._parts.outdated() & followed)

    async def reload(self) -> None:
        """Read the configuration again; start, replace and stop what differs.

        Raises:
            RollFailed: a process was not replaced, nor were those that come after it;
                what is added runs, and what is gone was stopped.
            ModularError: what is wrong; everything is as it was before.
        """
        async with self._parts.describing(_NOT_CHANGED) as app:
            config = self._parts.read_config(app.description.model)
            rearrangement = Rearrangement(
                self._fleet,
                self._sockets,
                self._gateway_keeper,
                plans_of(config),
                self._gateway_keeper.moves_to(config),
            )
            with rearrangement.reserved():
                await self._rearrange(rearrangement, app, config)
        change = rearrangement.change
        try:
            await self._fleet.roll(self._parts.outdated() - change.removed)
        finally:
            await self._fleet.stop(change.removed)
            self._fleet.plans = change.wanted

    def _following(self, modules: set[str]) -> set[str]:
        """Return the instances of modules that follow changes of their code."""
        return {
            name
            for name, plan in self._fleet.plans.items()
            if plan.reload and modules.intersection(plan.modules)
        }

    async def _facts_of_followed(self) -> dict[str, ModuleFacts]:
        """Return what processes that follow changes say of their modules."""
        found: dict[str, ModuleFacts] = {}
        for name in self._following({*self._parts.config.modules}):
            worker = self._fleet.instances[name].current
            if isinstance(worker, ServerProcess):
                found |= await worker.facts()
        return found

    async def _refuse_to_break_peers(
        self, server: str | None, names: Collection[str], new: Description
    ) -> None:
        uses = self._fleet.uses, new.uses
        if peers := peers_that_stay(names, self._fleet.plans, uses):
            serving = {module: self._serving(module, names) for module in peers}
            if found := await breaks(peers, new, serving):
                raise PeerWouldBreak(server or "all", found)

    def _serving(self, module: str, names: Collection[str]) -> list[ServerProcess]:
        """Return the processes of some instances that serve a module."""
        return [
            worker
            for name in names
            if module in self._fleet.plans[name].modules
            if isinstance(worker := self._fleet.instances[name].current, ServerProcess)
        ]

    async def _rearrange(
        self, rearrangement: Rearrangement, app: AppProcess, config: DeploymentConfig
    ) -> None:
        before = self._parts.description, self._parts.config
        self._parts.take(app.description, config)
        try:
            await rearrangement.apply(self._parts.patience, config.timeouts.drain_s)
            await self._parts.update_gateway(app, without=rearrangement.change.removed)
        except Exception:
            self._parts.take(*before)
            await rearrangement.undo()
            try:
                await self._parts.update_gateway(app)
            except ModularError as error:
                log.error("%s", error)
            raise
