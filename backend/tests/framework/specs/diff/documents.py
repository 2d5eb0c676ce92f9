"""Small documents to compare: one schema, put where schemas stand."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


def openapi(operation: Json | None = None, **others: Any) -> Json:
    """A document of one operation, `POST /orders`."""
    paths = {"/orders": {"post": operation}} if operation is not None else {}
    head = {"openapi": "3.1.0", "info": {"title": "shop", "version": "v1"}}
    return copy.deepcopy({**head, "paths": paths, **others})


def json_content(schema: Any) -> Json:
    """A body of JSON with a schema."""
    return {"content": {"application/json": {"schema": schema}}}


def an_operation(**words: Any) -> Json:
    """An operation that answers 200 and nothing else, with these words."""
    return {"responses": {"200": {"description": "OK"}}, **words}


def in_request(schema: Any) -> Json:
    return openapi(an_operation(requestBody=json_content(schema)))


def in_response(schema: Any) -> Json:
    answer = {"description": "OK", **json_content(schema)}
    return openapi({"responses": {"200": answer}})


def in_parameter(schema: Any) -> Json:
    parameter = {"name": "limit", "in": "query", "schema": schema}
    return openapi(an_operation(parameters=[parameter]))


def in_header_parameter(schema: Any) -> Json:
    parameter = {"name": "X-Trace", "in": "header", "schema": schema}
    return openapi(an_operation(parameters=[parameter]))


def in_response_header(schema: Any) -> Json:
    answer = {"description": "OK", "headers": {"X-Trace": {"schema": schema}}}
    return openapi({"responses": {"200": answer}})


def asyncapi(**others: Any) -> Json:
    """A document of one channel with a request, its reply, and an update."""

    def ref(name: str) -> Json:
        return {"$ref": f"#/channels/ws/messages/{name}"}

    channel = {"$ref": "#/channels/ws"}
    names = ("subscribe", "subscribed", "update")
    document = {
        "asyncapi": "3.0.0",
        "info": {"title": "quotes", "version": "v1"},
        "channels": {
            "ws": {
                "address": "/api/v1/quotes/ws",
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"} for name in names
                },
            }
        },
        "operations": {
            "subscribe": {
                "action": "receive",
                "channel": channel,
                "messages": [ref("subscribe")],
                "reply": {"channel": channel, "messages": [ref("subscribed")]},
            },
            "update": {
                "action": "send",
                "channel": channel,
                "messages": [ref("update")],
            },
        },
        "components": {
            "messages": {
                name: {"name": f"quotes.{name}", "payload": {"type": "object"}}
                for name in names
            }
        },
    }
    return copy.deepcopy({**document, **others})


def in_message(name: str, schema: Any, *, word: str = "payload") -> Json:
    """The document with a schema as one message's payload, or its headers."""
    document = asyncapi()
    document["components"]["messages"][name][word] = copy.deepcopy(schema)
    return document


def as_field(schema: Any) -> Json:
    """An object with the schema as that of its only field."""
    return {"type": "object", "properties": {"x": schema}}


@dataclass(frozen=True)
class Place:
    """Where a schema can stand.

    Attributes:
        start: how ids of rules about the schema begin.
        below: how ids of rules about what is inside it begin.
        is_sent: clients write it.
        direction: what a change there says of its direction.
        document: puts a schema there.
    """

    name: str
    start: str
    below: str
    is_sent: bool
    direction: str
    document: Callable[[Any], Json]


def _sent(name: str, start: str, below: str, document: Callable[[Any], Json]) -> Place:
    return Place(name, start, below, True, "request", document)


def _read(name: str, start: str, below: str, document: Callable[[Any], Json]) -> Place:
    return Place(name, start, below, False, "response", document)


REST_PLACES = (
    _sent("body", "request-body", "request-property", in_request),
    _sent(
        "field of a body",
        "request-property",
        "request-property",
        lambda schema: in_request(as_field(schema)),
    ),
    _sent("parameter", "request-parameter", "request-parameter-property", in_parameter),
    _read("answer", "response-body", "response-property", in_response),
    _read(
        "field of an answer",
        "response-property",
        "response-property",
        lambda schema: in_response(as_field(schema)),
    ),
)

SOCKET_PLACES = (
    Place(
        "payload sent",
        "client-message-payload",
        "client-message-property",
        True,
        "client-to-server",
        lambda schema: in_message("subscribe", schema),
    ),
    Place(
        "field sent",
        "client-message-property",
        "client-message-property",
        True,
        "client-to-server",
        lambda schema: in_message("subscribe", as_field(schema)),
    ),
    Place(
        "payload of a reply",
        "server-message-payload",
        "server-message-property",
        False,
        "server-to-client",
        lambda schema: in_message("subscribed", schema),
    ),
    Place(
        "field of an update",
        "server-message-property",
        "server-message-property",
        False,
        "server-to-client",
        lambda schema: in_message("update", as_field(schema)),
    ),
)
