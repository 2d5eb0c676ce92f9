"""The only code that moves a promise, and only when somebody asks for it by command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from modular_api.contracts.approvals import Approval
from modular_api.contracts.documents import LiveContracts
from modular_api.contracts.errors import (
    AmbiguousFingerprint,
    BadApproval,
    NoApprovalNeeded,
    NotAcceptable,
    UnknownFingerprint,
    in_the_past,
)
from modular_api.contracts.gate import Verdict, examine
from modular_api.contracts.names import ContractName
from modular_api.contracts.policy import Policy
from modular_api.contracts.store import ContractStore


@dataclass(frozen=True)
class Accepted:
    """What accepting has moved.

    Attributes:
        verdict: the changes that are part of the promise now.
        written, removed: contracts whose promise is another one now, or gone.
        spent: approvals that were used up: the same break later needs a new one.
    """

    verdict: Verdict
    written: tuple[ContractName, ...] = ()
    removed: tuple[ContractName, ...] = ()
    spent: tuple[Approval, ...] = ()


def accept(
    store: ContractStore, live: LiveContracts, policy: Policy, today: date
) -> Accepted:
    """Promise what the code says now; breaks only where each one is approved.

    Raises:
        NotAcceptable: with every break; nothing was written.
        ContractError: the promise cannot be read or written.
    """
    old, approvals = store.read(), store.approvals.read()
    verdict = examine(old, live, policy, approvals, today)
    if breaks := verdict.unapproved_breaks:
        raise NotAcceptable([str(each) for each in breaks])
    written = [
        name for name, content in live.documents.items() if store.write(name, content)
    ]
    gone = old.documents.keys() - live.documents.keys()
    removed = [name for name in gone if live.looks_at(name.module)]
    for name in removed:
        store.remove(name)
    spent = [each for each in approvals if live.looks_at(each.module)]
    store.approvals.write(each for each in approvals if each not in spent)
    return Accepted(verdict, _sorted(written), _sorted(removed), tuple(spent))


def approve(
    store: ContractStore,
    live: LiveContracts,
    policy: Policy,
    fingerprint: str,
    *,
    until: date,
    why: str,
    today: date,
) -> Approval:
    """Let one break of the promise pass until the end of a day.

    An earlier approval of the same break is replaced.

    Raises:
        BadApproval: there is no reason, or the day is over.
        UnknownFingerprint, AmbiguousFingerprint, NoApprovalNeeded: it names no break,
            several, or none that waits for an approval. Nothing was written.
        ContractError: the promise cannot be read or written.
    """
    if not why.strip() or not why.isprintable():
        raise BadApproval(
            f"The reason is {why!r}, expected a sentence on one line: those who review "
            "the approval read it."
        )
    if until < today:
        raise in_the_past(until, today)
    approvals = store.approvals.read()
    verdict = examine(store.read(), live, policy, approvals, today)
    found = [j for j in verdict.judged if j.found.change.fingerprint == fingerprint]
    if not found:
        waiting = {j.found.change.fingerprint for j in verdict.unapproved_breaks}
        raise UnknownFingerprint(fingerprint, sorted(waiting))
    breaks = [judged for judged in found if judged.breaks]
    if not breaks:
        raise NoApprovalNeeded(fingerprint, found[0].found.change.text)
    contracts = {judged.found.contract for judged in breaks}
    if len(contracts) > 1:
        raise AmbiguousFingerprint(fingerprint, [str(n) for n in _sorted(contracts)])
    name, change = breaks[0].found.contract, breaks[0].found.change
    approval = Approval(
        module=name.module,
        version=name.version,
        kind=name.kind,
        fingerprint=fingerprint,
        rule=change.rule,
        place=change.place,
        until=until,
        why=why.strip(),
    )
    kept = [each for each in approvals if not each.is_for(name, fingerprint)]
    store.approvals.write([*kept, approval])
    return approval


def _sorted(names: Iterable[ContractName]) -> tuple[ContractName, ...]:
    return tuple(sorted(names, key=lambda name: name.order))
