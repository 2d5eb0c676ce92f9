"""JSON Schema as TypeScript types: what the oracle does not say, or says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from modular_api.codegen.typescript_client.names import (
    Names,
    camel_case,
    literal,
    pascal_case,
    property_name,
)
from modular_api.codegen.typescript_client.schema_types import SchemaTypes
from modular_api.codegen.typescript_client.tsdoc import comment, lines_about

TYPES = SchemaTypes({"#/a": "A", "#/b": "B"})
A, B = {"$ref": "#/a"}, {"$ref": "#/b"}


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({}, "unknown"),
        (True, "unknown"),
        (False, "never"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"const": {"a": [1, None]}}, '{ a: [1, null] }'),
        ({"enum": ["a", 1, None]}, '"a" | 1 | null'),
        ({"enum": []}, "never"),
        ({"anyOf": [A, {}]}, "unknown"),
        ({"anyOf": [A, B, A]}, "A | B"),
        ({"allOf": [A]}, "A"),
        ({"allOf": [A, {"anyOf": [A, B]}]}, "A & (A | B)"),
        ({"type": "array"}, "unknown[]"),
        ({"type": "array", "items": {"anyOf": [A, B]}}, "(A | B)[]"),
        ({"type": "array", "items": [A, B], "minItems": 1, "maxItems": 2}, "[A, B?]"),
        ({"type": "array", "items": [A], "minItems": 1, "additionalItems": False}, "[A]"),
        ({"type": "array", "items": [A], "additionalItems": B}, "[A?, ...B[]]"),
        ({"prefixItems": [A], "minItems": 1, "items": B}, "[A, ...B[]]"),
        ({"type": "object", "additionalProperties": False}, "{ [key: string]: never }"),
        ({"type": "object"}, "{\n  [key: string]: unknown;\n}"),
        ({"additionalProperties": A}, "{\n  [key: string]: A;\n}"),
        ({"patternProperties": {"^x": A}}, "{\n  [key: string]: A;\n}"),
        (
            {"properties": {"a": A}, "additionalProperties": B},
            "{\n  a?: A;\n  [key: string]: B | A | undefined;\n}",
        ),
        ({"type": "object", "required": ["a"]}, "{\n  a: unknown;\n}"),
    ],
)  # fmt: skip
def test_a_schema_has_the_type_of_its_values(schema: Any, type_: str) -> None:
    """Written as it stands in the file."""
    assert TYPES.text_of(schema) == type_


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        ("name", "name"),
        ("$ref", "$ref"),
        ("class", "class"),
        ("with-dash", '"with-dash"'),
        ('say "x"', '"say \\"x\\""'),
        ("1st", '"1st"'),
        ("grün", '"grün"'),
        ("\u2028", '"\\u2028"'),
    ],
)
def test_a_property_is_quoted_where_it_is_no_name(wanted: str, written: str) -> None:
    """Whatever a field is called on the wire, it keeps that name."""
    assert property_name(wanted) == written


def test_no_text_ends_its_comment() -> None:
    """What a document says stays a comment."""
    schema = {"description": "a */ alert() /* b", "pattern": "*/"}
    text = comment(lines_about(schema))
    assert text.count("*/") == 1 and text.endswith("*/\n")


def test_a_comment_tells_constraints_default_and_deprecation() -> None:
    """What a type cannot say."""
    schema = {
        "description": "How many.",
        "minimum": 1,
        "multipleOf": 2,
        "default": 4,
        "deprecated": True,
    }
    assert lines_about(schema) == [
        "How many.",
        "Constraints: minimum 1, multipleOf 2.",
        "@defaultValue 4",
        "@deprecated",
    ]


def test_names_are_each_given_once() -> None:
    """What is taken gets a suffix, then numbers."""
    names = Names({"Gap"})
    given = [names.take("Gap", "Model") for _ in range(3)]
    assert given == ["GapModel", "GapModel2", "GapModel3"]


@pytest.mark.parametrize(
    ("text", "pascal", "camel"),
    [
        ("bars.update", "BarsUpdate", "barsUpdate"),
        ("alerts_price-2", "AlertsPrice2", "alertsPrice2"),
        ("HTTPError", "HTTPError", "hTTPError"),
        ("1st", "_1st", "_1st"),
        ("", "_", "_"),
    ],
)
def test_names_have_the_case_of_the_language(
    text: str, pascal: str, camel: str
) -> None:
    """And begin with what a name may begin with."""
    assert (pascal_case(text), camel_case(text)) == (pascal, camel)


def test_a_literal_is_no_end_of_a_line() -> None:
    """JSON allows what a line of source does not."""
    assert literal("\u2028") == '"\\u2028"'
