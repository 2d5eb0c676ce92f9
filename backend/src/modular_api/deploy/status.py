"""How a deployment is: what runs where, as data, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_HASH_LENGTH = 8


@dataclass(frozen=True)
class InstanceStatus:
    """One instance of a server.

    Attributes:
        state: `starting`, `ready`, `draining`, `stopped` or `failed`.
        healthy: whether it says itself that it is ready.
        specs: short hash of each OpenAPI document, by `broker v1`.
        restarts: how often a process was started in place of one that failed.
        reason: why it failed, where it did, or why the process before failed while
            another one starts.
        software: the event loop and the HTTP parser it runs on.
    """

    name: str
    state: str
    healthy: bool = False
    slot: str | None = None
    pid: int | None = None
    port: int | None = None
    modules: tuple[str, ...] = ()
    version: str | None = None
    specs: Mapping[str, str] = field(default_factory=dict)
    restarts: int = 0
    memory_bytes: int | None = None
    uptime_s: float | None = None
    reason: str | None = None
    software: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> InstanceStatus:
        """Take an entry of `get_status()["servers"][name]`."""
        health = data.get("health") or {}
        specs = {
            f"{module} {version}": str(hash_)[:_HASH_LENGTH]
            for module, versions in health.get("specs", {}).items()
            for version, hash_ in versions.items()
        }
        software = "+".join(health[key] for key in ("loop", "http") if health.get(key))
        return cls(
            name=data["name"],
            state=data["state"],
            healthy=data.get("healthy", False),
            slot=data.get("slot"),
            pid=data.get("pid"),
            port=data.get("port"),
            modules=tuple(data.get("modules", ())),
            version=health.get("version"),
            specs=specs,
            restarts=data.get("restarts", 0),
            memory_bytes=data.get("memory_bytes"),
            uptime_s=data.get("uptime_s"),
            reason=data.get("reason"),
            software=software or None,
        )


def instances_of(status: Mapping[str, Any]) -> list[InstanceStatus]:
    """Return every process of a `get_status()`: the gateway first, if there is one."""
    found = [
        InstanceStatus.from_dict(each)
        for instances in status["servers"].values()
        for each in instances
    ]
    nginx = status.get("nginx")
    if nginx:
        found.insert(
            0, InstanceStatus.from_dict({"name": "nginx", "state": "", **nginx})
        )
    return found
