"""Each change of fields, operations and sockets, in both orders."""

from __future__ import annotations

from datetime import date

import pytest

from modular_api.specs.diff import compare
from tests.framework.specs.diff.documents import (
    Json,
    in_message,
    in_request,
    in_response,
)
from tests.framework.specs.diff.field_rows import FIELD_ROWS, FieldRow
from tests.framework.specs.diff.operation_rows import OPERATION_ROWS, OperationRow
from tests.framework.specs.diff.socket_rows import SOCKET_ROWS

TODAY = date(2030, 1, 1)


def verdicts(old: Json, new: Json) -> list[str]:
    """Compare, and write what is not only about prose or order as rows do."""
    changes = [c for c in compare(old, new, today=TODAY) if c.level.value != "docs"]
    return sorted(f"{c.rule} {c.level.value[0].upper()}" for c in changes)


def expected(words: str) -> list[str]:
    return sorted(filter(None, words.split(", ")))


def as_message(words: str) -> str:
    """Say of a socket what a row says of HTTP."""
    return words.replace("request", "client-message").replace(
        "response", "server-message"
    )


fields = pytest.mark.parametrize("row", FIELD_ROWS, ids=lambda row: row.name)
rows = pytest.mark.parametrize(
    "row", [*OPERATION_ROWS, *SOCKET_ROWS], ids=lambda row: row.name
)


@rows
def test_a_change_is_found_by_its_rules(row: OperationRow) -> None:
    """Every rule with its level, from the old document to the new."""
    assert verdicts(row.old, row.new) == expected(row.forth)


@rows
def test_the_change_back_is_its_mirror(row: OperationRow) -> None:
    """The same, from the new document to the old."""
    assert verdicts(row.new, row.old) == expected(row.back)


@fields
def test_a_field_is_judged_by_who_writes_it(row: FieldRow) -> None:
    """In a request and in an answer, in both orders."""
    sent, read = in_request, in_response
    assert verdicts(sent(row.old), sent(row.new)) == expected(row.sent[0])
    assert verdicts(sent(row.new), sent(row.old)) == expected(row.sent[1])
    assert verdicts(read(row.old), read(row.new)) == expected(row.read[0])
    assert verdicts(read(row.new), read(row.old)) == expected(row.read[1])


@fields
def test_a_field_of_a_message_is_judged_alike(row: FieldRow) -> None:
    """What clients send is as a request, what they read is as an answer."""
    for name, pair in (("subscribe", row.sent), ("update", row.read)):
        old, new = in_message(name, row.old), in_message(name, row.new)
        assert verdicts(old, new) == expected(as_message(pair[0]))
        assert verdicts(new, old) == expected(as_message(pair[1]))
