"""Check that a deployment fits the app and the machine."""

from __future__ import annotations

from collections.abc import Iterator

from modular_api.deploy.config.errors import BadDeployment, Fault
from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.config.ports import Path
from modular_api.listening import CannotListen, listen
from modular_api.model import AppModel


def check_deployment(config: DeploymentConfig, model: AppModel) -> None:
    """Raise BadDeployment with every fault in how the modules are deployed."""
    faults = [
        Fault(0, ".".join(map(str, path)), message)
        for path, message in module_faults(config, model)
    ]
    if faults:
        raise BadDeployment(faults)


def check_served(config: DeploymentConfig, model: AppModel) -> None:
    """Check as `check_deployment` does, but for modules that no server has."""
    served = set(config.modules)
    part = tuple(module for module in model.modules if module.name in served)
    check_deployment(config, model.model_copy(update={"modules": part}))


def module_faults(
    config: DeploymentConfig, model: AppModel
) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with the modules of the servers, and where it is written."""
    yield from _unknown(config, model)
    yield from _served_twice(config)
    yield from _stateful(config, model)
    routed = {name for server in config.servers.values() for name in server.modules}
    for module in model.modules:
        if module.name not in routed:
            yield ("servers",), (
                f"module '{module.name}' is served by no server; add it to one's modules"
            )


def machine_faults(config: DeploymentConfig) -> Iterator[tuple[Path, str]]:
    """Yield what this machine does not have, and where it is written."""
    folder = config.nginx.static_dir
    if folder is not None and not folder.is_dir():
        yield ("nginx", "static_dir"), f"there is no folder {folder}"
    hosts: dict[Path, str] = {("nginx",): config.nginx.host}
    hosts |= {("servers", name): server.host for name, server in config.servers.items()}
    why = {host: _why_not(host) for host in set(hosts.values())}
    for path, host in hosts.items():
        if why[host] is not None:
            yield (*path, "host"), f"{host} cannot be listened on: {why[host]}"


def _why_not(host: str) -> str | None:
    """Return why nobody can listen on an address of this machine; None where one can."""
    try:
        listen(host, 0).close()
    except CannotListen as error:
        return error.why
    return None


def _unknown(config: DeploymentConfig, model: AppModel) -> Iterator[tuple[Path, str]]:
    known = [module.name for module in model.modules]
    for server, settings in config.servers.items():
        for index, name in enumerate(settings.modules):
            if name not in known:
                yield ("servers", server, "modules", index), (
                    f"there is no module '{name}'; there are: {', '.join(known)}"
                )
        for name in settings.log_levels:
            if name not in settings.modules:
                yield ("servers", server, "log_levels", name), (
                    f"'{name}' is none of this server's modules"
                )


def _served_twice(config: DeploymentConfig) -> Iterator[tuple[Path, str]]:
    serving: dict[str, str] = {}
    for server, settings in config.servers.items():
        for index, name in enumerate(settings.modules):
            if name in serving:
                yield ("servers", server, "modules", index), (
                    f"module '{name}' is served by '{serving[name]}' already; for more "
                    "processes raise its instances"
                )
            serving.setdefault(name, server)


def _stateful(config: DeploymentConfig, model: AppModel) -> Iterator[tuple[Path, str]]:
    for server, settings in config.servers.items():
        if settings.instances == 1:
            continue
        for module in model.modules:
            if module.stateful and module.name in settings.modules:
                yield ("servers", server, "instances"), (
                    f"{settings.instances} instances of '{module.name}' would disagree: "
                    f"each keeps to itself {'; '.join(module.process_state)}. Serve "
                    "it with 1 instance, or keep that where all instances find it"
                )
