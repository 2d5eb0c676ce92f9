"""The table of rules: whole, true, and the page that shows it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from modular_api.specs.diff import Level, compare
from modular_api.specs.diff.oasdiff import oasdiff_rules
from modular_api.specs.diff.page import rules_page
from modular_api.specs.diff.rules import CANNOT_OCCUR, OVERRIDES, rules
from tests.framework.specs.diff.documents import (
    REST_PLACES,
    SOCKET_PLACES,
    Json,
    an_operation,
    asyncapi,
    in_parameter,
    in_request,
    in_response,
    openapi,
)
from tests.framework.specs.diff.field_rows import FIELD_ROWS
from tests.framework.specs.diff.operation_rows import OPERATION_ROWS
from tests.framework.specs.diff.schema_rows import ROWS, TEXT
from tests.framework.specs.diff.socket_rows import SOCKET_ROWS

ROOT = Path(__file__).resolve().parents[5]
PAGE = ROOT / "docs" / "reference" / "contract-rules.md"
SHARED = ROOT.parent / "shared" / "data" / "openapi-change-rules.tsv"

TODAY = date(2030, 1, 1)
LEVELS = {"ERR": "breaking", "WARN": "warning", "INFO": "compatible"}


def table_pairs() -> Iterator[tuple[Json, Json]]:
    """Yield the documents of every row of every table."""
    for row in ROWS:
        for place in (*REST_PLACES, *SOCKET_PLACES):
            yield place.document(row.old), place.document(row.new)
    for field in FIELD_ROWS:
        for document in (in_request, in_response):
            yield document(field.old), document(field.new)
    for operation in (*OPERATION_ROWS, *SOCKET_ROWS):
        yield operation.old, operation.new


def unannounced_pairs() -> Iterator[tuple[Json, Json]]:
    """Yield deprecations without a date, which a time of notice forbids."""
    deprecated = {**TEXT, "deprecated": True}
    for document in (in_request, in_response):
        yield (
            document({"type": "object", "properties": {"x": TEXT}}),
            document({"type": "object", "properties": {"x": deprecated}}),
        )
    yield openapi(an_operation()), openapi(an_operation(deprecated=True))
    old, new = in_parameter(TEXT), in_parameter(TEXT)
    new["paths"]["/orders"]["post"]["parameters"][0]["deprecated"] = True
    yield old, new
    old, new = asyncapi(), asyncapi()
    new["operations"]["update"]["x-deprecated"] = True
    yield old, new


def found_rules() -> set[str]:
    """Return every rule that the tables make the engine find."""
    found = set()
    for old, new in table_pairs():
        for pair in ((old, new), (new, old)):
            found |= {change.rule for change in compare(*pair, today=TODAY)}
    for old, new in unannounced_pairs():
        found |= {c.rule for c in compare(old, new, today=TODAY, notice_days=90)}
    return found


def test_every_rule_of_oasdiff_is_done_or_cannot_occur() -> None:
    """One or the other, and never both."""
    assert {id_ for id_ in oasdiff_rules() if id_ not in rules()} == set(CANNOT_OCCUR)


def test_every_rule_that_is_done_is_found_by_some_row() -> None:
    """A rule nobody saw at work is no rule; the same holds for our own by name."""
    found = found_rules()
    own = {id_ for id_, rule in rules().items() if not rule.is_schema}
    done = {id_ for id_ in oasdiff_rules() if id_ not in CANNOT_OCCUR}
    assert (done | own) - found == set()


def test_levels_are_those_of_oasdiff_but_for_reasons() -> None:
    """Where they differ, the table of overrides says why."""
    differing = {
        id_
        for id_, known in oasdiff_rules().items()
        if id_ in rules() and rules()[id_].level.value != LEVELS[known.level]
    }
    assert differing == set(OVERRIDES) & set(oasdiff_rules())
    assert all(rules()[id_].reason for id_ in differing)


def test_sockets_have_the_levels_of_http() -> None:
    """What breaks a client of HTTP breaks a client of a socket alike."""
    for socket, http in (("client-message", "request"), ("server-message", "response")):
        for end in ("property-type-changed", "property-enum-value-added"):
            assert (
                rules()[f"{socket}-{end}"].level is rules()[f"{http}-{end}"].level
            ), end
    assert rules()["server-message-property-any-of-added"].level is Level.BREAKING


def test_the_embedded_table_has_every_rule_of_oasdiff() -> None:
    """509 ids; where the table they were taken from is at hand, in every column."""
    assert len(oasdiff_rules()) == 509
    if SHARED.exists():
        with SHARED.open() as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        assert [
            (rule.area, rule.kind, str(rule.direction), rule.level, rule.id)
            for rule in oasdiff_rules().values()
        ] == [tuple(row.values()) for row in rows]


def test_the_page_shows_the_rules_as_they_are() -> None:
    """If not: `python -m modular_api.specs.diff.page > docs/reference/contract-rules.md`."""
    assert PAGE.read_text() == rules_page()
