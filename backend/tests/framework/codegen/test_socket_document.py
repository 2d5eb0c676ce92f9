"""What the generators of socket clients read in an AsyncAPI document."""

from __future__ import annotations

from typing import Any

import pytest

from modular_api.codegen.errors import UnknownOperation
from modular_api.codegen.socket_document import (
    answer_of,
    first_message,
    message_of,
    router_of,
)


def message(type_: str, *required: str, **fields: Any) -> dict[str, Any]:
    properties = {"type": {"const": type_}, **fields}
    return {"payload": {"properties": properties, "required": ["type", *required]}}


def operation(kind: str, *keys: str, **more: Any) -> dict[str, Any]:
    return {"x-kind": kind, "messages": references(*keys), **more}


def references(*keys: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/market/messages/{key}"} for key in keys]


TYPES = ("bars.subscribe", "bars.update", "error", "error-send", "place", "placed")
DOCUMENT: dict[str, Any] = {
    "channels": {
        "market": {
            "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in TYPES}
        }
    },
    "operations": {
        "bars.subscribe": operation("subscribe", "bars.subscribe"),
        "bars.update": operation("update", "bars.update", **{"x-policy": "conflate"}),
        "error": operation("error", "error"),
        "place": operation(
            "request", "place", reply={"messages": references("error", "error-send")}
        ),
        "tell": operation("request", "place", reply={"messages": references("error")}),
    },
    "components": {
        "messages": {
            **{key: message(key) for key in TYPES},
            "bars.subscribe": message("bars.subscribe", "payload", payload={}),
            "bars.update": message("bars.update", payload={"type": "number"}),
            "error-send": message("error"),
        }
    },
}


def test_a_message_is_found_by_way_of_the_channel() -> None:
    """Its key is that of the component."""
    [reference] = references("bars.update")
    update = message_of(DOCUMENT, reference["$ref"])
    assert (update.key, update.type) == ("bars.update", "bars.update")
    assert update.payload == {"type": "number"}
    assert not update.needs_payload


def test_references_in_a_circle_lead_nowhere() -> None:
    """They are refused, not followed for ever."""
    document = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}
    with pytest.raises(KeyError, match="#/a"):
        message_of(document, "#/a")


def test_the_answer_is_no_error() -> None:
    """Whatever their types: an author may have a reply that is called `error`."""
    answer = answer_of(DOCUMENT, DOCUMENT["operations"]["place"])
    assert answer is not None and answer.key == "error-send"
    assert answer_of(DOCUMENT, DOCUMENT["operations"]["tell"]) is None


def test_a_subscription_finds_what_belongs_to_it() -> None:
    """By the names of the messages; another router's are not among it."""
    subscribe = first_message(DOCUMENT, "x", operation("subscribe", "bars.subscribe"))
    router = router_of(DOCUMENT, subscribe)
    assert router.name == "bars"
    assert router.messages.keys() == {"update"}
    assert router.conflates


def test_an_operation_begins_with_one_message() -> None:
    """A choice of several would be several methods."""
    several = operation("request", "place", "placed")
    with pytest.raises(UnknownOperation, match="'x': it has 2 messages, not one"):
        first_message(DOCUMENT, "x", several)
