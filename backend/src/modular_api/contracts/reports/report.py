"""What a comparison found, as plain data: every other form of telling it is a view."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from modular_api.codegen.job import SpecKind
from modular_api.contracts.approvals import Approval
from modular_api.contracts.gate import Judged, Outcome, Verdict
from modular_api.contracts.names import ContractName
from modular_api.contracts.policy import LEVELS, LevelName


class _Reported(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReportedApproval(_Reported):
    """A break somebody let pass."""

    module: str
    version: str
    kind: SpecKind
    fingerprint: str
    rule: str
    place: str
    until: date
    why: str
    expired: bool

    @property
    def contract(self) -> ContractName:
        """The contract it is about."""
        return ContractName(self.module, self.version, self.kind)


class ReportedChange(_Reported):
    """A change and what the gate says of it."""

    module: str
    version: str
    kind: SpecKind
    rule: str
    level: LevelName
    """What it counts as, after the policy's overrides."""
    tier: Literal["wire", "json", "source"]
    outcome: Outcome
    draft: bool
    operation: str | None
    """The operationId, or a socket operation's name."""
    method: str | None
    path: str | None
    """Path below the module's prefix, or a channel's address."""
    place: str
    """Operation and JSON pointer."""
    direction: str | None
    old: Any
    new: Any
    text: str
    advice: str
    fingerprint: str
    handler: str | None
    """`file:line`."""
    used_by: tuple[str, ...]
    """Modules that name this one in `uses`."""
    approval: ReportedApproval | None

    @property
    def contract(self) -> ContractName:
        """The contract it is in."""
        return ContractName(self.module, self.version, self.kind)

    @property
    def subject(self) -> str:
        """What it is about, for people: `POST /orders`, or a socket's operation."""
        if self.method and self.path:
            return f"{self.method} {self.path}"
        if self.place == "#":
            return "the whole contract"
        return self.operation or self.path or self.place

    @property
    def sentence(self) -> str:
        """The text, without the subject where that stands beside it."""
        prefix = f"{self.subject}: "
        if not self.text.startswith(prefix):
            return self.text
        rest = self.text.removeprefix(prefix)
        return rest[:1].upper() + rest[1:]


class Report(_Reported):
    """The whole of a comparison."""

    format: Literal[1] = 1
    """Version of this format; it grows only when a reader would misunderstand."""
    against: str
    passes: bool
    changes: tuple[ReportedChange, ...]
    """Contracts in order, worst changes first."""
    idle_approvals: tuple[ReportedApproval, ...]
    """Approvals no change needs."""

    def of_level(self, *levels: LevelName) -> list[ReportedChange]:
        """Return the changes of some levels."""
        return [change for change in self.changes if change.level in levels]

    @property
    def failures(self) -> list[ReportedChange]:
        """The changes that fail."""
        return [change for change in self.changes if change.outcome.is_failure]

    def by_contract(self) -> dict[ContractName, list[ReportedChange]]:
        """Return the changes of each contract that has any."""
        groups: dict[ContractName, list[ReportedChange]] = {}
        for change in self.changes:
            groups.setdefault(change.contract, []).append(change)
        return groups

    def summary(self) -> str:
        """Count the changes by level: `1 breaking, 2 compatible`."""
        counts = ((level, len(self.of_level(level))) for level in reversed(LEVELS))
        words = [f"{count} {level}" for level, count in counts if count]
        return ", ".join(words) or "no changes"

    def to_json(self) -> str:
        """Return the report as the published schema describes it."""
        return self.model_dump_json(indent=2)


def make_report(verdict: Verdict, *, against: str, today: date, folder: Path) -> Report:
    """Put a verdict into words and plain data.

    Args:
        folder: handlers below it are named relative to it.
    """
    return Report(
        against=against,
        passes=not verdict.failures,
        changes=tuple(_reported(judged, today, folder) for judged in verdict.judged),
        idle_approvals=reported_approvals(verdict.idle, today),
    )


def reported_approvals(
    approvals: Iterable[Approval], today: date
) -> tuple[ReportedApproval, ...]:
    """Return approvals as plain data, with whether they have expired."""
    return tuple(_reported_approval(approval, today) for approval in approvals)


def report_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of a report."""
    schema = Report.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "modular-api diff --format json",
    }


def schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(report_schema(), indent=2, sort_keys=True) + "\n"


def _reported(judged: Judged, today: date, folder: Path) -> ReportedChange:
    name, change = judged.found.contract, judged.found.change
    approval = judged.approval
    return ReportedChange(
        module=name.module,
        version=name.version,
        kind=name.kind,
        rule=change.rule,
        level=judged.level,
        tier=change.tier.value,
        outcome=judged.outcome,
        draft=change.draft,
        operation=change.operation,
        method=change.method,
        path=change.path,
        place=change.place,
        direction=None if change.direction is None else change.direction.value,
        old=change.old,
        new=change.new,
        text=change.text,
        advice=change.advice,
        fingerprint=change.fingerprint,
        handler=_relative(change.handler, folder),
        used_by=change.used_by,
        approval=None if approval is None else _reported_approval(approval, today),
    )


def _relative(handler: str | None, folder: Path) -> str | None:
    if handler is None or not Path(handler).is_relative_to(folder):
        return handler
    return Path(handler).relative_to(folder).as_posix()


def _reported_approval(approval: Approval, today: date) -> ReportedApproval:
    return ReportedApproval(
        module=approval.module,
        version=approval.version,
        kind=approval.kind,
        fingerprint=approval.fingerprint,
        rule=approval.rule,
        place=approval.place,
        until=approval.until,
        why=approval.why,
        expired=not approval.counts_on(today),
    )
