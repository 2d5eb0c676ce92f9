"""Moving the promise: on request, for reasons, and in no other way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from modular_api.contracts.approvals import Approval
from modular_api.contracts.comparison import find_changes
from modular_api.contracts.documents import LiveContracts
from modular_api.contracts.errors import (
    AmbiguousFingerprint,
    BadApproval,
    CorruptApprovals,
    NoApprovalNeeded,
    NotAcceptable,
    UnknownFingerprint,
    UnusableDocument,
)
from modular_api.contracts.gate import judge
from modular_api.contracts.policy import Policy
from modular_api.contracts.promising import accept, approve
from modular_api.contracts.store import ContractStore
from tests.framework.contracts.conftest import (
    BROKER,
    BROKER_V2,
    REPORTS,
    TODAY,
    document,
    encoded,
    live,
)

BEFORE = live("GET /orders", "POST /orders", "PUT /orders")
AFTER = live("GET /orders", "PUT /orders")
LATER = TODAY + timedelta(days=30)


def files(store: ContractStore) -> dict[Path, bytes]:
    """Return everything in the folder of the promise."""
    return {path: path.read_bytes() for path in store.folder.rglob("*")}


def fingerprints(store: ContractStore, now: LiveContracts) -> list[str]:
    """Return those of the breaks there are."""
    verdict = judge(find_changes(store.read(), now, TODAY), Policy(), [], TODAY)
    return [each.found.change.fingerprint for each in verdict.failures]


def approved(
    store: ContractStore, now: LiveContracts, fingerprint: str, until: date = LATER
) -> Approval:
    """Approve a break."""
    return approve(
        store, now, Policy(), fingerprint, until=until, why="Agreed.", today=TODAY
    )


@pytest.fixture
def broken(store: ContractStore) -> ContractStore:
    """A promise that `AFTER` breaks, once."""
    accept(store, BEFORE, Policy(), TODAY)
    return store


class TestAccept:
    """`contracts accept`."""

    def test_the_first_promise_is_what_there_is(self, store: ContractStore) -> None:
        """Byte for byte; again, it changes nothing."""
        done = accept(store, BEFORE, Policy(), TODAY)
        assert done.written == (BROKER,)
        assert store.read().documents == BEFORE.documents
        before = files(store)
        assert accept(store, BEFORE, Policy(), TODAY).written == ()
        assert files(store) == before

    def test_an_addition_is_accepted(self, store: ContractStore) -> None:
        """It is told, and promised from then on."""
        accept(store, AFTER, Policy(), TODAY)
        done = accept(store, BEFORE, Policy(), TODAY)
        assert [j.found.change.rule for j in done.verdict.judged] == ["endpoint-added"]
        assert fingerprints(store, AFTER) != []

    def test_a_break_is_refused_and_nothing_is_written(
        self, broken: ContractStore
    ) -> None:
        """Not even the compatible change of another module."""
        before = files(broken)
        more = encoded(document("GET /reports", module="reports"))
        now = LiveContracts({**AFTER.documents, REPORTS: more})
        with pytest.raises(NotAcceptable) as caught:
            accept(broken, now, Policy(), TODAY)
        assert len(caught.value.breaks) == 1
        assert fingerprints(broken, AFTER)[0] in str(caught.value)
        assert files(broken) == before

    def test_a_policy_that_fails_nothing_moves_no_promise(
        self, broken: ContractStore
    ) -> None:
        """The gate may be open; the promise is still the clients'."""
        with pytest.raises(NotAcceptable):
            accept(broken, AFTER, Policy(fail_on="never"), TODAY)

    def test_modules_that_were_not_chosen_keep_their_promise(
        self, broken: ContractStore
    ) -> None:
        """Their breaks do not stand in the way, either."""
        more = encoded(document("GET /reports", module="reports"))
        now = LiveContracts({**AFTER.documents, REPORTS: more}).only(["reports"])
        done = accept(broken, now, Policy(), TODAY)
        assert (done.written, done.removed) == ((REPORTS,), ())
        assert broken.read().documents[BROKER] == BEFORE.documents[BROKER]

    def test_an_approved_break_is_accepted_and_its_approval_used_up(
        self, broken: ContractStore
    ) -> None:
        """The same break, promised again and broken again, needs a new approval."""
        [fingerprint] = fingerprints(broken, AFTER)
        approval = approved(broken, AFTER, fingerprint)
        done = accept(broken, AFTER, Policy(), TODAY)
        assert (done.written, done.spent) == ((BROKER,), (approval,))
        assert broken.approvals.read() == ()
        accept(broken, BEFORE, Policy(), TODAY)
        assert fingerprints(broken, AFTER) == [fingerprint]
        with pytest.raises(NotAcceptable):
            accept(broken, AFTER, Policy(), TODAY)

    def test_an_expired_approval_accepts_nothing(self, broken: ContractStore) -> None:
        """Its day is over."""
        [fingerprint] = fingerprints(broken, AFTER)
        approved(broken, AFTER, fingerprint)
        with pytest.raises(NotAcceptable):
            accept(broken, AFTER, Policy(), LATER + timedelta(days=1))

    def test_a_removed_version_is_promised_no_more_once_approved(
        self, store: ContractStore
    ) -> None:
        """Its file goes; that of the other version stays."""
        both = LiveContracts({**BEFORE.documents, BROKER_V2: b"{}"})
        store.write(BROKER_V2, BEFORE.documents[BROKER])
        accept(store, BEFORE.only([]), Policy(), TODAY)
        assert store.names() == [BROKER_V2]
        both = replace(BEFORE, modules=frozenset({"broker"}))
        [fingerprint] = fingerprints(store, both)
        approved(store, both, fingerprint)
        done = accept(store, both, Policy(), TODAY)
        assert (done.written, done.removed) == ((BROKER,), (BROKER_V2,))
        assert store.names() == [BROKER]

    def test_a_damaged_promise_is_not_written_over(self, broken: ContractStore) -> None:
        """Nobody knows what was promised, so it cannot be judged."""
        broken.path_of(BROKER).write_bytes(b"{")
        with pytest.raises(UnusableDocument):
            accept(broken, BEFORE, Policy(), TODAY)
        assert broken.path_of(BROKER).read_bytes() == b"{"

    def test_damaged_approvals_stop_it(self, broken: ContractStore) -> None:
        """Whatever stood there is not lost."""
        broken.approvals.path.write_text("[[approval]]\n")
        before = files(broken)
        with pytest.raises(CorruptApprovals):
            accept(broken, AFTER, Policy(), TODAY)
        assert files(broken) == before


class TestApprove:
    """`contracts approve`."""

    def test_one_break_is_let_pass_in_later_commits_too(
        self, broken: ContractStore
    ) -> None:
        """Until another change comes; that one is not approved."""
        [fingerprint] = fingerprints(broken, AFTER)
        approval = approved(broken, AFTER, fingerprint)
        assert broken.approvals.read() == (approval,)
        assert (approval.rule, approval.why) == (
            "api-removed-without-deprecation",
            "Agreed.",
        )
        same = ("GET /orders", "PUT /orders")
        later = live(*same, "GET /new", "GET /newer", summary="Reworded.")
        worse = live("GET /orders")
        for now, outcomes in ((later, ["approved"]), (worse, ["approved", "fails"])):
            changes = find_changes(broken.read(), now, TODAY)
            verdict = judge(changes, Policy(), [approval], TODAY)
            assert [str(j.outcome) for j in verdict.judged if j.breaks] == outcomes

    def test_a_new_day_replaces_the_old_one(self, broken: ContractStore) -> None:
        """Nobody has to edit the file."""
        [fingerprint] = fingerprints(broken, AFTER)
        approved(broken, AFTER, fingerprint, TODAY)
        approved(broken, AFTER, fingerprint, LATER)
        assert [each.until for each in broken.approvals.read()] == [LATER]

    def test_the_promise_itself_does_not_move(self, broken: ContractStore) -> None:
        """Only the file of approvals is written."""
        before = files(broken)
        [fingerprint] = fingerprints(broken, AFTER)
        approved(broken, AFTER, fingerprint)
        after = files(broken)
        assert after.keys() - before.keys() == {broken.approvals.path}
        assert {path: after[path] for path in before} == before

    def test_an_unknown_fingerprint_is_refused_with_the_known_ones(
        self, broken: ContractStore
    ) -> None:
        """Nothing is written."""
        before = files(broken)
        with pytest.raises(UnknownFingerprint) as caught:
            approved(broken, AFTER, "nothing")
        assert list(caught.value.waiting) == fingerprints(broken, AFTER)
        assert files(broken) == before

    def test_a_change_that_passes_needs_no_approval(self, store: ContractStore) -> None:
        """An approval in reserve would hide something later."""
        accept(store, AFTER, Policy(), TODAY)
        [found] = find_changes(store.read(), BEFORE, TODAY)
        with pytest.raises(NoApprovalNeeded):
            approved(store, BEFORE, found.change.fingerprint)

    def test_the_same_break_in_two_modules_is_approved_one_by_one(
        self, store: ContractStore
    ) -> None:
        """A fingerprint does not say which module is meant."""
        other = encoded(
            document("GET /orders", "POST /orders", "PUT /orders", module="reports")
        )
        accept(
            store, LiveContracts({**BEFORE.documents, REPORTS: other}), Policy(), TODAY
        )
        less = encoded(document("GET /orders", "PUT /orders", module="reports"))
        now = LiveContracts({**AFTER.documents, REPORTS: less})
        fingerprint, _ = fingerprints(store, now)
        with pytest.raises(AmbiguousFingerprint, match="broker v1 and in reports v1"):
            approved(store, now, fingerprint)
        approval = approved(store, now.only(["reports"]), fingerprint)
        assert approval.module == "reports"
        verdict = judge(
            find_changes(store.read(), now, TODAY), Policy(), [approval], TODAY
        )
        assert [j.found.contract for j in verdict.failures] == [BROKER]

    @pytest.mark.parametrize("why", ["", "  ", "two\nlines", "\x1b[31m"])
    def test_an_approval_needs_a_reason_on_one_line(
        self, broken: ContractStore, why: str
    ) -> None:
        """Somebody reviews it."""
        [fingerprint] = fingerprints(broken, AFTER)
        with pytest.raises(BadApproval, match="sentence on one line"):
            approve(
                broken, AFTER, Policy(), fingerprint, until=LATER, why=why, today=TODAY
            )
        assert broken.approvals.read() == ()

    def test_a_day_that_is_over_is_refused(self, broken: ContractStore) -> None:
        """It would never count; today still does."""
        [fingerprint] = fingerprints(broken, AFTER)
        with pytest.raises(BadApproval, match="would never count"):
            approved(broken, AFTER, fingerprint, TODAY - timedelta(days=1))
        assert approved(broken, AFTER, fingerprint, TODAY).until == TODAY
