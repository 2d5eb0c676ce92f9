"""Find what changed in every contract, and who has to do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from modular_api.contracts.documents import Baseline, LiveContracts, parse_document
from modular_api.contracts.errors import UnusableDocument
from modular_api.contracts.names import ContractName
from modular_api.errors import SpecError

if TYPE_CHECKING:
    from modular_api.contracts.whole_contracts import Engine
    from modular_api.specs.diff.change import Change


@dataclass(frozen=True)
class ContractChange:
    """A change, and the contract it is in."""

    contract: ContractName
    change: Change


def find_changes(
    old: Baseline, new: LiveContracts, today: date, *, notice_days: int = 0
) -> list[ContractChange]:
    """Compare what is there now with what was; contracts in order, worst changes first.

    Contracts of equal bytes are not parsed, and while all are equal the engine is not
    even imported. Of modules that `new` does not look at, nothing is said.

    Args:
        today: what was deprecated until an earlier day may be removed.
        notice_days: how long before its sunset a deprecation must be announced.
    Raises: UnusableDocument.
    """
    changes: list[ContractChange] = []
    for name in _compared(old, new):
        now = new.documents.get(name)
        if old.documents.get(name) != now:
            # Imported here: a comparison that finds no change does not load the engine.
            from modular_api.specs.diff.compare import compare

            engine = partial(compare, today=today, notice_days=notice_days)
            changes += _changes(name, old, now, engine)
    changes.sort(key=_order)
    return [_enriched(change, new) for change in changes]


def _compared(old: Baseline, new: LiveContracts) -> Iterator[ContractName]:
    for name in old.documents.keys() | new.documents.keys():
        if new.looks_at(name.module) and old.covers(name):
            yield name


def _changes(
    name: ContractName, old: Baseline, now: bytes | None, engine: Engine
) -> Iterator[ContractChange]:
    from modular_api.contracts.whole_contracts import added, removed

    before = old.documents.get(name)
    place = f"{name} of {old.origin}"
    try:
        older = None if before is None else parse_document(before, place)
        newer = None if now is None else parse_document(now, f"{name} of the app")
        if older is not None and newer is not None:
            found = engine(older, newer)
        elif newer is not None:
            found = [added(name, newer)]
        else:
            assert older is not None
            found = [removed(name, older, engine)]
    except UnusableDocument as error:
        raise UnusableDocument(error.place, error.reason, old.advice) from error
    except SpecError as error:
        raise UnusableDocument(place, str(error), old.advice) from error
    for change in found:
        yield ContractChange(name, change)


def _order(found: ContractChange) -> tuple[object, ...]:
    change = found.change
    return (
        found.contract.order,
        change.level.rank,
        change.place,
        change.rule,
        change.fingerprint,
    )


def _enriched(found: ContractChange, live: LiveContracts) -> ContractChange:
    name, change = found.contract, found.change
    handler = None
    if change.path is not None and change.method is not None:
        route = (name.module, name.version, change.method, change.path)
        handler = live.handlers.get(route)
    known = replace(
        change,
        module=name.module,
        version=name.version,
        handler=handler,
        used_by=live.used_by.get(name.module, ()),
    )
    return ContractChange(name, known)
