"""What a configuration asks for, instance by instance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from modular_api.deploy.config.models import NGINX, DeploymentConfig
from modular_api.deploy.logs.settings import LogFormat, LogLevel
from modular_api.deploy.manager.instances.instance import Patience
from modular_api.deploy.manager.processes.health import Address
from modular_api.listening import url_for


@dataclass(frozen=True)
class InstancePlan:
    """One process that is wanted.

    Attributes:
        address: where it listens; a port of 0 stands for any.
        log_levels: of single modules, in place of `log_level`.
        reload: its process is replaced when the code changes, and generates.
        environment: variables it gets besides those of the manager.
    """

    server: str
    index: int
    modules: tuple[str, ...]
    address: Address
    log_level: LogLevel = LogLevel.info
    log_levels: Mapping[str, LogLevel] = field(default_factory=dict)
    log_format: LogFormat = LogFormat.TEXT
    reload: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`<server>-<index>`."""
        return f"{self.server}-{self.index}"


def plans_of(config: DeploymentConfig) -> dict[str, InstancePlan]:
    """Return every instance that is wanted, by name."""
    plans = [
        InstancePlan(
            name,
            index,
            tuple(server.modules),
            (server.host, port),
            server.log_level,
            dict(server.log_levels),
            config.log_format,
            server.reload,
            dict(server.env),
        )
        for name, server in config.servers.items()
        for index, port in enumerate(server.ports)
    ]
    return {plan.name: plan for plan in plans}


def patience_of(config: DeploymentConfig) -> Patience:
    """Return how long the configuration wants processes to be waited for."""
    timeouts = config.timeouts
    return Patience(
        start_s=timeouts.start_s,
        live_s=timeouts.live_s,
        drain_s=timeouts.drain_s,
        linger_s=timeouts.idle_s * 1.5,
    )


@dataclass(frozen=True)
class Change:
    """What has to happen for one set of plans to become another.

    Attributes:
        wanted: the new plans.
        added, removed: instances only one of them has.
        moved: instances that listen elsewhere, and cannot pass their socket on.
    """

    wanted: Mapping[str, InstancePlan]
    added: frozenset[str]
    removed: frozenset[str]
    moved: frozenset[str]

    @property
    def addresses(self) -> dict[str, Address]:
        """Where the added and the moved ones will listen."""
        return {name: self.wanted[name].address for name in self.added | self.moved}


def changes(
    before: Mapping[str, InstancePlan], after: Mapping[str, InstancePlan]
) -> Change:
    """Compare two sets of plans."""
    both = before.keys() & after.keys()
    moved = frozenset(n for n in both if before[n].address != after[n].address)
    return Change(
        after,
        added=frozenset(after.keys() - before.keys()),
        removed=frozenset(before.keys() - after.keys()),
        moved=moved,
    )


def fingerprint(
    plan: InstancePlan,
    peers: Mapping[str, str],
    patience: Patience,
    *,
    detached: bool,
) -> str:
    """Return a hash of everything a process is told; another hash wants another process.

    Where it listens is no part of it: it is handed the socket. Whether it outlives its
    manager is: a process without the pipe that ends it cannot be given one.
    """
    told = {**asdict(plan), "address": None, "peers": dict(peers)}
    told["detached"] = detached
    told["drain_s"], told["linger_s"] = patience.drain_s, patience.linger_s
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def peers_of(
    plan: InstancePlan,
    uses: Mapping[str, Sequence[str]],
    plans: Mapping[str, InstancePlan],
    address_of: Callable[[str], Address],
) -> dict[str, str]:
    """Return where an instance finds the modules that its own modules use.

    A module with one instance is called there; one with several by way of the gateway,
    which spreads the calls.
    """
    used = {name for module in plan.modules for name in uses.get(module, ())}
    found = {}
    for name in sorted(used - set(plan.modules)):
        serving = [other.name for other in plans.values() if name in other.modules]
        if serving:
            found[name] = url_for(
                *address_of(serving[0] if len(serving) == 1 else NGINX)
            )
    return found
