"""What a client does on a socket, read from its AsyncAPI document.

The document tells what the server does: what it receives is what a client sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modular_api.codegen.errors import CodegenError
from modular_api.types import Document

_SUBSCRIBE = ".subscribe"


class UnknownOperation(CodegenError):
    """The document holds an operation no client method can be made of."""

    def __init__(self, operation: str, why: str) -> None:
        self.operation = operation
        super().__init__(
            f"The socket operation '{operation}' has no TypeScript client: {why}."
        )


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
        """The schema of its payload; None where it has none."""
        return self.schema["properties"].get("payload")

    @property
    def needs_payload(self) -> bool:
        """Whether the payload must be there."""
        return "payload" in self.schema.get("required", ())


@dataclass(frozen=True)
class Call:
    """Something a client asks for.

    Attributes:
        kind: `subscribe`, `request`, `one_way` or `event`, as the document calls it.
        name: of the operation, or of the router it belongs to: `bars`.
        message: what is sent; for an event, what is received.
        answer: the update of a subscription, or the reply; None where there is none.
        siblings: of a subscription, the messages by kind: `unsubscribe`, `update`, `gap`.
        conflates: whether newer updates replace older ones of their key.
    """

    kind: str
    name: str
    message: Message
    answer: Message | None = None
    siblings: Mapping[str, str] | None = None
    conflates: bool = False


@dataclass(frozen=True)
class Socket:
    """A socket as a client sees it, everything in the order of the document.

    Attributes:
        answers_pings: whether it says that it lives, when asked.
    """

    address: str
    description: str
    calls: Sequence[Call]
    sent: Sequence[Message]
    received: Sequence[Message]
    answers_pings: bool


def read_socket(document: Document) -> Socket:
    """Read the one channel of a document.

    Raises: UnknownOperation
    """
    operations: Mapping[str, Any] = document.get("operations", {})
    [channel] = document["channels"].values()
    sent: dict[str, Message] = {}
    received: dict[str, Message] = {}
    for operation in operations.values():
        of_client = operation["action"] == "receive"
        for message in _messages(document, operation):
            (sent if of_client else received)[message.key] = message
        for message in _messages(document, operation.get("reply", {})):
            received[message.key] = message
    return Socket(
        address=channel["address"],
        description=document["info"].get("description", ""),
        calls=[
            call
            for key, operation in operations.items()
            if (call := _call(document, key, operation)) is not None
        ],
        sent=[*sent.values()],
        received=[*received.values()],
        answers_pings=any(each.get("x-kind") == "ping" for each in operations.values()),
    )


def _call(document: Document, key: str, operation: Mapping[str, Any]) -> Call | None:
    """Return what a client may do with an operation; None for what the runtime does."""
    kind = operation.get("x-kind")
    if kind in ("unsubscribe", "update", "gap", "auth", "ping", "error"):
        return None
    [message] = _messages(document, operation)
    if kind == "subscribe":
        return _subscription(document, key, message)
    if kind in ("one_way", "event"):
        return Call(kind, message.type, message)
    if kind == "request":
        replies = _messages(document, operation.get("reply", {}))
        answers = [reply for reply in replies if reply.type != "error"]
        return Call(kind, message.type, message, answers[0] if answers else None)
    raise UnknownOperation(key, f"its x-kind is {kind!r}")


def _subscription(document: Document, key: str, message: Message) -> Call:
    router = message.type.removesuffix(_SUBSCRIBE)
    siblings = {}
    update, conflates = None, False
    for operation in document["operations"].values():
        [other] = _messages(document, operation)
        kind = operation.get("x-kind")
        if other.type == f"{router}.{kind}":
            siblings[kind] = other.type
            if kind == "update":
                update = other
                conflates = operation.get("x-policy") == "conflate"
    if missing := {"unsubscribe", "update", "gap"} - siblings.keys():
        raise UnknownOperation(key, f"there is no {router}.{sorted(missing)[0]}")
    return Call("subscribe", router, message, update, siblings, conflates)


def _messages(document: Document, holder: Mapping[str, Any]) -> list[Message]:
    found = []
    for reference in holder.get("messages", ()):
        # An operation names a message of its channel, which names a component.
        key = reference["$ref"].rpartition("/")[2]
        described = document["components"]["messages"][key]
        found.append(
            Message(
                key,
                described["name"],
                described["payload"],
                described.get("summary", ""),
                described.get("description", ""),
            )
        )
    return found
