"""The items of a stream are promised as the fields of any other answer."""

from __future__ import annotations

from typing import Any

from modular_api.specs.diff import compare


def document(item: dict[str, Any]) -> dict[str, Any]:
    """Describe one operation that streams items."""
    media = {"application/jsonl": {"x-itemSchema": {"$ref": "#/components/schemas/I"}}}
    answer = {"description": "Items.", "content": media}
    operation = {"operationId": "watch", "responses": {"200": answer}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "v1"},
        "paths": {"/items": {"get": operation}},
        "components": {"schemas": {"I": item}},
    }


def test_a_field_removed_from_a_streams_item_breaks() -> None:
    """As it would in a single answer, and at the operation that streams it."""
    fields = {"name": {"type": "string"}, "price": {"type": "string"}}
    old = {"type": "object", "properties": fields, "required": ["name", "price"]}
    new = {
        "type": "object",
        "properties": {"name": fields["name"]},
        "required": ["name"],
    }
    [change] = compare(document(old), document(new))
    assert change.rule == "response-required-property-removed"
    assert change.level.value == "breaking"
    assert "x-itemSchema" in change.place


def test_an_unchanged_stream_is_no_change() -> None:
    """Nothing is told of what is equal."""
    item = {"type": "object", "properties": {"name": {"type": "string"}}}
    assert compare(document(item), document(item)) == []
