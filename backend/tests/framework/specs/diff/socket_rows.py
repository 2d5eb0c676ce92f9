"""Changes of socket operations, channels, messages and replies, in both orders."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.framework.specs.diff.documents import asyncapi
from tests.framework.specs.diff.operation_rows import OperationRow

Json = dict[str, Any]
Edit = Callable[[Json], object]

TEXT: Json = {"type": "string"}
SUNSET = {"x-deprecated": True, "x-sunset": "2030-06-01"}
PAST = {"x-deprecated": True, "x-sunset": "2029-06-01"}
HEADERS = {"type": "object", "properties": {"trace": TEXT}}


def nothing(_: Json) -> None:
    """Leave the document as it is."""


def row(
    name: str, new: Edit, forth: str, back: str, old: Edit = nothing
) -> OperationRow:
    """A row of two documents, each an edit of the same one."""
    before, after = asyncapi(), asyncapi()
    old(before)
    new(after)
    return OperationRow(name, before, after, forth, back)


def operation(key: str = "subscribe", /, **words: Any) -> Edit:
    """Give an operation these words."""
    return lambda document: document["operations"][key].update(copy.deepcopy(words))


def message(key: str, /, **words: Any) -> Edit:
    """Give a message these words."""
    return lambda document: document["components"]["messages"][key].update(words)


def channel(**words: Any) -> Edit:
    """Give the channel these words."""
    return lambda document: document["channels"]["ws"].update(copy.deepcopy(words))


def servers(**words: Any) -> Edit:
    """Give the document a server."""
    server = {"host": "a.example", "protocol": "wss", **words}
    return lambda document: document.update(servers={"main": server})


def removed(name: str = "update") -> Edit:
    """Take an operation away."""
    return lambda document: document["operations"].pop(name)


def renamed(document: Json) -> None:
    document["operations"]["quote"] = document["operations"].pop("update")


def with_message(name: str, *, reply: bool = False) -> Edit:
    """Let an operation, or its reply, have one message more."""

    def edit(document: Json) -> None:
        document["channels"]["ws"]["messages"]["more"] = {"name": "quotes.more"}
        holder = document["operations"][name]
        holder = holder["reply"] if reply else holder
        holder["messages"].append({"$ref": "#/channels/ws/messages/more"})

    return edit


def without_reply(document: Json) -> None:
    del document["operations"]["subscribe"]["reply"]


def without_payload(name: str) -> Edit:
    return lambda document: document["components"]["messages"][name].pop("payload")


def secured(*names: str, scopes: tuple[str, ...] = ()) -> Edit:
    """Let the operation demand one of these credentials."""

    def edit(document: Json) -> None:
        schemes = {
            name: {"type": "oauth2", "flows": {}, "scopes": list(scopes)}
            for name in ("login", "key")
        }
        document["components"]["securitySchemes"] = schemes
        document["operations"]["subscribe"]["security"] = [
            {"$ref": f"#/components/securitySchemes/{name}"} for name in names
        ]

    return edit


def replying_at(location: str) -> Edit:
    def edit(document: Json) -> None:
        reply = document["operations"]["subscribe"]["reply"]
        reply["address"] = {"location": location}

    return edit


def with_channel(document: Json) -> None:
    document["channels"]["more"] = {"address": "/more"}


def parameter(**words: Any) -> Edit:
    return channel(parameters={"venue": words})


SOCKET_ROWS: list[OperationRow] = [
    # Operations
    row(
        "operation",
        nothing,
        "socket-operation-added C",
        "socket-operation-removed-without-deprecation B",
        removed(),
    ),
    row(
        "deprecated operation",
        removed(),
        "socket-operation-removed-with-deprecation C",
        "socket-operation-added C",
        operation("update", **{"x-deprecated": True}),
    ),
    row(
        "operation after its sunset",
        removed(),
        "socket-operation-removed-with-deprecation C",
        "socket-operation-added C",
        operation("update", **PAST),
    ),
    row(
        "operation before its sunset",
        removed(),
        "socket-operation-removed-before-sunset B",
        "socket-operation-added C",
        operation("update", **SUNSET),
    ),
    row(
        "another name",
        renamed,
        "socket-operation-renamed W",
        "socket-operation-renamed W",
    ),
    row(
        "another action",
        operation("update", action="receive"),
        "socket-operation-action-changed B",
        "socket-operation-action-changed B",
    ),
    row(
        "bindings",
        operation(bindings={"ws": {}}),
        "socket-operation-keyword-changed W",
        "socket-operation-keyword-changed W",
    ),
    row(
        "deprecation",
        operation(**{"x-deprecated": True}),
        "socket-operation-deprecated C",
        "socket-operation-reactivated C",
    ),
    row(
        "sunset",
        operation(**SUNSET),
        "socket-operation-deprecated-with-sunset C",
        "socket-operation-reactivated C",
    ),
    row(
        "sunset past",
        operation(**PAST),
        "socket-operation-sunset-date-too-small B",
        "socket-operation-reactivated C",
    ),
    row(
        "sunset no date",
        operation(**{**PAST, "x-sunset": "soon"}),
        "socket-operation-sunset-parse B",
        "socket-operation-reactivated C",
    ),
    row(
        "earlier sunset",
        operation(**{**SUNSET, "x-sunset": "2030-05-01"}),
        "socket-operation-sunset-date-changed-too-small B",
        "socket-operation-deprecated-with-sunset C",
        operation(**SUNSET),
    ),
    row(
        "sunset deleted",
        operation(**{"x-deprecated": True}),
        "socket-operation-sunset-deleted B",
        "socket-operation-deprecated-with-sunset C",
        operation(**SUNSET),
    ),
    row(
        "stability",
        operation(**{"x-stability": "beta"}),
        "socket-operation-stability-decreased B",
        "socket-operation-stability-increased C",
    ),
    row(
        "stability nobody knows",
        operation(**{"x-stability": "solid"}),
        "socket-operation-invalid-stability-level B",
        "socket-operation-stability-increased C",
    ),
    # Channels
    row(
        "address",
        channel(address="/api/v2/quotes/ws"),
        "socket-address-changed B",
        "socket-address-changed B",
    ),
    row("channel", with_channel, "socket-channel-added C", "socket-channel-removed B"),
    row(
        "channel's bindings",
        channel(bindings={"ws": {"query": {}}}),
        "socket-channel-keyword-changed W",
        "socket-channel-keyword-changed W",
    ),
    row(
        "address parameter",
        parameter(),
        "new-socket-parameter B",
        "socket-parameter-removed B",
    ),
    row(
        "value of an address parameter",
        parameter(enum=["a", "b"]),
        "socket-parameter-enum-value-added C",
        "socket-parameter-enum-value-removed B",
        parameter(enum=["a"]),
    ),
    row(
        "values of an address parameter",
        parameter(enum=["a"]),
        "socket-parameter-became-enum B",
        "socket-parameter-became-not-enum C",
        parameter(),
    ),
    row(
        "default of an address parameter",
        parameter(default="a"),
        "socket-parameter-default-value-changed W",
        "socket-parameter-default-value-changed W",
        parameter(),
    ),
    # Messages
    row(
        "message clients send",
        with_message("subscribe"),
        "client-message-added C",
        "client-message-removed B",
    ),
    row(
        "message servers send",
        with_message("update"),
        "server-message-added W",
        "server-message-removed B",
    ),
    row(
        "message of a reply",
        with_message("subscribe", reply=True),
        "server-message-added W",
        "server-message-removed B",
    ),
    row(
        "name on the wire",
        message("update", name="quotes.changed"),
        "server-message-added W, server-message-removed B",
        "server-message-added W, server-message-removed B",
    ),
    row(
        "content type sent",
        message("subscribe", contentType="text/plain"),
        "client-message-content-type-changed B",
        "client-message-content-type-changed B",
    ),
    row(
        "content type read",
        message("update", contentType="text/plain"),
        "server-message-content-type-changed B",
        "server-message-content-type-changed B",
    ),
    row(
        "default content type",
        message("update", contentType="application/json"),
        "",
        "",
    ),
    row(
        "correlation sent",
        message("subscribe", correlationId={"location": "$message.payload#/id"}),
        "client-message-correlation-changed B",
        "client-message-correlation-changed B",
    ),
    row(
        "correlation read",
        message("subscribed", correlationId={"location": "$message.payload#/id"}),
        "server-message-correlation-changed B",
        "server-message-correlation-changed B",
    ),
    row(
        "payload sent",
        nothing,
        "client-message-payload-added B",
        "client-message-payload-removed B",
        without_payload("subscribe"),
    ),
    row(
        "payload read",
        nothing,
        "server-message-payload-added C",
        "server-message-payload-removed B",
        without_payload("update"),
    ),
    row(
        "headers sent",
        message("subscribe", headers=HEADERS),
        "client-message-headers-added B",
        "client-message-headers-removed C",
    ),
    row(
        "headers read",
        message("update", headers=HEADERS),
        "server-message-headers-added C",
        "server-message-headers-removed B",
    ),
    row(
        "required header sent",
        message("subscribe", headers={**HEADERS, "required": ["trace"]}),
        "client-message-header-became-required B",
        "client-message-header-became-optional C",
        message("subscribe", headers=HEADERS),
    ),
    row(
        "required header read",
        message("update", headers={**HEADERS, "required": ["trace"]}),
        "server-message-header-became-required C",
        "server-message-header-became-optional B",
        message("update", headers=HEADERS),
    ),
    row(
        "bindings sent",
        message("subscribe", bindings={"ws": {}}),
        "client-message-keyword-changed W",
        "client-message-keyword-changed W",
    ),
    row(
        "bindings read",
        message("update", bindings={"ws": {}}),
        "server-message-keyword-changed W",
        "server-message-keyword-changed W",
    ),
    row(
        "a payload in another format",
        message(
            "update",
            payload={
                "schemaFormat": "application/schema+json",
                "schema": {"type": "object"},
            },
        ),
        "",
        "",
    ),
    # Replies
    row(
        "reply",
        nothing,
        "socket-reply-added C",
        "socket-reply-removed B",
        without_reply,
    ),
    row(
        "reply's address",
        replying_at("$message.header#/to"),
        "socket-reply-address-changed B",
        "socket-reply-address-changed B",
    ),
    # Security and servers
    row(
        "credentials",
        secured("login"),
        "socket-security-became-required B",
        "socket-security-removed C",
        secured(),
    ),
    row(
        "other credentials",
        secured("login", "key"),
        "socket-security-added C",
        "socket-security-alternative-removed B",
        secured("login"),
    ),
    row(
        "scope",
        secured("login", scopes=("read", "write")),
        "socket-security-scope-added W",
        "socket-security-scope-removed C",
        secured("login", scopes=("read",)),
    ),
    row("server", servers(), "socket-server-added C", "socket-server-removed B"),
    row(
        "server's host",
        servers(host="b.example"),
        "socket-server-moved B",
        "socket-server-moved B",
        servers(),
    ),
    row(
        "server's bindings",
        servers(bindings={"ws": {}}),
        "socket-server-keyword-changed W",
        "socket-server-keyword-changed W",
        servers(),
    ),
    # Prose
    row("prose", operation(summary="new"), "", ""),
]
"""Compared on 2030-01-01."""
