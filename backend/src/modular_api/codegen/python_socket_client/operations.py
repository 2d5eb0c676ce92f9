"""What a client can do on a socket, read from its AsyncAPI document.

The document speaks from the server's side; here everything is turned round.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from modular_api.codegen.python_client.document import resolve
from modular_api.codegen.python_client.errors import Finding
from modular_api.types import Document

Kind: TypeAlias = Literal["follow", "ask", "tell", "listen"]

_KINDS: dict[str, Kind] = {
    "subscribe": "follow",
    "request": "ask",
    "one_way": "tell",
    "event": "listen",
}
_OF_THE_RUNTIME = frozenset({"auth", "error", "gap", "ping", "unsubscribe", "update"})
"""Kinds without a method of their own: the runtime speaks them, or a follow does."""

_RESERVED = frozenset(
    {"aclose", "address", "api_version", "module_name", "open", "state"}
)
"""Attributes of a socket that an operation cannot be named after."""


@dataclass(frozen=True)
class Message:
    """A message, as far as its payload goes.

    Attributes:
        key: of the document.
        type: in the envelope.
        payload: its schema; None for a message without one.
        is_optional: whether the payload may be null, or left out.
    """

    key: str
    type: str
    payload: dict[str, Any] | None
    is_optional: bool


@dataclass(frozen=True)
class SocketOperation:
    """One method of a socket client.

    Attributes:
        key: of the operation in the document.
        name: of the method.
        sent: what the client begins with; None where the server does.
        received: an update, an answer, or an event; None where there is no answer.
        words: summary, a blank line, description; either may be missing.
    """

    key: str
    kind: Kind
    name: str
    sent: Message | None
    received: Message | None
    words: str
    unsubscribe: str = ""
    gap: str = ""
    conflates: bool = False


def socket_operations(document: Document) -> list[SocketOperation]:
    """Return the operations by name; each name once."""
    errors = {
        reference["$ref"]
        for operation in document["operations"].values()
        if operation.get("x-kind") == "error"
        for reference in operation["messages"]
    }
    found = [
        _operation(document, key, operation, errors)
        for key, operation in sorted(document["operations"].items())
        if operation.get("x-kind") in _KINDS
    ]
    return sorted(_named_apart(found), key=lambda operation: operation.name)


def lost_operations(
    document: Document, operations: Iterable[SocketOperation]
) -> Iterator[Finding]:
    """Yield what a client would not have: kinds nobody knows, names used twice."""
    for key, operation in document["operations"].items():
        kind = operation.get("x-kind")
        if kind not in _KINDS and kind not in _OF_THE_RUNTIME:
            yield Finding(f"operation {key}", f"the kind {kind!r} is not in the client")
    owners: dict[str, list[str]] = {}
    for each in operations:
        owners.setdefault(each.name.casefold(), []).append(f"operation {each.key}")
    for name, keys in owners.items():
        if len(keys) > 1:
            yield Finding(" and ".join(keys), f"would both be the method '{name}'")


def _operation(
    document: Document, key: str, operation: dict[str, Any], errors: set[str]
) -> SocketOperation:
    kind = _KINDS[operation["x-kind"]]
    first = _message(document, operation["messages"][0]["$ref"])
    words = "\n\n".join(
        operation[word] for word in ("summary", "description") if word in operation
    )
    if kind == "listen":
        name = method_name(first.type)
        return SocketOperation(key, kind, name, None, first, words)
    if kind == "follow":
        return _follow(document, key, first, words)
    replies = [
        _message(document, reference["$ref"])
        for reference in operation.get("reply", {}).get("messages", ())
        if reference["$ref"] not in errors
    ]
    reply = replies[0] if replies and kind == "ask" else None
    return SocketOperation(key, kind, method_name(first.type), first, reply, words)


def _follow(
    document: Document, key: str, subscribe: Message, words: str
) -> SocketOperation:
    router = subscribe.type.removesuffix(".subscribe")
    wanted = f"{router}.update"
    for operation in document["operations"].values():
        update = _message(document, operation["messages"][0]["$ref"])
        if operation.get("x-kind") == "update" and update.type == wanted:
            return SocketOperation(
                key,
                "follow",
                method_name(router),
                subscribe,
                update,
                words,
                unsubscribe=f"{router}.unsubscribe",
                gap=f"{router}.gap",
                conflates=operation.get("x-policy") == "conflate",
            )
    raise KeyError(f"{key}: there is no operation that sends '{wanted}'")


def _message(document: Document, reference: str) -> Message:
    message = resolve(document, reference)
    while "$ref" in message:
        reference = message["$ref"]
        message = resolve(document, reference)
    frame = message["payload"]
    return Message(
        key=reference.rpartition("/")[2],
        type=frame["properties"]["type"]["const"],
        payload=frame["properties"].get("payload"),
        is_optional="payload" not in frame["required"],
    )


def _named_apart(found: list[SocketOperation]) -> Iterator[SocketOperation]:
    """Call an event by another name where the client sends something of the same."""
    taken = {each.name for each in found if each.kind != "listen"}
    for each in found:
        clashes = each.kind == "listen" and each.name in taken
        yield replace(each, name=f"{each.name}_events") if clashes else each


def method_name(type_: str) -> str:
    """Return the method's name for a type of message, `alerts.price`."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", type_).lstrip("_") or "operation"
    if name[0].isdigit():
        name = f"operation_{name}"
    is_taken = keyword.iskeyword(name) or name in _RESERVED
    return f"{name}_" if is_taken else name
