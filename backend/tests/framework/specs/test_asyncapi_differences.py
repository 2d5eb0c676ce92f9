"""What changed between two AsyncAPI documents, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from modular_api.specs.differences import describe_differences
from modular_api.ws.asyncapi import build_asyncapi_document
from modular_api.ws.operations import OperationKind
from tests.framework.ws.rich_socket import SPEC, receive, send


class Quote(BaseModel):
    price: str


class Request(BaseModel):
    symbol: str


def document(*operations: Any, **changes: Any) -> dict[str, Any]:
    return build_asyncapi_document(replace(SPEC, operations=operations, **changes))


ASKING = receive(
    "ask", OperationKind.REQUEST, Request, reply="told", reply_payload=Quote
)


def test_equal_documents_differ_in_nothing() -> None:
    """Not even one sentence."""
    assert describe_differences(document(ASKING), document(ASKING)) == []


def test_operations_and_messages_that_come_and_go_are_named() -> None:
    """By the types on the wire."""
    before, after = document(ASKING), document(send("news", OperationKind.EVENT, Quote))
    sentences = describe_differences(before, after)
    assert "operation ask removed" in sentences
    assert "operation news added" in sentences
    assert {"message ask removed", "message told removed", "message news added"} <= set(
        sentences
    )


def test_a_changed_field_is_told_as_in_openapi() -> None:
    """With its schema's name."""
    before = document(ASKING)

    class Request(BaseModel):
        symbol: int
        more: str

    changed = receive(
        "ask", OperationKind.REQUEST, Request, reply="told", reply_payload=Quote
    )
    sentences = describe_differences(before, document(changed))
    assert "component Request: required field 'more' added, string" in sentences
    assert (
        "component Request: field 'symbol': type changed from string to integer"
        in sentences
    )


def test_a_changed_envelope_is_told() -> None:
    """A member beside the payload is a field of the message."""
    before, after = document(ASKING), document(ASKING)
    del after["components"]["messages"]["ask"]["payload"]["properties"]["id"]
    assert describe_differences(before, after) == ["message ask: field 'id' removed"]


def test_another_policy_or_address_is_told() -> None:
    """What is no schema is told word for word."""
    before = document(send("news", OperationKind.EVENT, Quote, policy="conflate"))
    after = document(
        send("news", OperationKind.EVENT, Quote, policy="disconnect"), address="/ws"
    )
    sentences = describe_differences(before, after)
    assert (
        'operation news: x-policy changed from "conflate" to "disconnect"' in sentences
    )
    assert (
        'channel datafeed: address changed from "/api/v1/datafeed/ws" to "/ws"'
        in sentences
    )
