"""One text for one contract."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modular_api.specs.canonical import canonical, canonical_bytes, sha256_hex

DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["properties", "a", "x-a"]), inner)
    ),
    max_leaves=6,
)
SCHEMAS = st.recursive(
    st.fixed_dictionaries({}, optional={"default": DATA, "x-a": DATA}),
    lambda inner: st.fixed_dictionaries(
        {"default": DATA},
        optional={
            "type": st.sampled_from(["array", "object"]),
            "uniqueItems": st.booleans(),
            "required": st.lists(st.sampled_from("abc"), unique=True),
            "properties": st.dictionaries(
                st.sampled_from(["properties", "default", "a"]), inner, max_size=2
            ),
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=4,
)


def shuffled(value: Any, seed: random.Random) -> Any:
    """Put the keys of every object into another order."""
    if isinstance(value, list):
        return [shuffled(item, seed) for item in value]
    if isinstance(value, dict):
        keys = list(value)
        seed.shuffle(keys)
        return {key: shuffled(value[key], seed) for key in keys}
    return value


@settings(max_examples=30, deadline=None)
@given(SCHEMAS, st.randoms(use_true_random=False))
def test_key_order_does_not_matter(document: Any, seed: random.Random) -> None:
    """Two documents that differ in key order only have one text."""
    assert canonical_bytes(shuffled(document, seed)) == canonical_bytes(document)


@settings(max_examples=30, deadline=None)
@given(SCHEMAS)
def test_canonical_of_canonical_changes_nothing(document: Any) -> None:
    """Reading the file and writing it again gives the same bytes."""
    once = canonical_bytes(document)
    assert canonical_bytes(json.loads(once)) == once


def test_required_lists_are_sorted() -> None:
    """Field order in Python is no part of the contract."""
    schema = {"required": ["b", "a"], "properties": {"x": {"required": ["d", "c"]}}}
    assert canonical(schema) == {
        "properties": {"x": {"required": ["c", "d"]}},
        "required": ["a", "b"],
    }


@pytest.mark.parametrize("name", ["required", "default", "examples", "enum", "$ref"])
def test_a_property_may_have_the_name_of_a_keyword(name: str) -> None:
    """Its schema is a schema: keys and `required` in it are sorted, enums are not."""
    inner = {"type": "object", "required": ["b", "a"], "enum": ["z", "y"]}
    result = canonical({"properties": {name: inner}})["properties"][name]
    assert result == {"enum": ["z", "y"], "required": ["a", "b"], "type": "object"}
    assert list(result) == ["enum", "required", "type"]


def test_the_default_response_is_no_data() -> None:
    """`default` among responses is a status, so what it holds is sorted as a schema."""
    schema = {"required": ["b", "a"]}
    content = {"application/json": {"schema": schema}}
    result = canonical({"responses": {"default": {"content": content}}})
    inner = result["responses"]["default"]["content"]["application/json"]["schema"]
    assert inner == {"required": ["a", "b"]}


@pytest.mark.parametrize("key", ["default", "example", "const", "x-order"])
def test_lists_in_data_keep_their_order(key: str) -> None:
    """An example may hold a list called `required`: it is not ours to sort."""
    assert canonical({key: {"required": ["b", "a"]}}) == {key: {"required": ["b", "a"]}}


def test_other_lists_keep_their_order() -> None:
    """The order of alternatives, parameters and enum values carries meaning."""
    schema = {"anyOf": [{"type": "string"}, {"type": "integer"}], "enum": ["b", "a"]}
    assert canonical(schema) == schema


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "uniqueItems": True},
        {"anyOf": [{"type": "array", "uniqueItems": True}, {"type": "null"}]},
        {"$ref": "#/components/schemas/Tags"},
    ],
    ids=["set", "set or null", "named set"],
)
def test_defaults_and_examples_of_sets_are_sorted(schema: dict[str, Any]) -> None:
    """Python gives a set's elements another order in each process."""
    document = {
        "components": {
            "schemas": {
                "Tags": {"type": "array", "uniqueItems": True},
                "Order": {**schema, "default": ["b", "a"], "examples": [["d", "c"]]},
            }
        }
    }
    order = canonical(document)["components"]["schemas"]["Order"]
    assert order["default"] == ["a", "b"]
    assert order["examples"] == [["c", "d"]]


def test_sets_inside_defaults_are_sorted() -> None:
    """A default that is a model with a set in it, in a list, in a dict."""
    tags = {"type": "array", "uniqueItems": True}
    schema = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"tags": tags, "path": {"type": "array"}},
            "additionalProperties": tags,
        },
        "default": [{"tags": [2, 1], "path": [2, 1], "more": ["b", "a"]}],
    }
    assert canonical(schema)["default"] == [
        {"more": ["a", "b"], "path": [2, 1], "tags": [1, 2]}
    ]


def test_a_default_that_may_be_a_list_keeps_its_order() -> None:
    """Where a list and a set are both possible, order may matter."""
    arrays = [{"type": "array"}, {"type": "array", "uniqueItems": True}]
    assert canonical({"anyOf": arrays, "default": [2, 1]})["default"] == [2, 1]


def test_a_sets_example_beside_its_schema_is_sorted() -> None:
    """Parameters and bodies hold their examples next to the schema, by name or not."""
    schema = {"type": "array", "uniqueItems": True}
    result = canonical(
        {"schema": schema, "example": ["b", "a"], "examples": {"x": {"value": [2, 1]}}}
    )
    assert (result["example"], result["examples"]["x"]["value"]) == (["a", "b"], [1, 2])


def test_the_text_is_indented_unescaped_and_ends_with_a_newline() -> None:
    """People read these files, and so do version control systems."""
    assert canonical_bytes({"b": "é", "a": [1]}) == (
        '{\n  "a": [\n    1\n  ],\n  "b": "é"\n}\n'.encode()
    )


def test_the_argument_is_left_alone() -> None:
    """Sorting makes a new document."""
    document = {"required": ["b", "a"]}
    canonical(document)
    assert document == {"required": ["b", "a"]}


def test_sha256_is_hexadecimal() -> None:
    """The known digest of nothing."""
    assert sha256_hex(b"").startswith("e3b0c44298fc1c14")
