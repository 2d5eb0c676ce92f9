"""What a client can do on a socket, read from its AsyncAPI document.

The document describes the server's side; here it is turned into the client's.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from modular_api.codegen.errors import UnknownOperation
from modular_api.codegen.python_client.errors import Finding
from modular_api.codegen.socket_document import (
    METHOD_KINDS,
    RUNTIME_KINDS,
    Message,
    answer_of,
    first_message,
    router_of,
)
from modular_api.types import Document

Kind: TypeAlias = Literal["follow", "ask", "tell", "listen"]

_KINDS: dict[str, Kind] = {
    "subscribe": "follow",
    "request": "ask",
    "one_way": "tell",
    "event": "listen",
}
_RESERVED = frozenset(
    {"aclose", "address", "api_version", "module_name", "open", "state"}
)
"""Attributes of a socket that an operation cannot be named after."""


@dataclass(frozen=True)
class SocketOperation:
    """One method of a socket client.

    Attributes:
        key: of the operation in the document.
        name: of the method.
        sent: the client's first message; None if the server begins.
        received: an update, an answer, or an event; None if there is no answer.
        description: summary, blank line, description; either may be missing.
    """

    key: str
    kind: Kind
    name: str
    sent: Message | None
    received: Message | None
    description: str
    unsubscribe: str = ""
    gap: str = ""
    conflates: bool = False


def socket_operations(document: Document) -> list[SocketOperation]:
    """Return the operations, sorted by name.

    Raises: UnknownOperation: an operation of a known kind is incomplete.
    """
    found = [
        _operation(document, key, operation)
        for key, operation in sorted(document["operations"].items())
        if operation.get("x-kind") in _KINDS
    ]
    return sorted(_named_apart(found), key=lambda operation: operation.name)


def lost_operations(
    document: Document, operations: Iterable[SocketOperation]
) -> Iterator[Finding]:
    """Yield what a client would lose: unknown kinds, and names that are used twice."""
    for key, operation in document["operations"].items():
        kind = operation.get("x-kind")
        if kind not in METHOD_KINDS | RUNTIME_KINDS:
            yield Finding(f"operation {key}", f"the kind {kind!r} is not in the client")
    owners: dict[str, list[str]] = {}
    for each in operations:
        owners.setdefault(each.name.casefold(), []).append(f"operation {each.key}")
    for name, keys in owners.items():
        if len(keys) > 1:
            yield Finding(" and ".join(keys), f"would both be the method '{name}'")


def _operation(
    document: Document, key: str, operation: dict[str, Any]
) -> SocketOperation:
    kind = _KINDS[operation["x-kind"]]
    first = first_message(document, key, operation)
    description = "\n\n".join(
        operation[part] for part in ("summary", "description") if part in operation
    )
    if kind == "listen":
        name = method_name(first.type)
        return SocketOperation(key, kind, name, None, first, description)
    if kind == "follow":
        return _follow(document, key, first, description)
    reply = answer_of(document, operation) if kind == "ask" else None
    name = method_name(first.type)
    return SocketOperation(key, kind, name, first, reply, description)


def _follow(
    document: Document, key: str, subscribe: Message, description: str
) -> SocketOperation:
    router = router_of(document, subscribe)
    if "update" not in router.messages:
        raise UnknownOperation(key, f"there is no {router.name}.update")
    return SocketOperation(
        key,
        "follow",
        method_name(router.name),
        subscribe,
        router.messages["update"],
        description,
        unsubscribe=f"{router.name}.unsubscribe",
        gap=f"{router.name}.gap",
        conflates=router.conflates,
    )


def _named_apart(found: list[SocketOperation]) -> Iterator[SocketOperation]:
    """Rename an event if something that the client sends has the same name."""
    taken = {each.name for each in found if each.kind != "listen"}
    for each in found:
        clashes = each.kind == "listen" and each.name in taken
        yield replace(each, name=f"{each.name}_events") if clashes else each


def method_name(type_: str) -> str:
    """Return the name of the method for a type of message such as `alerts.price`."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", type_).lstrip("_") or "operation"
    if name[0].isdigit():
        name = f"operation_{name}"
    is_taken = keyword.iskeyword(name) or name in _RESERVED
    return f"{name}_" if is_taken else name
