"""What holds for every pair of documents, tried on many."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modular_api.specs.diff import DiffError, Level, compare
from modular_api.specs.diff.view import PROSE
from tests.framework.specs.diff.documents import (
    Json,
    an_operation,
    json_content,
    openapi,
)

NAMES = st.sampled_from(["Order", "Quote", "Account"])
FIELDS = st.sampled_from(["id", "title", "required", "price", "items"])

leaves = st.one_of(
    st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": "boolean"}]),
    st.builds(lambda n: {"type": "string", "maxLength": n}, st.integers(2, 9)),
    st.builds(lambda n: {"type": "integer", "minimum": n}, st.integers(2, 9)),
    st.just({"type": "string", "enum": ["a", "b"]}),
    st.just({"const": "only"}),
    st.builds(lambda name: {"$ref": f"#/components/schemas/{name}"}, NAMES),
)


def an_object(fields: dict[str, Any], required: set[str]) -> Json:
    found = {"type": "object", "properties": fields}
    names = sorted(required & fields.keys())
    return {**found, "required": names} if names else found


def or_null(schema: Json) -> Json:
    """Allow null; once, for twice is only another spelling of the same."""
    return schema if "anyOf" in schema else {"anyOf": [schema, {"type": "null"}]}


schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda item: {"type": "array", "items": item}, inner),
        st.builds(or_null, inner),
        st.builds(
            an_object, st.dictionaries(FIELDS, inner, max_size=3), st.sets(FIELDS)
        ),
    ),
    max_leaves=8,
)

objects = st.builds(
    an_object, st.dictionaries(FIELDS, schemas, max_size=3), st.sets(FIELDS)
)


@st.composite
def operations(draw: st.DrawFn) -> Json:
    """An operation with parameters, a body and answers."""
    names = draw(st.lists(FIELDS, unique=True, max_size=2))
    parameters = [
        {
            "name": name,
            "in": "query",
            "required": draw(st.booleans()),
            "schema": draw(leaves),
        }
        for name in names
    ]
    words: Json = {"parameters": parameters} if parameters else {}
    if draw(st.booleans()):
        words["requestBody"] = json_content(draw(schemas))
    codes = draw(st.sets(st.sampled_from(["200", "201", "404"]), min_size=1))
    words["responses"] = {code: json_content(draw(schemas)) for code in sorted(codes)}
    return an_operation(**words)


@st.composite
def documents(draw: st.DrawFn) -> Json:
    """A document whose every component is used by some operation."""
    components = {name: draw(objects) for name in ("Order", "Quote", "Account")}
    paths = draw(
        st.dictionaries(
            st.sampled_from(["/a", "/b/{id}", "/c"]), operations(), max_size=3
        )
    )
    every = an_object(
        {name: {"$ref": f"#/components/schemas/{name}"} for name in components}, set()
    )
    paths["/all"] = an_operation(
        requestBody=json_content(every), responses={"200": json_content(every)}
    )
    return openapi(
        paths={path: {"post": operation} for path, operation in paths.items()},
        components={"schemas": components},
    )


@given(documents())
@settings(max_examples=60)
def test_a_document_has_no_changes_to_itself(document: Json) -> None:
    """Also if it is another object of the same content."""
    assert compare(document, document) == []
    assert compare(document, copy.deepcopy(document)) == []


EXISTENCE = (
    ("endpoint-added", "api-path-removed-without-deprecation"),
    ("response-success-status-added", "response-success-status-removed"),
    ("response-non-success-status-added", "response-non-success-status-removed"),
    ("request-body-added-optional", "request-body-removed"),
    ("response-optional-property-added", "response-optional-property-removed"),
    ("response-required-property-added", "response-required-property-removed"),
    ("request-property-became-required", "request-property-became-optional"),
    ("response-property-became-nullable", "response-property-became-not-nullable"),
)


@given(documents(), documents())
@settings(max_examples=60)
def test_what_comes_in_one_order_goes_in_the_other(old: Json, new: Json) -> None:
    """Rules about existence find the same places when the documents are swapped."""
    forth, back = compare(old, new), compare(new, old)
    for came, went in EXISTENCE:
        for one, other in ((came, went), (went, came)):
            assert {c.place for c in forth if c.rule == one} == {
                c.place for c in back if c.rule == other
            }


def mutable_slots(node: Any, *, names: bool = False) -> list[tuple[Any, Any]]:
    """Return what can be taken away or altered so that it matters to somebody."""
    found: list[tuple[Any, Any]] = []
    if isinstance(node, list):
        for index, item in enumerate(node):
            found.append((node, index))
            found += mutable_slots(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if names or key not in PROSE | {"description", "info", "openapi"}:
                found.append((node, key))
                maps = ("properties", "schemas", "responses", "content", "paths")
                found += mutable_slots(value, names=not names and key in maps)
    return found


def mutated(document: Json, data: st.DataObject) -> Json:
    """Return a copy that lacks one thing."""
    copied = copy.deepcopy(document)
    slots = [
        (node, key)
        for node, key in mutable_slots(
            {"paths": copied["paths"], "components": copied["components"]}
        )
        if key not in ("paths", "components")
    ]
    node, key = data.draw(st.sampled_from(slots))
    del node[key]
    return copied


@given(documents(), st.data())
@settings(max_examples=150)
def test_a_mutation_is_never_called_no_change(
    document: Json, data: st.DataObject
) -> None:
    """Something is told, or the damage is refused, whatever is taken away."""
    other = mutated(document, data)
    if other == document:
        return
    try:
        found = compare(document, other)
    except DiffError:
        return
    assert found


@given(documents())
@settings(max_examples=40)
def test_prose_and_order_are_never_more_than_docs(document: Json) -> None:
    """Descriptions everywhere, and lists turned round where order means nothing."""

    def reworded(node: Any, *, names: bool = False) -> Any:
        if isinstance(node, list):
            return [reworded(item) for item in node]
        if not isinstance(node, dict):
            return node
        turned = {
            key: (
                list(reversed(value))
                if key in ("required", "enum", "anyOf", "parameters")
                and isinstance(value, list)
                else reworded(
                    value,
                    names=not names
                    and key
                    in ("properties", "schemas", "responses", "content", "paths"),
                )
            )
            for key, value in node.items()
        }
        if not names and ("type" in turned or "responses" in turned):
            turned["description"] = "Other words."
        return turned

    found = compare(document, reworded(document))
    assert found
    assert {change.level for change in found} == {Level.DOCS}
