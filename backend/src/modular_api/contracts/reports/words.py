"""Sentences that several forms of a report share."""

from __future__ import annotations

from modular_api.contracts.gate import Outcome
from modular_api.contracts.reports.report import (
    Report,
    ReportedApproval,
    ReportedChange,
)


def remark(change: ReportedChange) -> str | None:
    """Return why a change that would fail passes, or which approval it has lost."""
    approval = change.approval
    if change.outcome is Outcome.APPROVED and approval is not None:
        return f"Approved until {approval.until}: {approval.why}"
    if change.outcome is Outcome.EXPIRED and approval is not None:
        return f"The approval EXPIRED on {approval.until}: {approval.why}"
    if change.outcome is Outcome.DRAFT:
        return "A draft: promised to nobody."
    if change.outcome is Outcome.BEHIND_TIER:
        return f"Passes: the policy does not promise the tier '{change.tier}'."
    return None


def way_out(report: Report) -> str | None:
    """Return what to do about changes that fail; None where there are none."""
    failures = report.failures
    if not failures:
        return None
    first = failures[0]
    following = f"v{max(int(change.version[1:]) for change in failures) + 1}"
    versions = sorted({change.version for change in failures}, key=lambda v: int(v[1:]))
    return (
        f"What was promised in {' and '.join(versions)} is broken. Take the change "
        f"back, or leave {versions[-1]} as it is and offer the new shape beside it, as "
        f"{following}; or have each break approved for a time:\n"
        f"  modular-api contracts approve {first.fingerprint} --until YYYY-MM-DD "
        '--why "…"'
    )


def idle_words(approval: ReportedApproval) -> str:
    """Say that an approval can go."""
    state = f"EXPIRED on {approval.until} and is" if approval.expired else "is"
    return (
        f"The approval {approval.fingerprint} of {approval.contract} {state} needed by "
        "no change any more; remove it from the file."
    )
