"""The order in which modules start: whoever is used starts before its users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from modular_api.registry.faults import UsesCycle


def start_order(uses: Mapping[str, Sequence[str]]) -> list[str]:
    """Sort modules so that each comes after those it uses, else by name.

    Args:
        uses: for each module the names it uses; names that are no key are left out,
            because a missing peer is an error of the call, not of the start.

    Raises: UsesCycle: with the path of one circle.
    """
    sorter = TopologicalSorter(
        {name: sorted(set(uses[name]) & uses.keys()) for name in sorted(uses)}
    )
    try:
        sorter.prepare()
    except CycleError as error:
        raise UsesCycle(_users_first(error.args[1])) from None
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


def find_cycles(uses: Mapping[str, Sequence[str]]) -> list[UsesCycle]:
    """Return the circles there are; of those that share a module only one."""
    left = dict(uses)
    cycles: list[UsesCycle] = []
    while True:
        try:
            start_order(left)
        except UsesCycle as cycle:
            cycles.append(cycle)
            left = {name: left[name] for name in left if name not in cycle.path}
        else:
            return sorted(cycles, key=lambda cycle: cycle.path)


def _users_first(path: Sequence[str]) -> list[str]:
    """Turn graphlib's path, which runs from the used to the user, and start by name."""
    circle = list(reversed(path))[:-1]
    first = circle.index(min(circle))
    circle = circle[first:] + circle[:first]
    return [*circle, circle[0]]
