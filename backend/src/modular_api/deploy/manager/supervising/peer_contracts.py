"""Whether new code would break what a running peer relies on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from modular_api.deploy.manager.describing.messages import Description
from modular_api.deploy.manager.instances.plan import InstancePlan
from modular_api.deploy.manager.processes.health import Address, NoAnswer, ask
from modular_api.types import Document, module_prefix

_ASK_S = 5.0

Peers: TypeAlias = Mapping[str, Collection[str]]
"""The running peers of each module that is to be replaced: `{"datafeed": ["broker"]}`."""


def peers_that_stay(
    names: Collection[str],
    plans: Mapping[str, InstancePlan],
    uses: Mapping[str, Collection[str]],
) -> Peers:
    """Return who uses the modules of some instances and is not replaced with them."""
    found: dict[str, set[str]] = {}
    for module in {module for name in names for module in plans[name].modules}:
        for plan in plans.values():
            users = {m for m in plan.modules if module in uses.get(m, ())}
            if users and plan.name not in names and module not in plan.modules:
                found.setdefault(module, set()).update(users)
    return {module: sorted(users) for module, users in found.items()}


async def breaks(
    peers: Peers, new: Description, addresses: Mapping[str, Address]
) -> list[str]:
    """Compare what processes serve with what new code would; return what breaks peers.

    Args:
        addresses: where each module is served now.
    Raises: SpecError: a document cannot be compared.
    """
    found: list[str] = []
    for module, users in sorted(peers.items()):
        by = " and ".join(users)
        served = await _served(module, new, addresses[module])
        for version, kind, old in served:
            now = new.documents.get((module, version, kind))
            found += [
                f"{module} {version}, used by {by}: {text}"
                for text in _broken(old, now)
            ]
    return found


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


async def _served(
    module: str, new: Description, address: Address
) -> list[tuple[str, str, Document]]:
    """Return the documents a running process serves of a module."""
    documents = []
    for version in await _versions(module, new, address):
        for kind in ("openapi", "asyncapi"):
            path = f"{module_prefix(module, version)}/{kind}.json"
            try:
                answer = await ask(address, path, timeout_s=_ASK_S)
            except NoAnswer:  # it is not running, so nobody can rely on it
                continue
            if answer.is_good:
                documents.append((version, kind, answer.body))
    return documents


async def _versions(module: str, new: Description, address: Address) -> list[str]:
    """Return the versions a running module has, as it says itself under any of them."""
    for version in [v for m, v, _ in new.documents if m == module] + ["v1"]:
        try:
            path = f"{module_prefix(module, version)}/versions"
            answer = await ask(address, path, timeout_s=_ASK_S)
        except NoAnswer:
            break
        if answer.is_good:
            return [str(name) for name in answer.body.get("versions", [])]
    return []
