"""The AsyncAPI document of a socket, read alike for clients of every language.

It is written from the server's side: what the server receives is what a client sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modular_api.codegen.errors import UnknownOperation
from modular_api.codegen.references import resolve
from modular_api.types import Document

METHOD_KINDS = frozenset({"event", "one_way", "request", "subscribe"})
"""Kinds of operations for which a client has a method."""

RUNTIME_KINDS = frozenset({"auth", "error", "gap", "ping", "unsubscribe", "update"})
"""Kinds without a method, which the runtime sends and receives by itself."""

ROUTER_KINDS = frozenset({"gap", "unsubscribe", "update"})
"""Kinds that belong to a subscription, as `bars.gap` belongs to `bars.subscribe`."""


@dataclass(frozen=True)
class Message:
    """One type of message.

    Attributes:
        key: its name among the components of the document.
        type: in the envelope.
        schema: of the whole message.
    """

    key: str
    type: str
    schema: Mapping[str, Any]
    summary: str = ""
    description: str = ""

    @property
    def payload(self) -> Any:
        """The schema of its payload; None if it has none."""
        return self.schema["properties"].get("payload")

    @property
    def needs_payload(self) -> bool:
        """Whether the payload is required; otherwise it may be null or left out."""
        return "payload" in self.schema.get("required", ())


@dataclass(frozen=True)
class Router:
    """What belongs to one subscription.

    Attributes:
        name: `bars`.
        messages: by kind, those of ROUTER_KINDS that the document has.
        conflates: whether newer updates replace older ones of their key.
    """

    name: str
    messages: Mapping[str, Message]
    conflates: bool


def message_of(document: Document, reference: str) -> Message:
    """Return the message that a reference points to, directly or through the channel.

    Raises: KeyError: it points to nothing, or to itself in a circle.
    """
    seen = {reference}
    described = resolve(document, reference)
    while "$ref" in described:
        reference = described["$ref"]
        if reference in seen:
            raise KeyError(reference)
        seen.add(reference)
        described = resolve(document, reference)
    schema = described["payload"]
    return Message(
        key=reference.rpartition("/")[2],
        type=schema["properties"]["type"]["const"],
        schema=schema,
        summary=described.get("summary", ""),
        description=described.get("description", ""),
    )


def messages_of(
    document: Document, references: Iterable[Mapping[str, str]]
) -> list[Message]:
    """Return the messages of an operation, or of its reply."""
    return [message_of(document, reference["$ref"]) for reference in references]


def first_message(
    document: Document, key: str, operation: Mapping[str, Any]
) -> Message:
    """Return the message that an operation begins with.

    Raises: UnknownOperation: it begins with several messages, or with none.
    """
    messages = messages_of(document, operation.get("messages", ()))
    if len(messages) != 1:
        raise UnknownOperation(key, f"it has {len(messages)} messages, not one")
    return messages[0]


def answer_of(document: Document, operation: Mapping[str, Any]) -> Message | None:
    """Return the reply to an operation, not counting errors; None if there is none."""
    errors = {
        message.key
        for other in document["operations"].values()
        if other.get("x-kind") == "error"
        for message in messages_of(document, other["messages"])
    }
    replies = messages_of(document, operation.get("reply", {}).get("messages", ()))
    return next((reply for reply in replies if reply.key not in errors), None)


def router_of(document: Document, subscribe: Message) -> Router:
    """Return what belongs to the subscription that begins with a message."""
    name = subscribe.type.removesuffix(".subscribe")
    messages: dict[str, Message] = {}
    conflates = False
    for key, operation in document["operations"].items():
        kind = operation.get("x-kind")
        if kind not in ROUTER_KINDS:
            continue
        message = first_message(document, key, operation)
        if message.type == f"{name}.{kind}":
            messages[kind] = message
            if kind == "update":
                conflates = operation.get("x-policy") == "conflate"
    return Router(name, messages, conflates)
