"""Each change of a schema, wherever schemas stand, in both orders."""

from __future__ import annotations

from typing import Any

import pytest

from modular_api.specs.diff import compare
from tests.framework.specs.diff.documents import REST_PLACES, SOCKET_PLACES, Place
from tests.framework.specs.diff.schema_rows import ROWS, Row

Verdict = tuple[str, str, str | None]

LEVELS = {"B": "breaking", "W": "warning", "C": "compatible"}


def expected(row: Row, place: Place, *, forth: bool) -> set[Verdict]:
    """Read what a row expects at a place."""
    words = row.forth if forth else row.back
    for start, exception in row.at.items():
        if start == place.start:
            words = exception[0 if forth else 1]
    if words is None or words == "=docs":
        return set()
    sent, _, read = words.partition(" | ")
    name = sent.split()[0]
    if not place.is_sent and read:
        below = "~" if name.startswith("~") else ""
        sent = below + read if " " in read else f"{name} {read}"
    name, level = sent.split()
    start = place.below if name.startswith("~") else place.start
    rule = name[1:] if name.startswith("=") else f"{start}-{name.removeprefix('~')}"
    return {(rule, LEVELS[level], place.direction)}


def verdicts(old: Any, new: Any) -> set[Verdict]:
    """Compare, and return what is not only about prose or order."""
    return {
        (change.rule, change.level.value, change.direction and change.direction.value)
        for change in compare(old, new)
        if change.level.value != "docs"
    }


places = pytest.mark.parametrize(
    "place", [*REST_PLACES, *SOCKET_PLACES], ids=lambda place: place.name
)
rows = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@places
@rows
def test_a_change_of_a_schema_is_judged_by_who_sends_it(row: Row, place: Place) -> None:
    """The rule, its level and the direction, from the old schema to the new."""
    found = verdicts(place.document(row.old), place.document(row.new))
    assert found == expected(row, place, forth=True)


@places
@rows
def test_the_change_back_is_its_mirror(row: Row, place: Place) -> None:
    """The same, from the new schema to the old."""
    found = verdicts(place.document(row.new), place.document(row.old))
    assert found == expected(row, place, forth=False)


@places
@rows
def test_a_change_that_is_only_read_is_docs_and_no_change_is_none(
    row: Row, place: Place
) -> None:
    """What a row calls docs yields docs alone; what it calls nothing yields nothing."""
    found = compare(place.document(row.old), place.document(row.new))
    if row.forth == "=docs":
        assert {change.level.value for change in found} == {"docs"}
    else:
        assert bool(found) == (row.forth is not None)


def test_the_table_is_as_large_as_promised() -> None:
    """At least 150 rows for REST and 80 for sockets, each with its mirror."""
    assert len(ROWS) * len(REST_PLACES) >= 150
    assert len(ROWS) * len(SOCKET_PLACES) >= 80
