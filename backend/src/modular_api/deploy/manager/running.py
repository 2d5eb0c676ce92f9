"""A deployment as the command line describes it, run here or in the background."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modular_api.deploy.config.errors import BadDeployment, Fault
from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.config.reading import read_deployment
from modular_api.deploy.manager.errors import (
    CannotExclude,
    ControlFailed,
    ManagerError,
    NothingLeft,
)
from modular_api.deploy.manager.foreground import Foreground
from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.reporting import status_of
from modular_api.deploy.manager.supervisor import Supervisor
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
        # Validated again: more instances may want a port that is somebody else's.
        try:
            return DeploymentConfig.model_validate({**dict(config), "servers": servers})
        except ValidationError as error:
            faults = [Fault(0, "", detail["msg"]) for detail in error.errors()]
            raise BadDeployment(faults) from error

    def supervisor(self) -> Supervisor:
        """Return what runs it, in the running loop."""
        return Supervisor(
            self.read_config,
            self.source,
            self.places,
            detached=self.detached,
        )


def run(deployment: Deployment, on_ready: Callable[[dict[str, Any]], None]) -> None:
    """Run a deployment until a signal or a command stops it.

    Args:
        on_ready: gets the status once everything is ready.
    Raises: ModularError: it did not start. KeyboardInterrupt: stopped while starting.
    """
    configure_logging(deployment.log_level)
    deployment.must_exist()
    asyncio.run(_run(deployment, on_ready))


async def _run(
    deployment: Deployment, on_ready: Callable[[dict[str, Any]], None]
) -> None:
    supervisor = deployment.supervisor()

    async def tell() -> None:
        on_ready(await status_of(supervisor))

    await Foreground(supervisor).run(tell)


def run_detached(deployment: Deployment) -> dict[str, Any]:
    """Start a manager that outlives this process; return the status once all is ready.

    Its log is `manager.log` beside the others.

    Raises: ModularError: it did not start, in its own words. KeyboardInterrupt: the
        start was undone.
    """
    deployment.must_exist()
    deployment.places.log_dir.mkdir(parents=True, exist_ok=True)
    ours, theirs = os.pipe()
    with (deployment.places.log_dir / "manager.log").open("ab") as output:
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
            f"The manager ended with exit code {process.wait()}; its log is "
            f"{deployment.places.log_dir / 'manager.log'}."
        )
    process.returncode = 0  # it runs on, and nobody waits for it
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        raise ManagerError(told["error"])
    status: dict[str, Any] = told["status"]
    return status


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
