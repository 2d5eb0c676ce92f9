"""A deployment as the command line describes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modular_api.deploy.config.errors import BadDeployment, Fault
from modular_api.deploy.config.models import SKIP_PORT_FAULTS, DeploymentConfig
from modular_api.deploy.config.ports import port_faults
from modular_api.deploy.config.reading import read_deployment
from modular_api.deploy.manager.errors import CannotExclude, NothingLeft
from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.supervising.parts import Parts, ReadConfig
from modular_api.deploy.manager.supervising.supervisor import Supervisor
from modular_api.model import AppModel
from modular_api.project.source import AppSource


@dataclass(frozen=True)
class Deployment:
    """What `manager start` was told; plain data, so another process can do it.

    Attributes:
        exclude: modules that are left out, and servers that have no other.
        workers: instances of every server that keeps no state; None as configured.
        reload: every process follows changes of its code.
    """

    config_file: Path
    source: AppSource
    places: Places
    exclude: tuple[str, ...] = ()
    workers: int | None = None
    reload: bool = False
    detached: bool = False
    log_level: str = "info"

    def must_exist(self) -> None:
        """Look for the file before the app is built. Raises: NoDeployment.

        What is wrong with it is told when the app is known, all at once.
        """
        if not self.config_file.is_file():
            read_deployment(self.config_file)

    def read_config(self, model: AppModel) -> DeploymentConfig:
        """Read the file and apply the options.

        Raises: BadDeployment, NoDeployment, CannotExclude, NothingLeft.
        """
        config = read_deployment(self.config_file, model)
        known = [module.name for module in model.modules]
        if unknown := [name for name in self.exclude if name not in known]:
            raise CannotExclude(unknown, known)
        stateful = {module.name for module in model.modules if module.stateful}
        servers = {}
        for name, server in config.servers.items():
            modules = [m for m in server.modules if m not in self.exclude]
            change: dict[str, Any] = {"modules": modules}
            change["log_levels"] = {
                m: level for m, level in server.log_levels.items() if m in modules
            }
            if self.workers is not None and not stateful.intersection(modules):
                change["instances"] = self.workers
            if self.reload:
                change["reload"] = True
            if modules:
                servers[name] = {**server.model_dump(), **change}
        if not servers:
            raise NothingLeft(self.exclude)
        config = DeploymentConfig.model_validate(
            {**dict(config), "servers": servers}, context={SKIP_PORT_FAULTS: True}
        )
        # Again: more instances may want a port that is somebody else's.
        faults = [
            Fault(0, ".".join(map(str, path)), f"{what}, with --workers {self.workers}")
            for path, what in port_faults(config.port_uses())
        ]
        if faults:
            raise BadDeployment(faults, self.config_file)
        return config

    def notes(self, config: DeploymentConfig, model: AppModel) -> list[str]:
        """Return what was asked for and is not so, a sentence each."""
        stateful = {module.name for module in model.modules if module.stateful}
        single = [
            name
            for name, server in config.servers.items()
            if stateful.intersection(server.modules)
        ]
        if self.workers in (None, 1) or not single:
            return []
        names = ", ".join(single)
        return [f"--workers leaves {names} at 1 instance: the state is in the process."]

    def supervisor(self, read_config: ReadConfig) -> Supervisor:
        """Return what runs it, in the running loop."""
        parts = Parts(read_config, self.source, self.places, detached=self.detached)
        return Supervisor(parts)
