"""The verdict: which changes fail, and which pass for which reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from modular_api.contracts.approvals import Approval
from modular_api.contracts.comparison import ContractChange, find_changes
from modular_api.contracts.documents import Baseline, LiveContracts
from modular_api.contracts.policy import LevelName, Policy
from modular_api.types import module_prefix


class Outcome(StrEnum):
    """What the gate says of one change."""

    FAILS = "fails"
    EXPIRED = "expired"
    """It fails: the approval it had has expired."""

    APPROVED = "approved"
    DRAFT = "draft"
    """It would fail, but the operation was promised to nobody."""

    BEHIND_TIER = "behind tier"
    """It would fail, but breaks only what the policy does not promise."""

    PASSES = "passes"

    @property
    def is_failure(self) -> bool:
        """Whether the change fails the gate."""
        return self in (Outcome.FAILS, Outcome.EXPIRED)


@dataclass(frozen=True)
class Judged:
    """A change and what the gate says of it.

    Attributes:
        level: what it counts as, after the policy's overrides.
        approval: the one it has, expired ones too.
        breaks: it cannot enter the promise without an approval, whether the gate fails
            or the policy is milder than that.
    """

    found: ContractChange
    level: LevelName
    outcome: Outcome
    approval: Approval | None
    breaks: bool

    def __str__(self) -> str:
        change = self.found.change
        return f"{self.found.contract}: {change.fingerprint}: {change.text}"


@dataclass(frozen=True)
class Verdict:
    """What the gate says of all changes.

    Attributes:
        idle: approvals that no change needs.
    """

    judged: tuple[Judged, ...]
    idle: tuple[Approval, ...] = ()

    def without_idle(self) -> Verdict:
        """Leave out the approvals that no change needs."""
        return replace(self, idle=())

    @property
    def failures(self) -> list[Judged]:
        """The changes that fail."""
        return [each for each in self.judged if each.outcome.is_failure]

    @property
    def unapproved_breaks(self) -> list[Judged]:
        """The changes that cannot enter the promise yet."""
        approved = Outcome.APPROVED
        return [
            each for each in self.judged if each.breaks and each.outcome != approved
        ]


def examine(
    old: Baseline,
    live: LiveContracts,
    policy: Policy,
    approvals: Sequence[Approval],
    today: date,
) -> Verdict:
    """Find every change and judge it.

    Raises: UnusableDocument.
    """
    changes = find_changes(old, live, today, notice_days=policy.notice_days)
    return judge(changes, policy, approvals, today)


def judge(
    changes: Iterable[ContractChange],
    policy: Policy,
    approvals: Sequence[Approval],
    today: date,
) -> Verdict:
    """Judge each change by itself, in the order given."""
    judged = tuple(_judge(found, policy, approvals, today) for found in changes)
    needed = {each.approval for each in judged}
    idle = tuple(approval for approval in approvals if approval not in needed)
    return Verdict(judged, idle)


def _judge(
    found: ContractChange, policy: Policy, approvals: Sequence[Approval], today: date
) -> Judged:
    change = found.change
    level = policy.level_of(
        change.level.value, change.rule, _paths(found), found.contract.module
    )
    outcome, approval = Outcome.PASSES, None
    breaks = level == "breaking" or policy.fails(level)
    if breaks and change.draft:
        outcome, breaks = Outcome.DRAFT, False
    elif breaks and not policy.promises(change.tier):
        outcome, breaks = Outcome.BEHIND_TIER, False
    elif breaks:
        fails = policy.fails(level)
        name, fingerprint = found.contract, change.fingerprint
        mine = (each for each in approvals if each.is_for(name, fingerprint))
        approval = next(mine, None)
        if approval is not None and approval.counts_on(today):
            outcome = Outcome.APPROVED
        elif fails:
            outcome = Outcome.EXPIRED if approval else Outcome.FAILS
    return Judged(found, level, outcome, approval, breaks)


def _paths(found: ContractChange) -> list[str]:
    """Return what a pattern of paths may match."""
    change, name = found.change, found.contract
    paths = []
    if change.path is not None:
        paths += [change.path, module_prefix(name.module, name.version) + change.path]
    if change.operation is not None and name.kind == "asyncapi":
        paths.append(change.operation)
    return paths
