"""What a client does on a socket, read from its AsyncAPI document.

The document describes the server's side: what it receives is what a client sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modular_api.codegen.errors import UnknownOperation
from modular_api.codegen.socket_document import (
    METHOD_KINDS,
    ROUTER_KINDS,
    RUNTIME_KINDS,
    Message,
    answer_of,
    first_message,
    messages_of,
    router_of,
)
from modular_api.types import Document


@dataclass(frozen=True)
class Call:
    """One method of a client.

    Attributes:
        kind: `subscribe`, `request`, `one_way` or `event`, as the document calls it.
        name: of the operation, or of the router it belongs to: `bars`.
        message: what is sent; for an event, what is received.
        answer: the update of a subscription, or the reply; None if there is none.
        siblings: for a subscription, the types of its other messages by kind:
            `unsubscribe`, `update`, `gap`.
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
    """Read the only channel of a document.

    Raises: UnknownOperation
    """
    operations: Mapping[str, Any] = document.get("operations", {})
    [channel] = document["channels"].values()
    sent: dict[str, Message] = {}
    received: dict[str, Message] = {}
    for operation in operations.values():
        of_client = operation["action"] == "receive"
        for message in messages_of(document, operation.get("messages", ())):
            (sent if of_client else received)[message.key] = message
        replies = operation.get("reply", {}).get("messages", ())
        for message in messages_of(document, replies):
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
    """Return the method for an operation; None if the runtime handles it."""
    kind = operation.get("x-kind")
    if kind in RUNTIME_KINDS:
        return None
    if kind not in METHOD_KINDS:
        raise UnknownOperation(key, f"its x-kind is {kind!r}")
    message = first_message(document, key, operation)
    if kind == "subscribe":
        return _subscription(document, key, message)
    answer = answer_of(document, operation) if kind == "request" else None
    return Call(kind, message.type, message, answer)


def _subscription(document: Document, key: str, message: Message) -> Call:
    router = router_of(document, message)
    if missing := ROUTER_KINDS - router.messages.keys():
        raise UnknownOperation(key, f"there is no {router.name}.{min(missing)}")
    return Call(
        "subscribe",
        router.name,
        message,
        answer=router.messages["update"],
        siblings={kind: other.type for kind, other in router.messages.items()},
        conflates=router.conflates,
    )
