"""A deployment as the command line describes it, run here or in the background."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from modular_api.deploy.config.errors import BadDeployment, Fault
from modular_api.deploy.config.models import SKIP_PORT_FAULTS, DeploymentConfig
from modular_api.deploy.config.ports import port_faults
from modular_api.deploy.config.reading import read_deployment
from modular_api.deploy.logs.label import Label
from modular_api.deploy.logs.records import FileRecordHandler, RecordHandler
from modular_api.deploy.logs.settings import MANAGER, LogSettings
from modular_api.deploy.manager.errors import (
    BadFolder,
    CannotExclude,
    ControlFailed,
    ManagerError,
    NothingLeft,
)
from modular_api.deploy.manager.foreground import Foreground
from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.reporting import status_of
from modular_api.deploy.manager.supervisor import ReadConfig, Supervisor
from modular_api.errors import ModularError, describe
from modular_api.model import AppModel
from modular_api.project.source import AppSource
from modular_api.serving.logs import configure_logging

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from modular_api.deploy.manager.running import main; main()"
)


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
        return Supervisor(
            read_config,
            self.source,
            self.places,
            detached=self.detached,
        )


def run(deployment: Deployment, on_ready: Callable[[dict[str, Any]], None]) -> None:
    """Run a deployment until a signal or a command stops it.

    What it logs goes to `manager.log` and `all.log`, and to stderr unless it is
    detached.

    Args:
        on_ready: gets the status once everything is ready.
    Raises: ModularError: it did not start. KeyboardInterrupt: stopped while starting.
    """
    configure_logging(deployment.log_level)
    deployment.must_exist()
    root, log_dir = logging.getLogger(), deployment.places.log_dir
    label = Label(MANAGER, "-", os.getpid(), MANAGER)
    try:
        handler = FileRecordHandler(label, LogSettings(log_dir))
    except OSError as error:
        raise BadFolder(log_dir, error) from error
    if deployment.detached:  # nobody looks, and what collects it would grow
        root.handlers.clear()
    root.addHandler(handler)
    try:
        asyncio.run(_run(deployment, on_ready, handler))
    finally:
        root.removeHandler(handler)


async def _run(
    deployment: Deployment,
    on_ready: Callable[[dict[str, Any]], None],
    records: RecordHandler,
) -> None:
    def read_config(model: AppModel) -> DeploymentConfig:
        config = deployment.read_config(model)
        records.format_of_lines = config.log_format
        return config

    supervisor = deployment.supervisor(read_config)

    async def tell() -> None:
        notes = deployment.notes(supervisor.config, supervisor.description.model)
        on_ready({**await status_of(supervisor), "notes": notes})

    await Foreground(supervisor).run(tell)


def run_detached(deployment: Deployment) -> dict[str, Any]:
    """Start a manager that outlives this process; return the status once all is ready.

    What it prints and does not log is in `manager-output.log`, beside the others.

    Raises: ModularError: it did not start, in its own words. KeyboardInterrupt: SIGINT
        or SIGTERM came, and the start was undone.
    """
    deployment.must_exist()
    log_dir = deployment.places.log_dir
    printed = log_dir / "manager-output.log"
    try:
        log_dir.mkdir(parents=True, exist_ok=True)
        output = printed.open("ab")
    except OSError as error:
        raise BadFolder(log_dir, error) from error
    with output, _terminated_is_interrupted():
        return _begin(deployment, output, printed)


def _begin(deployment: Deployment, output: BinaryIO, printed: Path) -> dict[str, Any]:
    ours, theirs = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, json.dumps(sys.path), str(theirs)],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        pass_fds=[theirs],
        start_new_session=True,
    )
    os.close(theirs)
    assert process.stdin is not None
    try:
        with os.fdopen(ours, "rb") as answer:
            with process.stdin, suppress(BrokenPipeError):
                process.stdin.write(pickle.dumps(deployment))
            line = answer.readline()
    except KeyboardInterrupt:
        # It has a session of its own, so the terminal's Ctrl-C has not reached it.
        process.terminate()
        process.wait()
        raise
    if not line:
        raise ControlFailed(
            f"The manager ended with exit code {process.wait()}; its last words are "
            f"in {printed}."
        )
    process.returncode = 0  # it runs on, and nobody waits for it
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        raise ManagerError(told["error"])
    status: dict[str, Any] = told["status"]
    return status


@contextmanager
def _terminated_is_interrupted() -> Iterator[None]:
    """Have SIGTERM do what SIGINT does while the body runs."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main() -> None:
    """Run the deployment on stdin; tell on a descriptor how the start went."""
    deployment: Deployment = pickle.load(sys.stdin.buffer)
    answer = Answer(int(sys.argv[2]))
    try:
        run(deployment, lambda status: answer.give("status", status))
    except ModularError as error:
        answer.give("error", str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        answer.give("error", "It was interrupted while it was starting.")
        sys.exit(1)
    except BaseException as error:
        answer.give("error", f"unexpected {describe(error)}")
        raise


class Answer:
    """A line to whoever has asked for a start, who may be gone by then.

    Args:
        descriptor: the write end of a pipe; closed once the answer is given.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def give(self, kind: str, what: Any) -> None:
        """Write the line; only the first one counts."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        # Without a buffer: what cannot be written must not be tried again by a close.
        with suppress(BrokenPipeError), os.fdopen(descriptor, "wb", 0) as pipe:
            rest = memoryview(json.dumps({kind: what}).encode() + b"\n")
            while rest:
                rest = rest[pipe.write(rest) or 0 :]
