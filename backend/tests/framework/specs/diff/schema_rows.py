"""Changes of schemas: what each is called and means, in both directions of data.

A row holds two schemas, and what is expected going from the first to the second and
back. `max-decreased B | C` reads: where clients send the data it breaks, where they
read it it is compatible; a second name after the bar is the name for those who read.
A name that begins with `=` is a whole rule id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """Two schemas, and what is expected in either order.

    Attributes:
        forth: from old to new; None for no change at all.
        back: from new to old.
        at: exceptions by the start of the id: another expectation, forth and back.
    """

    name: str
    old: Any
    new: Any
    forth: str | None
    back: str | None
    at: dict[str, tuple[str, str]] = field(default_factory=dict)


TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer"}
NUMBER: Json = {"type": "number"}
LIST: Json = {"type": "array", "items": TEXT}
OBJECT: Json = {"type": "object", "properties": {"a": TEXT, "b": TEXT}}
CAT: Json = {
    "type": "object",
    "properties": {"kind": {"const": "cat"}, "lives": WHOLE},
    "required": ["kind"],
}
DOG: Json = {
    "type": "object",
    "properties": {"kind": {"const": "dog"}, "bark": TEXT, "tail": TEXT},
    "required": ["kind"],
}
TAGGED: Json = {"oneOf": [CAT, DOG]}


def limit(
    name: str, word: str, base: Json, low: int, high: int, *, upper: bool
) -> list[Row]:
    """Rows of a limit: moved, and set where there was none."""
    tight, loose = (low, high) if upper else (high, low)
    tighter, looser = (
        ("decreased", "increased") if upper else ("increased", "decreased")
    )
    return [
        Row(
            f"{word} moved",
            {**base, word: loose},
            {**base, word: tight},
            f"{name}-{tighter} B | C",
            f"{name}-{looser} C | B",
        ),
        Row(
            f"{word} set",
            base,
            {**base, word: tight},
            f"{name}-set W | C",
            f"{name}-unset C | B",
        ),
    ]


def demand(name: str, word: str, base: Json, value: Any) -> Row:
    """A row of a word that forbids data by being there."""
    return Row(
        word,
        base,
        {**base, word: value},
        f"{name}-added B | C",
        f"{name}-removed C | B",
    )


def use(name: str, word: str, value: Any, other: Any) -> list[Row]:
    """Rows of a default."""
    parameter = {"request-parameter": (f"{name}-added B", f"{name}-removed B")}
    changed = (f"{name}-changed B", f"{name}-changed B")
    return [
        Row(
            f"{word} set",
            TEXT,
            {**TEXT, word: value},
            f"{name}-added C | C",
            f"{name}-removed C | C",
            parameter,
        ),
        Row(
            f"{word} changed",
            {**TEXT, word: value},
            {**TEXT, word: other},
            f"{name}-changed C | C",
            f"{name}-changed C | C",
            {"request-parameter": changed},
        ),
    ]


ROWS: list[Row] = [
    # Types
    Row(
        "integer becomes number",
        WHOLE,
        NUMBER,
        "type-generalized C | B",
        "type-changed B | type-specialized C",
    ),
    Row(
        "integer becomes boolean",
        WHOLE,
        {"type": "boolean"},
        "type-changed B | B",
        "type-changed B | B",
    ),
    Row(
        "integer becomes string",
        WHOLE,
        TEXT,
        "type-changed B | B",
        "type-changed B | B",
        {"request-parameter": ("type-generalized C", "type-changed B")},
    ),
    Row(
        "anything becomes string",
        {},
        TEXT,
        "type-changed B | type-specialized C",
        "type-generalized C | B",
    ),
    Row(
        "one type becomes two",
        TEXT,
        {"type": ["string", "integer"]},
        "list-of-types-widened C | B",
        "list-of-types-narrowed B | C",
    ),
    Row(
        "a list of types is written as alternatives",
        {"type": ["string", "integer"]},
        {"anyOf": [WHOLE, TEXT]},
        "type-compatible C | C",
        "type-compatible C | C",
    ),
    Row(
        "date-time becomes any string",
        {**TEXT, "format": "date-time"},
        TEXT,
        "type-generalized C | B",
        "type-changed B | type-specialized C",
    ),
    Row(
        "date becomes date-time",
        {**TEXT, "format": "date"},
        {**TEXT, "format": "date-time"},
        "type-changed B | B",
        "type-changed B | B",
    ),
    Row(
        "int32 becomes int64",
        {**WHOLE, "format": "int32"},
        {**WHOLE, "format": "int64"},
        "type-generalized C | B",
        "type-changed B | type-specialized C",
    ),
    Row(
        "the items' type becomes wider",
        {"type": "array", "items": WHOLE},
        {"type": "array", "items": NUMBER},
        "~type-generalized C | B",
        "~type-changed B | type-specialized C",
        {"request-parameter": ("~type-generalized C", "~type-specialized B")},
    ),
    # Null
    Row(
        "null by anyOf",
        TEXT,
        {"anyOf": [TEXT, {"type": "null"}]},
        "became-nullable C | B",
        "became-not-nullable B | C",
    ),
    Row(
        "null by a list of types",
        TEXT,
        {"type": ["string", "null"]},
        "became-nullable C | B",
        "became-not-nullable B | C",
    ),
    Row(
        "null by nullable",
        TEXT,
        {**TEXT, "nullable": True},
        "became-nullable C | B",
        "became-not-nullable B | C",
    ),
    Row(
        "null spelled another way",
        {"anyOf": [TEXT, {"type": "null"}]},
        {"type": ["string", "null"]},
        None,
        None,
    ),
    Row(
        "null spelled as OpenAPI 3.0 does",
        {"oneOf": [TEXT, {"type": "null"}]},
        {**TEXT, "nullable": True},
        None,
        None,
    ),
    # Values
    Row(
        "one value less",
        {**TEXT, "enum": ["a", "b"]},
        {**TEXT, "enum": ["a"]},
        "enum-value-removed B | C",
        "enum-value-added C | W",
        {
            "response-body": (
                "=response-mediatype-enum-value-removed C",
                "enum-value-added W",
            )
        },
    ),
    Row(
        "a list of values",
        TEXT,
        {**TEXT, "enum": ["a", "b"]},
        "became-enum B | C",
        "became-not-enum C | B",
    ),
    Row(
        "one value alone",
        TEXT,
        {**TEXT, "const": "a"},
        "const-added B | C",
        "const-removed C | B",
    ),
    Row(
        "another value alone",
        {**TEXT, "const": "a"},
        {**TEXT, "const": "b"},
        "const-changed B | B",
        "const-changed B | B",
    ),
    Row(
        "a constant becomes a list",
        {**TEXT, "const": "a"},
        {**TEXT, "enum": ["a", "b"]},
        "enum-value-added C | W",
        "enum-value-removed B | C",
        {
            "response-body": (
                "enum-value-added W",
                "=response-mediatype-enum-value-removed C",
            )
        },
    ),
    Row(
        "one value of an open list less",
        {**TEXT, "x-extensible-enum": ["a", "b"]},
        {**TEXT, "x-extensible-enum": ["a"]},
        "x-extensible-enum-value-removed B | C",
        "x-extensible-enum-value-added C | C",
    ),
    *use("default-value", "default", "a", "b"),
    # Limits
    *limit("max", "maximum", WHOLE, 5, 10, upper=True),
    *limit("exclusive-max", "exclusiveMaximum", WHOLE, 5, 10, upper=True),
    *limit("max-length", "maxLength", TEXT, 5, 10, upper=True),
    *limit("max-items", "maxItems", LIST, 5, 10, upper=True),
    *limit("max-properties", "maxProperties", OBJECT, 5, 10, upper=True),
    *limit(
        "max-contains", "maxContains", {**LIST, "contains": TEXT}, 5, 10, upper=True
    ),
    *limit("min", "minimum", WHOLE, 5, 10, upper=False),
    *limit("exclusive-min", "exclusiveMinimum", WHOLE, 5, 10, upper=False),
    *limit("min-length", "minLength", TEXT, 5, 10, upper=False),
    *limit("min-items", "minItems", LIST, 5, 10, upper=False),
    *limit("min-properties", "minProperties", OBJECT, 5, 10, upper=False),
    *limit(
        "min-contains", "minContains", {**LIST, "contains": TEXT}, 5, 10, upper=False
    ),
    Row(
        "an exclusive bound as OpenAPI 3.0 writes it",
        {**WHOLE, "maximum": 5, "exclusiveMaximum": True},
        {**WHOLE, "exclusiveMaximum": 3},
        "exclusive-max-decreased B | C",
        "exclusive-max-increased C | B",
    ),
    Row(
        "a smallest length of nothing", TEXT, {**TEXT, "minLength": 0}, "=docs", "=docs"
    ),
    Row(
        "multipleOf",
        WHOLE,
        {**WHOLE, "multipleOf": 5},
        "multiple-of-set B | C",
        "multiple-of-unset C | B",
    ),
    Row(
        "another multipleOf",
        {**WHOLE, "multipleOf": 4},
        {**WHOLE, "multipleOf": 5},
        "multiple-of-changed B | B",
        "multiple-of-changed B | B",
    ),
    Row(
        "uniqueItems",
        LIST,
        {**LIST, "uniqueItems": True},
        "unique-items-set B | C",
        "unique-items-unset C | B",
    ),
    Row(
        "a pattern",
        TEXT,
        {**TEXT, "pattern": "^a"},
        "pattern-added B | C",
        "pattern-removed C | C",
    ),
    Row(
        "another pattern",
        {**TEXT, "pattern": "^a"},
        {**TEXT, "pattern": "^b"},
        "pattern-changed W | C",
        "pattern-changed W | C",
    ),
    Row(
        "a pattern of any text",
        {**TEXT, "pattern": "^a"},
        {**TEXT, "pattern": "^.*$"},
        "pattern-generalized C | C",
        "pattern-changed W | C",
    ),
    Row(
        "another encoding",
        {**TEXT, "contentEncoding": "base64"},
        {**TEXT, "contentEncoding": "base32"},
        "content-encoding-changed B | B",
        "content-encoding-changed B | B",
    ),
    Row(
        "another media type inside a string",
        {**TEXT, "contentMediaType": "image/png"},
        {**TEXT, "contentMediaType": "image/gif"},
        "content-media-type-changed B | B",
        "content-media-type-changed B | B",
    ),
    # Words that forbid
    demand("contains", "contains", LIST, TEXT),
    demand("content-schema", "contentSchema", TEXT, OBJECT),
    demand("dependent-required", "dependentRequired", OBJECT, {"a": ["b"]}),
    demand("dependent-schema", "dependentSchemas", OBJECT, {"a": {"required": ["b"]}}),
    demand("if", "if", OBJECT, {"required": ["a"]}),
    demand("then", "then", OBJECT, {"required": ["b"]}),
    demand("else", "else", OBJECT, {"required": ["b"]}),
    demand("items", "items", {"type": "array"}, TEXT),
    demand("not", "not", TEXT, {"const": "a"}),
    demand("pattern-property", "patternProperties", OBJECT, {"^x-": TEXT}),
    demand("property-names", "propertyNames", OBJECT, {"maxLength": 5}),
    demand("unevaluated-items", "unevaluatedItems", LIST, False),
    demand("unevaluated-properties", "unevaluatedProperties", OBJECT, False),
    Row(
        "other fields required together",
        {**OBJECT, "dependentRequired": {"a": ["b"]}},
        {**OBJECT, "dependentRequired": {"a": ["c"]}},
        "dependent-required-changed B | B",
        "dependent-required-changed B | B",
    ),
    Row(
        "another condition",
        {**OBJECT, "if": {"required": ["a"]}},
        {**OBJECT, "if": {"required": ["b"]}},
        "condition-changed B | B",
        "condition-changed B | B",
    ),
    Row(
        "a schema for unevaluated fields",
        {**OBJECT, "unevaluatedProperties": False},
        {**OBJECT, "unevaluatedProperties": TEXT},
        "unevaluated-properties-changed W | W",
        "unevaluated-properties-changed W | W",
    ),
    Row(
        "a schema for unevaluated items",
        {**LIST, "unevaluatedItems": False},
        {**LIST, "unevaluatedItems": TEXT},
        "unevaluated-items-changed W | W",
        "unevaluated-items-changed W | W",
    ),
    Row(
        "no other fields",
        OBJECT,
        {**OBJECT, "additionalProperties": False},
        "additional-properties-closed B | C",
        "additional-properties-opened C | W",
    ),
    Row(
        "a schema for other fields",
        OBJECT,
        {**OBJECT, "additionalProperties": TEXT},
        "additional-properties-schema-added B | C",
        "additional-properties-schema-removed C | B",
    ),
    Row(
        "a keyword nobody knows",
        {**TEXT, "strange": 1},
        {**TEXT, "strange": 2},
        "keyword-changed W | W",
        "keyword-changed W | W",
    ),
    # Alternatives
    Row(
        "one more alternative, any of",
        {"anyOf": [TEXT, WHOLE]},
        {"anyOf": [TEXT, WHOLE, {"type": "boolean"}]},
        "any-of-added C | B",
        "any-of-removed B | C",
    ),
    Row(
        "one more alternative, one of",
        {"oneOf": [CAT, WHOLE]},
        {"oneOf": [CAT, WHOLE, {"type": "boolean"}]},
        "one-of-added C | B",
        "one-of-removed B | C",
    ),
    Row(
        "alternatives in place of one",
        TEXT,
        {"anyOf": [TEXT, OBJECT]},
        "type-generalized C | B",
        "type-changed B | type-specialized C",
    ),
    Row(
        "alternatives that exclude one another in place of one",
        CAT,
        TAGGED,
        "type-generalized C | B",
        "type-changed B | type-specialized C",
        dict.fromkeys(
            ("request-body", "client-message-payload"),
            ("wrapped-in-one-of B", "type-changed B"),
        )
        | dict.fromkeys(
            ("response-body", "server-message-payload"),
            ("wrapped-in-one-of B", "type-specialized C"),
        ),
    ),
    Row(
        "alternatives without the one there was",
        {"type": "boolean"},
        {"anyOf": [TEXT, OBJECT]},
        "type-changed B | B",
        "type-changed B | B",
    ),
    Row(
        "any of becomes one of",
        {"anyOf": [TEXT, OBJECT]},
        {"oneOf": [TEXT, OBJECT]},
        "any-of-became-one-of W | C",
        "one-of-became-any-of C | C",
    ),
    Row(
        "one more schema to match",
        {"allOf": [CAT, {"required": ["a"]}]},
        {"allOf": [CAT, {"required": ["a"]}, {"required": ["b"]}]},
        "all-of-added B | C",
        "all-of-removed W | C",
    ),
    Row(
        "one more schema of prose",
        {"allOf": [CAT, {"required": ["a"]}]},
        {"allOf": [CAT, {"required": ["a"]}, {"title": "new"}]},
        "all-of-added-annotation-only C | C",
        "all-of-removed-annotation-only C | C",
    ),
    Row(
        "one more typed schema to match",
        {"allOf": [CAT, OBJECT]},
        {"allOf": [CAT, OBJECT, DOG]},
        "all-of-added B | C",
        "all-of-removed W | C",
    ),
    Row(
        "one more leading item",
        {"type": "array", "prefixItems": [TEXT]},
        {"type": "array", "prefixItems": [TEXT, WHOLE]},
        "prefix-items-added C | B",
        "prefix-items-removed B | C",
    ),
    # What tells alternatives apart
    Row(
        "a discriminator",
        TAGGED,
        {**TAGGED, "discriminator": {"propertyName": "kind"}},
        "discriminator-added C | C",
        "discriminator-removed C | C",
    ),
    Row(
        "another discriminator",
        {**TAGGED, "discriminator": {"propertyName": "kind"}},
        {**TAGGED, "discriminator": {"propertyName": "species"}},
        "discriminator-property-name-changed C | C",
        "discriminator-property-name-changed C | C",
    ),
    Row(
        "one more tag",
        {**TAGGED, "discriminator": {"propertyName": "kind"}},
        {**TAGGED, "discriminator": {"propertyName": "kind", "mapping": {"c": "cat"}}},
        "discriminator-mapping-added C | C",
        "discriminator-mapping-deleted C | C",
    ),
    Row(
        "a tag for another",
        {**TAGGED, "discriminator": {"propertyName": "kind", "mapping": {"c": "cat"}}},
        {**TAGGED, "discriminator": {"propertyName": "kind", "mapping": {"c": "dog"}}},
        "discriminator-mapping-changed C | C",
        "discriminator-mapping-changed C | C",
    ),
    # Order
    Row(
        "the same values in another order",
        {**TEXT, "enum": ["a", "b"]},
        {**TEXT, "enum": ["b", "a"]},
        "=docs",
        "=docs",
    ),
    Row(
        "the same alternatives in another order",
        {"anyOf": [TEXT, WHOLE]},
        {"anyOf": [WHOLE, TEXT]},
        "=docs",
        "=docs",
    ),
    Row("another description", TEXT, {**TEXT, "description": "new"}, "=docs", "=docs"),
    Row("an extension", TEXT, {**TEXT, "x-color": "red"}, "=docs", "=docs"),
]
