"""Whether new code would break what a running peer relies on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol, TypeAlias

from modular_api.deploy.manager.describing.messages import Description
from modular_api.deploy.manager.instances.plan import InstancePlan
from modular_api.deploy.manager.processes.health import NoAnswer
from modular_api.types import Document

Peers: TypeAlias = Mapping[str, Collection[str]]
"""The running peers of each module that is to be replaced: `{"datafeed": ["broker"]}`."""


class Serving(Protocol):
    """A process that may serve what is to be replaced."""

    @property
    def pid(self) -> int:
        """The process id."""
        ...

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code."""
        ...

    async def documents(self, module: str) -> Mapping[tuple[str, str], Document]:
        """Return what it serves of a module, by version and kind. Raises: NoAnswer."""
        ...


def peers_that_stay(
    names: Collection[str],
    plans: Mapping[str, InstancePlan],
    uses: Iterable[Mapping[str, Collection[str]]],
) -> Peers:
    """Return who uses the modules of some instances and is not replaced with them.

    Args:
        uses: what modules use, as the code says now and as it said before: a peer may
            run either.
    """
    uses = list(uses)
    found: dict[str, set[str]] = {}
    for module in {module for name in names for module in plans[name].modules}:
        for plan in plans.values():
            users = {m for m in plan.modules for u in uses if module in u.get(m, ())}
            if users and plan.name not in names and module not in plan.modules:
                found.setdefault(module, set()).update(users)
    return {module: sorted(users) for module, users in found.items()}


async def breaks(
    peers: Peers, new: Description, serving: Mapping[str, Collection[Serving]]
) -> list[str]:
    """Compare what processes serve with what new code would; return what breaks peers.

    A process that runs and does not tell what it serves counts as one that would break
    them: nobody can know.

    Args:
        serving: the processes of each module.
    Raises: SpecError: a document cannot be compared.
    """
    found: dict[str, None] = {}
    for module, users in sorted(peers.items()):
        by = f"used by {' and '.join(users)}"
        for process in serving[module]:
            try:
                served = await process.documents(module)
            except NoAnswer as why:
                if process.poll() is None:  # else nobody can rely on it
                    text = f"process {process.pid} does not tell what it serves: {why}"
                    found[f"{module}, {by}: {text}"] = None
                continue
            for (version, kind), old in served.items():
                now = new.documents.get((module, version, kind))
                for text in _broken(old, now):
                    found[f"{module} {version}, {by}: {text}"] = None
    return list(found)


def _broken(old: Document, new: Document | None) -> Iterator[str]:
    # Only here: it takes a while to import, and most restarts change no contract.
    from modular_api.specs.diff.change import Level
    from modular_api.specs.diff.compare import compare

    if new is None:
        yield "the version is gone"
    elif old != new:
        for change in compare(old, new):
            if change.level is Level.BREAKING:
                yield change.text
