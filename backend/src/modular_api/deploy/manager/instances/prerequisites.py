"""Which servers have to be ready before another one is started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def prerequisites(
    modules: Mapping[str, Iterable[str]], uses: Mapping[str, Iterable[str]]
) -> dict[str, frozenset[str]]:
    """Return for each server those that serve what its modules use.

    Servers that use one another do not wait for one another: neither could be first.

    Args:
        modules: the modules of each server.
        uses: what each module uses; a module nobody serves counts for nothing.
    """
    servers_of: dict[str, set[str]] = {}
    for server, names in modules.items():
        for name in names:
            servers_of.setdefault(name, set()).add(server)
    direct = {
        server: {
            other
            for name in names
            for used in uses.get(name, ())
            for other in servers_of.get(used, ())
        }
        - {server}
        for server, names in modules.items()
    }
    reached = {server: _reachable(server, direct) for server in direct}
    return {
        server: frozenset(o for o in others if server not in reached[o])
        for server, others in direct.items()
    }


def _reachable(start: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for other in edges[waiting.pop()]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
