"""What changed between two documents, in words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from modular_api.specs.differences import describe_differences

BASE: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "shop", "version": "v1"},
    "paths": {
        "/orders": {
            "post": {
                "operationId": "place",
                "summary": "Place",
                "parameters": [
                    {"in": "query", "name": "dry", "schema": {"type": "boolean"}}
                ],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Order"}
                        }
                    }
                },
                "responses": {
                    "201": {
                        "description": "Placed",
                        "headers": {"X-Cost": {"schema": {"type": "string"}}},
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/Order"},
                                }
                            }
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["qty"],
                "properties": {
                    "qty": {"type": "integer", "minimum": 1},
                    "side": {"enum": ["buy", "sell"], "type": "string"},
                    "price": {
                        "anyOf": [
                            {"type": "string", "format": "decimal"},
                            {"type": "null"},
                        ]
                    },
                },
            }
        },
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    },
}

ORDERS = BASE["paths"]["/orders"]
OP = ("paths", "/orders", "post")
FIELDS = ("components", "schemas", "Order", "properties")
REMOVED = object()


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Copy BASE with one place set, or removed."""
    document = copy.deepcopy(BASE)
    node: Any = document
    for step in path[:-1]:
        node = node[step]
    if value is REMOVED:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return document


PLACE = "operation POST /orders"
JSON_201 = (*OP, "responses", "201", "content", "application/json", "schema")
PARAMETER = (*OP, "parameters", 0)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            ("paths", "/items"),
            {"get": {"operationId": "items"}},
            "operation GET /items added",
        ),
        (OP, REMOVED, f"{PLACE} removed"),
        (
            (*OP, "operationId"),
            "put",
            f'{PLACE}: operationId changed from "place" to "put"',
        ),
        ((*OP, "deprecated"), True, f"{PLACE}: deprecated true added"),
        ((*OP, "summary"), REMOVED, f'{PLACE}: summary "Place" removed'),
        ((*OP, "parameters"), [], f"{PLACE}: query parameter 'dry' removed"),
        (
            (*PARAMETER, "required"),
            True,
            f"{PLACE}: query parameter 'dry' became required",
        ),
        (
            (*PARAMETER, "schema"),
            {"type": "integer"},
            f"{PLACE}: query parameter 'dry': type changed from boolean to integer",
        ),
        ((*OP, "requestBody"), REMOVED, f"{PLACE}: request body removed"),
        (
            (*OP, "requestBody", "required"),
            True,
            f"{PLACE}: request body became required",
        ),
        (
            (*OP, "requestBody", "content", "text/csv"),
            {},
            f"{PLACE}: request body, text/csv added",
        ),
        (
            (*OP, "responses", "404"),
            {"description": ""},
            f"{PLACE}: response 404 added",
        ),
        (
            (*OP, "responses", "201", "headers"),
            {},
            f"{PLACE}: response 201, X-Cost removed",
        ),
        (
            JSON_201,
            {"$ref": "#/components/schemas/Order"},
            f"{PLACE}: response 201, application/json: "
            "type changed from list of Order to Order",
        ),
        (
            (*FIELDS, "note"),
            {"type": "string"},
            "component Order: optional field 'note' added, string",
        ),
        ((*FIELDS, "side"), REMOVED, "component Order: field 'side' removed"),
        (
            ("components", "schemas", "Order", "required"),
            ["qty", "side"],
            "component Order: field 'side' became required",
        ),
        (
            ("components", "schemas", "Order", "required"),
            [],
            "component Order: field 'qty' became optional",
        ),
        (
            (*FIELDS, "qty", "type"),
            "number",
            "component Order: field 'qty': type changed from integer to number",
        ),
        (
            (*FIELDS, "qty", "minimum"),
            2,
            "component Order: field 'qty': minimum changed from 1 to 2",
        ),
        (
            (*FIELDS, "side", "enum"),
            ["buy"],
            "component Order: field 'side': value \"sell\" removed",
        ),
        (
            (*FIELDS, "side", "enum"),
            ["sell", "buy"],
            'component Order: field \'side\' changed from {"enum":["buy","sell"],'
            '"type":"string"} to {"enum":["sell","buy"],"type":"string"}',
        ),
        (
            (*FIELDS, "price"),
            {"type": "string", "format": "decimal"},
            "component Order: field 'price': "
            "type changed from string (decimal) or null to string (decimal)",
        ),
        (
            (*FIELDS, "price", "anyOf", 0, "minLength"),
            1,
            "component Order: field 'price': as string (decimal): minLength 1 added",
        ),
        (
            (*JSON_201, "items", "title"),
            "O",
            f'{PLACE}: response 201, application/json: each item: title "O" added',
        ),
        (("components", "schemas", "Fill"), {}, "component Fill added"),
        (("components", "schemas", "Order"), REMOVED, "component Order removed"),
        (
            ("components", "securitySchemes", "key", "scheme"),
            "basic",
            'component securitySchemes/key: scheme changed from "bearer" to "basic"',
        ),
        (("openapi",), "3.1.1", 'document: openapi changed from "3.1.0" to "3.1.1"'),
    ],
)
def test_a_change_is_one_sentence(path: Any, value: Any, sentence: str) -> None:
    """It names the operation or component, the place in it, and from what to what."""
    assert describe_differences(BASE, changed(path, value)) == [sentence]


def test_a_new_required_field_says_so() -> None:
    """That is what breaks callers."""
    document = changed(("components", "schemas", "Order", "required"), ["note", "qty"])
    document["components"]["schemas"]["Order"]["properties"]["note"] = {
        "anyOf": [{"type": "string"}, {"type": "null"}]
    }
    assert describe_differences(BASE, document) == [
        "component Order: required field 'note' added, string or null"
    ]


def test_operations_come_before_components() -> None:
    """Each group in the order of its names."""
    new = changed(("components", "schemas", "A"), {})
    new["paths"] |= {"/b": {"put": {}, "get": {}}, "/a": {"get": {}}}
    assert describe_differences(BASE, new) == [
        "operation GET /a added",
        "operation GET /b added",
        "operation PUT /b added",
        "component A added",
    ]


def test_long_values_are_cut() -> None:
    """A log line stays a line."""
    (sentence,) = describe_differences(BASE, changed((*OP, "summary"), "x" * 500))
    assert len(sentence) < 200 and sentence.endswith("…")


LISTS = [
    (*OP, "parameters"),
    ("paths", "/orders", "parameters"),
    ("components", "schemas", "Order", "required"),
    (*FIELDS, "price", "anyOf"),
    (*FIELDS, "side", "enum"),
]
OBJECTS = [
    OP,
    PARAMETER,
    (*OP, "responses", "201"),
    (*OP, "responses", "201", "content"),
    JSON_201,
    (*JSON_201, "items"),
    ("paths", "/other"),
    ("components", "other"),
    ("components", "schemas", "Order"),
    (*FIELDS, "qty"),
]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *((path, []) for path in LISTS),
        *((path, {}) for path in OBJECTS),
        ((*PARAMETER, "required"), False),
    ],
)
def test_no_difference_is_too_small_for_a_sentence(path: Any, value: Any) -> None:
    """Not even something empty where there was nothing."""
    new = changed(path, value)
    assert describe_differences(BASE, new) and describe_differences(new, BASE)


def test_equal_documents_have_no_differences() -> None:
    """The log stays silent."""
    assert describe_differences(BASE, copy.deepcopy(BASE)) == []
