"""How the process of an instance is started: what it inherits, and what it is told."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from modular_api.deploy.instance.spec import InstanceSpec
from modular_api.deploy.logs.settings import LogSettings
from modular_api.deploy.manager.instances.instance import Patience
from modular_api.deploy.manager.instances.last_words import last_words
from modular_api.deploy.manager.instances.plan import InstancePlan, fingerprint
from modular_api.deploy.manager.instances.server_process import ServerProcess
from modular_api.deploy.manager.instances.worker import Slot
from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.processes.child import Child, Command
from modular_api.deploy.manager.processes.identity import new_token
from modular_api.deploy.manager.processes.nursery import Nursery
from modular_api.deploy.manager.processes.records import ProcessRecord, Records
from modular_api.deploy.manager.processes.sockets import Sockets
from modular_api.listening import listen
from modular_api.project.source import AppSource


class Launcher:
    """Starts processes on the sockets of a deployment.

    Processes end with it, unless they are detached: they have one end of a pipe, and
    its other end is here.
    """

    def __init__(
        self,
        sockets: Sockets,
        records: Records,
        places: Places,
        source: AppSource,
        *,
        detached: bool,
    ) -> None:
        self._sockets = sockets
        self._records = records
        self._places = places
        self._source = source
        self._life = None if detached else os.pipe()
        self._nursery = Nursery()

    def start(
        self,
        plan: InstancePlan,
        slot: Slot,
        peers: Mapping[str, str],
        patience: Patience,
        restarts: int,
    ) -> ServerProcess:
        """Start a process that serves an instance.

        Raises: OSError; CannotListen: the instance's socket was closed, and somebody
            else has its address.
        """
        listener = self._sockets.get(plan.name)
        output = self._places.log_dir / f"{plan.name}.{slot}.start.log"
        output.parent.mkdir(parents=True, exist_ok=True)
        # Of loopback whatever the instance listens on: it is for the manager alone.
        with listen("127.0.0.1", 0) as health, output.open("wb") as file:
            spec = self._spec(plan, slot, peers, patience, listener, health)
            child = self._started(spec, plan, file.fileno())
            record = ProcessRecord(
                plan.name,
                slot,
                child.identity,
                self._sockets.address(plan.name),
                health.getsockname()[:2],
                spec.control,
                plan.modules,
                detached=self._life is None,
                started_at=time.time(),
                restarts=restarts,
                fingerprint=fingerprint(
                    plan, peers, patience, detached=self._life is None
                ),
            )
        try:
            return self._process(child, record, serves=False)
        except BaseException:  # nobody else would ever know of it
            child.send(signal.SIGKILL)
            raise

    def _spec(
        self,
        plan: InstancePlan,
        slot: Slot,
        peers: Mapping[str, str],
        patience: Patience,
        listener: socket.socket,
        health: socket.socket,
    ) -> InstanceSpec:
        """Return what the process is told."""
        return InstanceSpec(
            plan.server,
            plan.index,
            slot,
            new_token(),
            self._source,
            plan.modules,
            listener.fileno(),
            health.fileno(),
            dict(peers),
            life_fd=self._life[0] if self._life else None,
            control=None if self._life else str(self._control(plan, slot)),
            generation="auto" if plan.reload else "off",
            log=self._log_settings(plan),
            linger_s=patience.linger_s,
            grace_s=patience.drain_s,
        )

    def _started(self, spec: InstanceSpec, plan: InstancePlan, output: int) -> Child:
        if plan.reload:
            return self._nursery.start(spec, plan.environment, output)
        environment = {**plan.environment, **spec.environment}
        return Child.start(
            Command(spec.arguments, spec.token, environment, spec.fds, output=output)
        )

    def adopt(self, record: ProcessRecord) -> ServerProcess:
        """Return a process that an earlier manager has started."""
        return self._process(Child.adopt(record.identity), record, serves=True)

    def close(self) -> None:
        """Close the manager's end of the pipe; processes that still run end then."""
        self._nursery.close()
        for descriptor in self._life or ():
            os.close(descriptor)
        self._life = None

    def _process(
        self, child: Child, record: ProcessRecord, *, serves: bool
    ) -> ServerProcess:
        logs = self._places.log_dir
        files = (
            logs / f"{record.name}.{record.slot}.start.log",
            logs / f"{record.name}.log",
        )
        words = partial(last_words, files, child.pid)
        return ServerProcess(child, record, self._records, words, serves=serves)

    def _control(self, plan: InstancePlan, slot: Slot) -> Path:
        return self._places.pid_dir / f"{plan.name}.{slot}.sock"

    def _log_settings(self, plan: InstancePlan) -> LogSettings:
        return LogSettings(
            self._places.log_dir,
            str(plan.log_level),
            {name: str(level) for name, level in plan.log_levels.items()},
            plan.log_format,
        )
