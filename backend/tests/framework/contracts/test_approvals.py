"""The file of approvals."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modular_api.contracts.approvals import Approval, ApprovalsFile
from modular_api.contracts.errors import CorruptApprovals, UnwritablePromise

APPROVAL = Approval(
    module="broker",
    version="v1",
    kind="openapi",
    fingerprint="0123456789abcdef",
    rule="api-removed-without-deprecation",
    place="GET /orders",
    until=date(2026, 12, 31),
    why='Nobody called it "orders".',
)


@pytest.fixture
def file(tmp_path: Path) -> ApprovalsFile:
    """A file that is not there yet."""
    return ApprovalsFile(tmp_path / "approvals.toml")


def test_without_a_file_nothing_is_approved(file: ApprovalsFile) -> None:
    """And writing nothing makes none."""
    assert file.read() == ()
    assert not file.write([])
    assert not file.path.exists()


def test_approvals_are_sorted_whatever_order_they_came_in(file: ApprovalsFile) -> None:
    """So that the file differs by what was approved, and by nothing else."""
    others = [
        replace(APPROVAL, version="v10"),
        replace(APPROVAL, version="v9"),
        replace(APPROVAL, module="accounts"),
        replace(APPROVAL, fingerprint="0"),
    ]
    file.write([APPROVAL, *others])
    first = file.path.read_bytes()
    assert not file.write([*reversed(others), APPROVAL])
    assert file.path.read_bytes() == first
    assert [(a.module, a.version) for a in file.read()] == [
        ("accounts", "v1"),
        ("broker", "v1"),
        ("broker", "v1"),
        ("broker", "v9"),
        ("broker", "v10"),
    ]


@given(
    why=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
)
def test_any_reason_survives(
    tmp_path_factory: pytest.TempPathFactory, why: str
) -> None:
    """Quotes, control characters, anything."""
    file = ApprovalsFile(tmp_path_factory.mktemp("approvals") / "approvals.toml")
    approval = replace(APPROVAL, why=why)
    file.write([approval])
    assert file.read() == (approval,)


def test_an_approval_counts_until_the_end_of_its_day() -> None:
    """And not the day after."""
    assert APPROVAL.counts_on(date(2026, 12, 31))
    assert not APPROVAL.counts_on(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("until = 2026-12-31", 'until = "2026-12-31"'), "expected a date"),
        (("until = 2026-12-31", "until = 2026-12-31T00:00:00"), "expected a date"),
        (("until = 2026-12-31", ""), "'until' is missing"),
        (('kind = "openapi"', 'kind = "grpc"'), "expected one of openapi, asyncapi"),
        (('version = "v1"', 'version = "one"'), "expected one like 'v1'"),
        (('module = "broker"', "module = 1"), "expected a text"),
        (('module = "broker"', 'module = "broker"\nby = "me"'), "unknown key 'by'"),
        (("[[approval]]", "[[aproval]]"), "unknown key 'aproval'"),
        (("[[approval]]", "[approval]"), "no list of [[approval]]"),
        (("[[approval]]", "[[approval]"), "line"),
    ],
)
def test_a_damaged_file_is_refused_with_the_fault(
    file: ApprovalsFile, change: tuple[str, str], fault: str
) -> None:
    """Half of an approval is none; the file is left as it is."""
    file.write([APPROVAL])
    damaged = file.path.read_text().replace(*change)
    file.path.write_text(damaged)
    with pytest.raises(CorruptApprovals) as caught:
        file.read()
    assert fault in str(caught.value)
    assert str(file.path) in str(caught.value)
    assert file.path.read_text() == damaged


def test_every_fault_is_told_at_once(file: ApprovalsFile) -> None:
    """With the number of the approval."""
    file.write([APPROVAL])
    entry = file.path.read_text()
    file.path.write_text(entry + entry.replace("why =", "because ="))
    with pytest.raises(CorruptApprovals) as caught:
        file.read()
    assert caught.value.faults == (
        "approval 2: 'why' is missing",
        "approval 2: unknown key 'because'",
    )


def test_one_break_cannot_be_approved_twice(file: ApprovalsFile) -> None:
    """Or one day of two would count."""
    file.write([APPROVAL])
    entry = file.path.read_text()
    file.path.write_text(entry + entry)
    with pytest.raises(CorruptApprovals, match="stands here twice"):
        file.read()


@pytest.mark.parametrize("content", [b"\xff", b"a = 1"])
def test_a_file_that_is_something_else_is_refused(
    file: ApprovalsFile, content: bytes
) -> None:
    """Not UTF-8, or another kind of TOML."""
    file.path.write_bytes(content)
    with pytest.raises(CorruptApprovals):
        file.read()


def test_a_folder_in_its_place_is_refused(file: ApprovalsFile) -> None:
    """Read or written."""
    file.path.mkdir()
    with pytest.raises(CorruptApprovals):
        file.read()
    with pytest.raises(UnwritablePromise):
        file.write([APPROVAL])
    assert os.listdir(file.path.parent) == [file.path.name]
