"""The verdict on each change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from modular_api.contracts.approvals import Approval
from modular_api.contracts.comparison import ContractChange
from modular_api.contracts.documents import Baseline
from modular_api.contracts.gate import Judged, Outcome, examine, judge
from modular_api.contracts.policy import Override, Policy
from modular_api.specs.diff.change import Change, Level, Tier
from tests.framework.contracts.conftest import BROKER, BROKER_V2, TODAY, live

BREAK = Change(
    rule="api-removed-without-deprecation",
    level=Level.BREAKING,
    tier=Tier.WIRE,
    place="GET /orders",
    text="Removed.",
    advice="Bring it back.",
    fingerprint="f1",
    method="GET",
    path="/orders",
)
APPROVAL = Approval(
    module="broker",
    version="v1",
    kind="openapi",
    fingerprint="f1",
    rule=BREAK.rule,
    place=BREAK.place,
    until=TODAY,
    why="Agreed.",
)


def judged(
    policy: Policy | None = None, *approvals: Approval, day: date = TODAY, **words: Any
) -> Judged:
    """Judge one change."""
    found = ContractChange(BROKER, replace(BREAK, **words))
    [one] = judge([found], policy or Policy(), approvals, day).judged
    return one


@pytest.mark.parametrize(
    ("level", "outcome"),
    [
        (Level.BREAKING, Outcome.FAILS),
        (Level.WARNING, Outcome.PASSES),
        (Level.COMPATIBLE, Outcome.PASSES),
        (Level.DOCS, Outcome.PASSES),
    ],
)
def test_breaking_changes_fail_unless_the_policy_says_more(level, outcome) -> None:
    """The default."""
    assert judged(level=level).outcome is outcome


def test_the_policy_may_fail_warnings() -> None:
    """A stricter project."""
    strict = Policy(fail_on="warning")
    assert judged(strict, level=Level.WARNING).outcome is Outcome.FAILS


def test_an_approved_break_passes() -> None:
    """Its approval is told."""
    one = judged(None, APPROVAL)
    assert (one.outcome, one.approval) == (Outcome.APPROVED, APPROVAL)


def test_an_expired_approval_fails_loudly() -> None:
    """It is another outcome than having none."""
    one = judged(None, APPROVAL, day=TODAY + timedelta(days=1))
    assert (one.outcome, one.approval) == (Outcome.EXPIRED, APPROVAL)
    assert one.outcome.is_failure


@pytest.mark.parametrize(
    "other",
    [
        {"fingerprint": "f2"},
        {"module": "reports"},
        {"version": "v2"},
        {"kind": "asyncapi"},
    ],
)
def test_an_approval_hides_no_second_break(other: dict[str, Any]) -> None:
    """Another change, module, version or socket is not approved."""
    approval = replace(APPROVAL, **other)
    verdict = judge([ContractChange(BROKER, BREAK)], Policy(), [approval], TODAY)
    assert [each.outcome for each in verdict.judged] == [Outcome.FAILS]
    assert verdict.idle == (approval,)


def test_of_two_breaks_at_one_place_only_the_approved_one_passes() -> None:
    """Fingerprints tell them apart."""
    both = [
        ContractChange(BROKER, BREAK),
        ContractChange(BROKER, replace(BREAK, fingerprint="f2")),
    ]
    verdict = judge(both, Policy(), [APPROVAL], TODAY)
    assert [j.outcome for j in verdict.judged] == [Outcome.APPROVED, Outcome.FAILS]
    assert [j.found.change.fingerprint for j in verdict.failures] == ["f2"]


def test_a_draft_does_not_gate() -> None:
    """And may enter the promise as it is."""
    one = judged(draft=True)
    assert (one.outcome, one.breaks) == (Outcome.DRAFT, False)


def test_what_lies_behind_the_promised_tier_does_not_gate() -> None:
    """Who promises JSON may rename what generated sources are called."""
    json = Policy(tier="json", fail_on="warning")
    assert judged(json, tier=Tier.SOURCE).outcome is Outcome.BEHIND_TIER
    assert judged(json, tier=Tier.JSON).outcome is Outcome.FAILS


def test_an_override_changes_the_level() -> None:
    """In both directions."""
    milder = Policy(overrides=(Override("docs", path="/orders"),))
    assert judged(milder).level == "docs"
    assert judged(milder).outcome is Outcome.PASSES
    harder = Policy(overrides=(Override("breaking", rule="api-*"),))
    assert judged(harder, level=Level.DOCS).outcome is Outcome.FAILS


def test_a_sockets_operation_can_be_named_by_an_override() -> None:
    """All operations of a socket share one address."""
    socket = replace(BROKER, kind="asyncapi")
    change = replace(BREAK, method=None, path="/api/v1/x/ws", operation="quotes.update")
    policy = Policy(overrides=(Override("docs", path="quotes.*"),))
    [one] = judge([ContractChange(socket, change)], policy, [], TODAY).judged
    assert one.level == "docs"


def test_where_nothing_fails_a_break_still_does_not_enter_the_promise() -> None:
    """`never` opens the gate, but clients were promised the old shape."""
    one = judged(Policy(fail_on="never"))
    assert (one.outcome, one.breaks) == (Outcome.PASSES, True)


def test_approvals_of_changes_that_are_there_are_not_idle() -> None:
    """Expired ones neither: they are told with the change."""
    v2 = replace(APPROVAL, version="v2")
    found = [ContractChange(BROKER, BREAK), ContractChange(BROKER_V2, BREAK)]
    day = TODAY + timedelta(days=9)
    assert judge(found, Policy(), [APPROVAL, v2], day).idle == ()
    assert judge(found[:1], Policy(), [APPROVAL, v2], day).idle == (v2,)


def test_a_deprecation_must_be_announced_as_early_as_the_policy_says() -> None:
    """With a date, that many days ahead."""
    old = Baseline("x", live("GET /orders").documents)
    soon = (TODAY + timedelta(days=10)).isoformat()
    now = live("GET /orders", deprecated=True, **{"x-sunset": soon})
    for notice_days, failures in ((10, 0), (11, 1)):
        policy = Policy(notice_days=notice_days)
        assert len(examine(old, now, policy, [], TODAY).failures) == failures
