"""The processes of a deployment, in terms that every supervisor has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from modular_api.deploy.config.models import DeploymentConfig, ServerConfig
from modular_api.deploy.logs.settings import LogFormat
from modular_api.model import AppModel
from modular_api.project.source import AppSource


@dataclass(frozen=True)
class Process:
    """What one server runs, the same for each of its instances.

    Attributes:
        server: its name.
        arguments: of `modular-api`, but for `--host` and `--port`.
        needs: the servers it should start after.
        stateful: two of it at a time would disagree.
    """

    server: str
    settings: ServerConfig
    arguments: tuple[str, ...]
    needs: tuple[str, ...]
    stateful: bool

    def listening(self, host: str, port: int) -> list[str]:
        """Return the arguments with an address to listen on."""
        return [*self.arguments, "--host", host, "--port", str(port)]


def processes_of(
    config: DeploymentConfig,
    model: AppModel,
    run: tuple[str, ...],
    *,
    url_of: Callable[[str], str],
) -> list[Process]:
    """Return a process for each server.

    Args:
        run: what chooses the app, from `run_arguments`.
        url_of: where a server is reached by the others.
    """
    return [
        _process(name, server, config, model, run, url_of)
        for name, server in config.servers.items()
    ]


def _process(
    name: str,
    server: ServerConfig,
    config: DeploymentConfig,
    model: AppModel,
    run: tuple[str, ...],
    url_of: Callable[[str], str],
) -> Process:
    modules = [module for module in model.modules if module.name in server.modules]
    used = sorted({used for module in modules for used in module.uses})
    peers = {peer: config.server_of(peer) for peer in used}
    elsewhere = {peer: at for peer, at in peers.items() if at not in (None, name)}
    arguments = ["run", *run, "--modules", ",".join(server.modules)]
    arguments += ["--log-level", server.log_level.value]
    arguments += ["--drain", str(math.ceil(config.timeouts.drain_s))]
    for peer, at in elsewhere.items():
        arguments += ["--peer", f"{peer}={url_of(at or '')}"]
    return Process(
        name,
        server,
        tuple(arguments),
        tuple(sorted(at for at in set(elsewhere.values()) if at)),
        any(module.stateful for module in modules),
    )


def left_out(config: DeploymentConfig) -> Iterator[str]:
    """Yield what is configured and has no counterpart outside of the manager."""
    if config.log_format is not LogFormat.TEXT:
        yield f"log_format: only nginx writes {config.log_format}, processes write text"
    for name, server in config.servers.items():
        if server.log_levels:
            yield f"servers.{name}.log_levels: all modules have its log_level"
        if server.reload:
            yield f"servers.{name}.reload: nothing follows changes of the code"


def run_arguments(source: AppSource, project: Path) -> tuple[str, ...]:
    """Return the arguments of `modular-api run` that choose this app.

    A folder is told relative to the project, so that it is found in an image, too.
    """
    if source.app is not None:
        return ("--app", source.app)
    folder = source.modules_dir
    if isinstance(folder, Path) and folder.resolve().is_relative_to(project.resolve()):
        folder = folder.resolve().relative_to(project.resolve())
    return ("--modules-dir", str(folder))


def instances_of(processes: list[Process]) -> Iterator[tuple[str, Process, int]]:
    """Yield the name, the process and the index of each instance."""
    for process in processes:
        for index in range(process.settings.instances):
            yield f"{process.server}-{index}", process, index
