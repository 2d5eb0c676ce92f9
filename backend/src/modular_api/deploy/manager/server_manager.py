"""The manager as an object: start, stop and status, from any event loop."""

from __future__ import annotations

import logging
import signal
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

import psutil

from modular_api.deploy.config.checks import check_served
from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.manager.operating.commands import Commands
from modular_api.deploy.manager.operating.remote import ask_for_status, stop_everything
from modular_api.deploy.manager.operating.thread import LoopThread
from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.processes.records import Records
from modular_api.deploy.manager.supervising.parts import Parts
from modular_api.deploy.manager.supervising.supervisor import Supervisor
from modular_api.errors import ModularError
from modular_api.model import AppModel
from modular_api.project.settings import read_settings
from modular_api.project.source import AppSource, choose_source

log = logging.getLogger(__name__)


class RunningProcess(Protocol):
    """What may be known of a process of the manager."""

    @property
    def pid(self) -> int:
        """The process id."""
        ...

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code."""
        ...


class ServerManager:
    """Runs a deployment in a thread of its own, so that it is watched at all times.

    Its files go below `.local` of the project unless the attributes say otherwise;
    they may be set until the start.

    Args:
        nginx_config_path: where the configuration of nginx is written.
        detached: the processes outlive this one, and the next manager adopts them.
        source: the app; the project's own when left out.

    Attributes:
        error: why the last start failed.
    """

    def __init__(
        self,
        config: DeploymentConfig,
        nginx_config_path: Path | None = None,
        *,
        detached: bool = False,
        source: AppSource | None = None,
    ) -> None:
        settings = read_settings(Path.cwd())
        places = Places.below(settings.root / ".local")
        self.config = config
        self.detached = detached
        self.nginx_config_path = nginx_config_path or places.nginx_config
        self.nginx_pid_file = places.nginx_pid_file
        self.pid_dir = places.pid_dir
        self.log_dir = places.log_dir
        self.error: ModularError | None = None
        self._source = source or choose_source(settings)
        self._thread: LoopThread | None = None
        self._supervisor: Supervisor | None = None
        self._shutdown_requested = False

    async def start_all(self) -> bool:
        """Start every server and nginx; return whether all of it is ready.

        Where something is wrong nothing runs afterwards, and `error` says what it is.
        """
        if self._runs():
            return True
        self._shutdown_requested = False
        self.error = None
        self._thread = self._thread or LoopThread("server-manager")
        try:
            await self._thread.run(self._start())
        except ModularError as error:
            log.error("%s", error)
            self.error = error
            self._close_thread()
            return False
        return True

    async def stop_all(self, timeout: float | None = None) -> None:
        """Drain and end every process, wherever it was started.

        Args:
            timeout: seconds until what still runs is killed.
        """
        self._shutdown_requested = True
        if self._runs() and self._supervisor and self._thread:
            await self._thread.run(self._supervisor.stop(timeout))
            self._close_thread()
        else:
            await stop_everything(self.pid_dir, timeout)

    async def get_status(self) -> dict[str, Any]:
        """Tell how everything is: `running`, `nginx`, and `servers` by name."""
        status = await ask_for_status(self.pid_dir)
        for name in self.config.servers:
            status["servers"].setdefault(name, [])
        return status

    @property
    def processes(self) -> dict[str, RunningProcess]:
        """The process of each instance by `<server>-<index>`; after a stop, the last ones.

        It is a copy: nothing is stopped or forgotten by changing it.
        """
        return dict(self._supervisor.parts.processes()) if self._supervisor else {}

    @property
    def nginx_process(self) -> RunningProcess | None:
        """The process of nginx."""
        gateway = self._supervisor.parts.gateway if self._supervisor else None
        return gateway.child if gateway else None

    async def _start(self) -> None:
        """Start in the manager's own loop, which the supervisor belongs to."""
        places = Places(
            self.pid_dir, self.log_dir, self.nginx_config_path, self.nginx_pid_file
        )
        parts = Parts(self._checked, self._source, places, detached=self.detached)
        supervisor = Supervisor(parts)
        await supervisor.start(Commands(supervisor))
        self._supervisor = supervisor

    def _checked(self, model: AppModel) -> DeploymentConfig:
        """Return the configuration. Raises: BadDeployment: the app does not fit it."""
        check_served(self.config, model)
        return self.config

    def _runs(self) -> bool:
        return self._supervisor is not None and self._supervisor.is_running

    def _close_thread(self) -> None:
        if self._thread is not None:
            self._thread.close()
            self._thread = None

    async def _force_kill_port_holders(self, ports: Collection[int]) -> None:
        """Kill those of our own processes that listen on one of the ports."""
        for record in Records(self.pid_dir):
            if record.address[1] in ports:
                record.identity.send(signal.SIGKILL)

    @staticmethod
    def _is_process_running(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
