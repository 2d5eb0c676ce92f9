"""Check the ports of a deployment: in range, not privileged, used once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

LOOPBACK = "127.0.0.1"
LAST_PRIVILEGED = 1023
LAST_PORT = 65535

Path: TypeAlias = tuple[str | int, ...]
"""Where something stands in a configuration: `("servers", "broker", "port")`."""

_EVERYWHERE = frozenset({"0.0.0.0", "::"})


class HostPort(NamedTuple):
    """An address to listen on."""

    host: str
    port: int


class PortUse(NamedTuple):
    """Who wants to listen on a port, and where that is written."""

    name: str
    address: HostPort
    path: Path

    @property
    def fixed(self) -> bool:
        """Whether a certain port is wanted; with 0 any will do."""
        return self.address.port != 0


def port_faults(uses: Iterable[PortUse]) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with the ports, and where it is written."""
    fixed = [use for use in uses if use.fixed]
    for use in fixed:
        port = use.address.port
        if port > LAST_PORT:
            yield use.path, f"port {port} of {use.name} is above {LAST_PORT}"
        elif port <= LAST_PRIVILEGED:
            yield use.path, (
                f"port {port} of {use.name} is privileged; take one from "
                f"{LAST_PRIVILEGED + 1} on, or 0 for a free one"
            )
    for index, use in enumerate(fixed):
        earlier = next(
            (e for e in fixed[:index] if _clash(e.address, use.address)), None
        )
        if earlier is not None:
            yield use.path, (
                f"port {use.address.port} of {use.name} is that of {earlier.name}, too"
            )


def _clash(one: HostPort, other: HostPort) -> bool:
    if one.port != other.port:
        return False
    hosts = {one.host, other.host}
    return len(hosts) == 1 or bool(hosts & _EVERYWHERE)
