"""The first configuration of an app: a server a module, from what was discovered."""

from __future__ import annotations

from modular_api.deploy.config.errors import NoDeployment
from modular_api.deploy.config.models import (
    NGINX,
    DeploymentConfig,
    NginxConfig,
    ServerConfig,
)
from modular_api.deploy.config.ports import LAST_PORT, LAST_PRIVILEGED
from modular_api.listening import url_for
from modular_api.model import AppModel

FIRST_PORT = 8000
_APART = 10


def default_deployment(
    model: AppModel, *, first_port: int = FIRST_PORT
) -> DeploymentConfig:
    """Return a gateway at the first port, and a server for each module after it.

    Ports are ten apart, so that there is room for more instances.

    Raises: NoDeployment: there are no such ports.
    """
    last = LAST_PORT - _APART * len(model.modules)
    if first_port and not LAST_PRIVILEGED < first_port <= last:
        raise NoDeployment(
            f"The gateway's port would be {first_port}, expected one from "
            f"{LAST_PRIVILEGED + 1} to {last}, as servers follow it {_APART} apart; or 0 "
            "for free ones."
        )
    servers = {
        _server_name(module.name): ServerConfig(
            modules=[module.name],
            port=first_port + _APART * number if first_port else 0,
        )
        for number, module in enumerate(model.modules, start=1)
    }
    return DeploymentConfig(nginx=NginxConfig(port=first_port), servers=servers)


def _server_name(module: str) -> str:
    return f"{module}-server" if module == NGINX else module


def deployment_text(config: DeploymentConfig, model: AppModel) -> str:
    """Return the configuration as YAML, with what a reader needs to know beside it."""
    stateful = {module.name for module in model.modules if module.stateful}
    nginx = config.nginx
    lines = [
        "# How the modules are spread over processes; every key has a default but modules.",
        "# `modular-api deploy check` tells whether it can work.",
        *(
            [f"api_base_url: {url_for(nginx.host, nginx.port)}", ""]
            if nginx.port
            else []
        ),
        "nginx:",
        f"  host: {nginx.host}  # 0.0.0.0 lets other machines in",
        f"  port: {nginx.port}",
        f"  worker_processes: {nginx.worker_processes}",
        f"  worker_connections: {nginx.worker_connections}",
        "",
        "servers:",
    ]
    for name, server in config.servers.items():
        kept = stateful.intersection(server.modules)
        note = "  # stateful: more would disagree" if kept else ""
        lines += [
            f"  {name}:",
            f"    modules: [{', '.join(server.modules)}]",
            f"    port: {server.port}",
            f"    instances: {server.instances}{note}",
        ]
    timeouts, limits = config.timeouts, config.limits
    lines += [
        "",
        "timeouts:  # seconds",
        f"  start_s: {timeouts.start_s:g}  # for a new process to become ready",
        f"  live_s: {timeouts.live_s:g}  # for a process to tell that it is alive",
        f"  drain_s: {timeouts.drain_s:g}  # for requests to end when a process stops",
        "",
        "limits:",
        f"  body_bytes: {limits.body_bytes}",
        f"  header_bytes: {limits.header_bytes}",
    ]
    return "\n".join(lines) + "\n"
