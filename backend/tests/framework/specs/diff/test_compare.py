"""What holds for whole documents: references, spelling, order, fingerprints, drafts."""

from __future__ import annotations

import copy
import dataclasses
from datetime import date
from typing import Any

import pytest

from modular_api.specs.diff import Change, Direction, Level, Tier, compare
from tests.framework.specs.diff.documents import (
    Json,
    an_operation,
    asyncapi,
    in_message,
    in_request,
    in_response,
    json_content,
    openapi,
)

TEXT: Json = {"type": "string"}
ORDER: Json = {"type": "object", "properties": {"id": TEXT}, "required": ["id"]}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def both_ways(schemas: Json, root: Json | None = None) -> Json:
    """One schema, sent and answered by the same operation."""
    return openapi(
        an_operation(
            operationId="place_order",
            requestBody=json_content(root or ref("Order")),
            responses={"200": json_content(root or ref("Order"))},
        ),
        components={"schemas": schemas},
    )


def rules(changes: list[Change]) -> list[str]:
    return [change.rule for change in changes]


def test_one_component_is_judged_apart_where_it_is_sent_and_where_it_is_read() -> None:
    """The same field becomes required: a break in the request, none in the answer."""
    optional = {**ORDER, "required": []}
    found = compare(both_ways({"Order": optional}), both_ways({"Order": ORDER}))
    assert [(c.rule, c.level, c.direction) for c in found] == [
        ("request-property-became-required", Level.BREAKING, Direction.REQUEST),
        ("response-property-became-required", Level.COMPATIBLE, Direction.RESPONSE),
    ]


def test_a_change_says_where_what_and_what_to_do() -> None:
    """Every public name of a change."""
    new = {**ORDER, "properties": {"id": {"type": "integer"}}}
    (change,) = compare(
        openapi(an_operation(operationId="place", requestBody=json_content(ORDER))),
        openapi(an_operation(operationId="place", requestBody=json_content(new))),
    )
    pointer = "/requestBody/content/application~1json/schema/properties/id"
    assert change.place == f"POST /orders#{pointer}"
    assert (change.pointer, change.operation) == (pointer, "place")
    assert (change.method, change.path) == ("POST", "/orders")
    assert (change.old, change.new) == ("string", "integer")
    assert (change.level.value, change.tier) == ("breaking", Tier.JSON)
    assert change.text == (
        "POST /orders: the type of request body field 'id' changed "
        "from string to integer."
    )
    assert change.advice == (
        "Keep accepting what clients send today, or offer the change as a new version."
    )
    known = dataclasses.replace(change, module="broker", used_by=("datafeed",))
    assert (known.module, known.used_by, change.module) == (
        "broker",
        ("datafeed",),
        None,
    )


def test_a_renamed_component_of_the_same_shape_is_no_change() -> None:
    """Names of components are not seen on the wire; their titles follow them."""
    old = both_ways({"Order": {**ORDER, "title": "Order"}})
    new = both_ways({"OrderIn": {**ORDER, "title": "OrderIn"}}, ref("OrderIn"))
    assert compare(old, new) == []
    assert compare(new, old) == []


def test_a_renamed_component_of_another_shape_shows_its_changes() -> None:
    """The name does not hide what else happened."""
    old = both_ways({"Order": ORDER})
    new = both_ways({"OrderIn": {**ORDER, "required": []}}, ref("OrderIn"))
    assert "response-property-became-optional" in rules(compare(old, new))


def test_a_component_written_in_place_is_no_change_of_shape() -> None:
    """A reference and what it refers to are the same to everybody."""
    old, new = both_ways({"Order": ORDER}), both_ways({}, ORDER)
    assert rules(compare(old, new)) == ["api-schema-removed"]


def test_renamed_components_in_alternatives_find_their_partners() -> None:
    """Alternatives are matched by shape where the names say nothing."""
    other = {"type": "object", "properties": {"bulk": TEXT}}
    old = both_ways({"A": ORDER, "B": other}, {"anyOf": [ref("A"), ref("B")]})
    new = both_ways({"C": other, "D": ORDER}, {"anyOf": [ref("D"), ref("C")]})
    assert compare(old, new) == []


def test_a_component_that_refers_to_itself_is_compared_once() -> None:
    """Circles end, and a change inside of one is found."""
    tree = {"type": "object", "properties": {"sub": ref("Tree"), "name": TEXT}}
    numbered = {"sub": ref("Tree"), "name": {"type": "integer"}}
    wider = {**tree, "properties": numbered}
    old = both_ways({"Tree": tree}, ref("Tree"))
    new = both_ways({"Tree": wider}, ref("Tree"))
    assert rules(compare(old, new)) == [
        "request-property-type-changed",
        "response-property-type-changed",
    ]


def test_circles_of_renamed_components_have_one_shape() -> None:
    """Also where they pass through one another."""

    def pair(a: str, b: str) -> Json:
        one = {"type": "object", "properties": {"next": ref(b)}}
        other = {"type": "object", "properties": {"back": ref(a), "x": TEXT}}
        return both_ways({a: one, b: other}, {"anyOf": [ref(a), ref(b)]})

    assert compare(pair("A", "B"), pair("C", "D")) == []


def test_many_components_that_refer_to_one_another_are_no_trouble() -> None:
    """As pydantic writes a syntax tree: every node with every other in a union."""

    def tree(start: str) -> Json:
        names = [f"{start}{number}" for number in range(20)]
        node = {"anyOf": [ref(name) for name in names]}
        return both_ways(
            {
                name: {"type": "object", "properties": {"next": node, name[1:]: TEXT}}
                for name in names
            },
            node,
        )

    assert compare(tree("A"), tree("B")) == []


def test_a_change_deep_below_several_references_is_told_at_its_place() -> None:
    """The pointer looks through references, so renaming moves nothing."""
    line = {"type": "object", "properties": {"qty": {"type": "integer", "maximum": 9}}}
    less = {"type": "object", "properties": {"qty": {"type": "integer", "maximum": 5}}}
    order = {
        "type": "object",
        "properties": {"lines": {"type": "array", "items": ref("Line")}},
    }
    change, other = compare(
        both_ways({"Order": order, "Line": line}),
        both_ways({"Order": order, "Line": less}),
    )
    assert change.place.endswith("/schema/properties/lines/items/properties/qty")
    assert "'lines[].qty'" in change.text
    assert (change.level, other.level) == (Level.BREAKING, Level.COMPATIBLE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            {"anyOf": [ref("Order"), {"type": "null"}]},
            {"oneOf": [{"type": "null"}, ref("Order")]},
        ),
        ({"allOf": [ref("Order")]}, ref("Order")),
        ({"anyOf": [ref("Order")]}, {"$ref": "#/components/schemas/Order"}),
        ({"type": ["string"]}, TEXT),
    ],
)
def test_another_spelling_is_no_change(old: Json, new: Json) -> None:
    """References, wrappers and null may be written in several ways."""
    schemas = {"Order": ORDER}
    assert compare(both_ways(schemas, old), both_ways(schemas, new)) == []


def test_a_nullable_component_is_as_null_beside_a_reference() -> None:
    """Where null is written does not matter."""
    inside = both_ways({"Order": {"anyOf": [ORDER, {"type": "null"}]}})
    beside = both_ways({"Order": ORDER}, {"anyOf": [ref("Order"), {"type": "null"}]})
    assert {c.level for c in compare(inside, beside)} <= {Level.DOCS}
    found = rules(compare(both_ways({"Order": ORDER}), inside))
    assert found == ["response-body-became-nullable", "request-body-became-nullable"]


def test_prose_and_order_are_docs_and_told_once() -> None:
    """A component's description is one change, however many operations use it."""
    wordy = {**ORDER, "description": "An order.", "x-logo": "a.png"}
    old = openapi(
        an_operation(tags=["a", "b"]), components={"schemas": {"Order": ORDER}}
    )
    new = openapi(
        an_operation(tags=["b", "a"]), components={"schemas": {"Order": wordy}}
    )
    found = compare(old, new)
    assert [(c.level.value, c.rule, c.place) for c in found] == [
        ("docs", "description-changed", "#/components/schemas/Order/description"),
        ("docs", "description-changed", "#/components/schemas/Order/x-logo"),
        ("docs", "order-changed", "POST /orders#/tags"),
    ]


def test_a_field_called_like_a_word_of_the_format_is_a_field() -> None:
    """`description` and `title` may be fields, and are no prose then."""
    old = in_response(
        {"type": "object", "properties": {"description": TEXT, "title": TEXT}}
    )
    new = in_response({"type": "object", "properties": {"description": TEXT}})
    assert rules(compare(old, new)) == ["response-optional-property-removed"]


def test_another_spelling_of_a_field_called_title_is_not_overlooked() -> None:
    """A fixed fault: what nothing else tells of was left out with the prose."""
    empty = {"type": "object", "properties": {}}
    old = in_response({"type": "object", "properties": {"title": empty}})
    new = in_response({"type": "object", "properties": {"title": {"type": "object"}}})
    assert rules(compare(old, new)) == ["document-changed"]


def test_a_renamed_operation_is_at_least_a_warning() -> None:
    """Sources that were generated call it by its name."""
    (change,) = compare(
        openapi(an_operation(operationId="place")),
        openapi(an_operation(operationId="place_order")),
    )
    assert (change.level, change.tier) == (Level.WARNING, Tier.SOURCE)


def test_the_fingerprint_survives_prose_and_other_changes() -> None:
    """It is that of the change, not of the commit it came with."""
    (first,) = compare(in_request(TEXT), in_request({"type": "integer"}))
    later = in_request({"type": "integer", "title": "reworded"})
    later["paths"]["/more"] = {"get": an_operation()}
    found = {c.rule: c for c in compare(in_request(TEXT), later)}
    assert found["request-body-type-changed"].fingerprint == first.fingerprint
    assert len(first.fingerprint) == 16


def test_the_fingerprint_tells_changes_apart() -> None:
    """Another type, place or rule is another change."""
    found = [
        *compare(in_request(TEXT), in_request({"type": "integer"})),
        *compare(in_request(TEXT), in_request({"type": "boolean"})),
        *compare(in_response(TEXT), in_response({"type": "integer"})),
        *compare(
            in_request({**TEXT, "enum": ["a", "b"]}),
            in_request({**TEXT, "enum": ["a"]}),
        ),
        *compare(
            in_request({**TEXT, "enum": ["a", "b"]}),
            in_request({**TEXT, "enum": ["b"]}),
        ),
    ]
    assert len(found) == 5
    assert len({change.fingerprint for change in found}) == 5


def test_a_fingerprint_is_the_same_in_every_release() -> None:
    """Approvals are kept in files, so this value may not move."""
    (change,) = compare(in_request(TEXT), in_request({"type": "integer"}))
    assert change.fingerprint == "b0e0742c65f81ee7"


def test_drafts_break_nobody() -> None:
    """What is promised to nobody is flagged, and compatible at most."""
    draft = {"x-stability": "draft"}
    old = openapi(an_operation(requestBody=json_content(TEXT), **draft))
    new = openapi(an_operation(requestBody=json_content({"type": "integer"}), **draft))
    (change,) = compare(old, new)
    assert (change.level, change.draft) == (Level.COMPATIBLE, True)
    (gone,) = compare(old, openapi(paths={}))
    assert (gone.level, gone.draft) == (Level.COMPATIBLE, True)


def test_a_stable_operation_cannot_become_a_draft_unseen() -> None:
    """The promise counts, not what the new document calls itself."""
    new = an_operation(**{"x-stability": "draft"})
    (change,) = compare(openapi(an_operation()), openapi(new))
    assert (change.rule, change.level) == ("api-stability-decreased", Level.BREAKING)


def test_removal_is_judged_by_the_day() -> None:
    """Before its sunset it breaks, on that day and later it does not."""
    old = openapi(an_operation(deprecated=True, **{"x-sunset": "2030-06-01"}))
    levels = [
        compare(old, openapi(paths={}), today=day)[0].level
        for day in (date(2030, 5, 31), date(2030, 6, 1), date(2031, 1, 1))
    ]
    assert levels == [Level.BREAKING, Level.COMPATIBLE, Level.COMPATIBLE]


def test_changes_are_sorted_worst_first_whatever_the_order_of_keys() -> None:
    """Documents with the same content yield the same list."""
    old = openapi(
        paths={f"/{n}": {"get": an_operation(), "put": an_operation()} for n in "abc"}
    )
    new = openapi(paths={f"/{n}": {"get": an_operation(tags=[n])} for n in "bcd"})

    def reversed_keys(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: reversed_keys(value[key]) for key in reversed(value)}
        return value

    found = compare(old, new)
    assert found == compare(reversed_keys(old), reversed_keys(new))
    assert [c.level.rank for c in found] == sorted(c.level.rank for c in found)


def test_the_documents_are_left_as_they_are() -> None:
    """Also where null, references and bounds are rewritten to compare them."""
    old = both_ways({"Order": {"anyOf": [ORDER, {"type": "null"}]}})
    new = both_ways(
        {"Order": {"type": "integer", "maximum": 3, "exclusiveMaximum": True}}
    )
    copies = copy.deepcopy((old, new))
    compare(old, new)
    assert (old, new) == copies


def test_a_reply_is_read_by_who_asked() -> None:
    """One payload: sent by the client, and by the server in its reply."""
    optional = {**ORDER, "required": []}
    asked = compare(in_message("subscribe", optional), in_message("subscribe", ORDER))
    replied = compare(
        in_message("subscribed", optional), in_message("subscribed", ORDER)
    )
    assert [(c.level, c.direction) for c in (*asked, *replied)] == [
        (Level.BREAKING, Direction.CLIENT_TO_SERVER),
        (Level.COMPATIBLE, Direction.SERVER_TO_CLIENT),
    ]
    assert replied[0].place.startswith(
        "receive subscribe#/reply/messages/quotes.subscribed/"
    )


def test_a_moved_channel_is_one_change() -> None:
    """However many operations and replies move with it."""
    new = asyncapi()
    new["channels"]["ws"]["address"] = "/api/v2/quotes/ws"
    assert len(compare(asyncapi(), new)) == 1


def test_a_message_component_may_have_another_key() -> None:
    """What counts is the name on the wire."""
    new = asyncapi()
    messages = new["components"]["messages"]
    messages["renamed"] = messages.pop("update")
    new["channels"]["ws"]["messages"]["update"] = {
        "$ref": "#/components/messages/renamed"
    }
    assert {c.level for c in compare(asyncapi(), new)} <= {Level.DOCS}
