"""A contract that came or went as a whole is one change, not one for each operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from modular_api.contracts.names import ContractName
from modular_api.specs.diff.change import Change, Level, Tier, fingerprint_of
from modular_api.specs.structure import operations_of
from modular_api.types import Document

Engine: TypeAlias = Callable[[Document, Document], list[Change]]
"""Compares two documents on a certain day."""

ADDED = "api-version-added"
REMOVED = "api-version-removed"

BUILTIN_PATHS = frozenset({"/health", "/version", "/versions"})
"""What every module answers by itself; no author could deprecate it."""


def added(name: ContractName, document: Document) -> Change:
    """Return the change of a contract that nothing was promised of."""
    return Change(
        rule=ADDED,
        level=Level.COMPATIBLE,
        tier=Tier.WIRE,
        place="#",
        text=f"{name} is new, with {_size(document)}.",
        advice="Nothing to do.",
        fingerprint=fingerprint_of(ADDED, name.file_name, None, name.version),
        new=name.version,
    )


def removed(name: ContractName, document: Document, engine: Engine) -> Change:
    """Return the change of a contract that is gone.

    It breaks nothing if each operation was a draft, or deprecated until a day that is
    over.
    """
    breaks = any(map(_breaks, engine(document, _emptied(document))))
    gone = f"{name} was removed, with {_size(document)}"
    return Change(
        rule=REMOVED,
        level=Level.BREAKING if breaks else Level.COMPATIBLE,
        tier=Tier.WIRE,
        place="#",
        text=f"{gone}." if breaks else f"{gone}, all of it past its sunset.",
        advice=(
            "Bring it back, and mark its operations deprecated with a sunset date first."
            if breaks
            else "Nothing to do."
        ),
        fingerprint=fingerprint_of(REMOVED, name.file_name, name.version, None),
        old=name.version,
    )


def _emptied(document: Document) -> Document:
    if "asyncapi" in document:
        # Channels promise nothing beyond what their operations say.
        return {**document, "operations": {}}
    return {**document, "paths": {}}


def _breaks(change: Change) -> bool:
    if change.path in BUILTIN_PATHS or change.draft:
        return False
    return change.level is Level.BREAKING


def _size(document: Document) -> str:
    if "asyncapi" in document:
        count = len(document.get("operations", ()))
    else:
        count = sum(1 for _ in operations_of(document.get("paths", {})))
    return f"{count} operation{'' if count == 1 else 's'}"
