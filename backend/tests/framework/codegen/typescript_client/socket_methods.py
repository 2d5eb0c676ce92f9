"""What the methods of a socket's client take and tell, compared with the oracle.

The compiler compares the generated class with what json-schema-to-typescript makes of
the messages of the document, in the file that holds the latter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modular_api.codegen.typescript_client.names import camel_case, literal
from tests.framework.codegen.typescript_client.states import Claim, lines_of

_SUBSCRIBE = ".subscribe"
_NOTHING = "undefined"


def socket_claims(document: Mapping[str, Any], client: str) -> list[Claim]:
    """Return what is to be true of each method.

    Args:
        client: the text of `ws.ts`; a method whose name was taken bears a `_`.
    """
    return [
        claim
        for operation in document["operations"].values()
        for claim in _claims_of(document, operation, client)
    ]


def socket_claims_text(claims: list[Claim], path: str, class_name: str) -> str:
    """Return the claims and what they are made of, to be put behind the oracle's."""
    return (
        f"import type {{ {class_name} as Socket, Feed }} from {literal(path)};\n"
        "type Takes<Method extends (...given: never[]) => unknown> = Parameters<Method>[0];\n"
        "type Tells<Method extends (...given: never[]) => unknown> =\n"
        "  ReturnType<Method> extends Feed<infer T> ? T\n"
        "  : ReturnType<Method> extends Promise<infer T> ? T : never;\n"
        f"{lines_of(claims)}"
    )


def _claims_of(
    document: Mapping[str, Any], operation: Mapping[str, Any], client: str
) -> Iterator[Claim]:
    kind = operation["x-kind"]
    messages: Mapping[str, Any] = document["components"]["messages"]
    key = _key(operation)
    name = messages[key]["name"]
    if kind == "subscribe":
        name = name.removesuffix(_SUBSCRIBE)
        [told] = [k for k, m in messages.items() if m["name"] == f"{name}.update"]
        sent, got = _payload(messages, key), _payload(messages, told)
    elif kind == "request":
        sent = _payload(messages, key)
        # What may be null may be left out by the schema; a server says null.
        answer = _payload(messages, _key(operation["reply"]))
        got = answer if answer == _NOTHING else f"Exclude<{answer}, undefined>"
    elif kind == "one_way":
        sent, got = _payload(messages, key), "void"
    elif kind == "event":
        sent, got = _NOTHING, _payload(messages, key)
    else:
        return  # the runtime's own, or one of a router's others
    method = camel_case(name)
    taken = re.search(rf"^  {method}_\(", client, re.MULTILINE)
    theirs = f"Socket[{literal(method + '_' if taken else method)}]"
    yield Claim(method, "payload", f"Same<Takes<{theirs}>, {sent}>")
    yield Claim(method, "answer", f"Same<Tells<{theirs}>, {got}>")


def _payload(messages: Mapping[str, Any], key: str) -> str:
    if "payload" not in messages[key]["payload"]["properties"]:
        return _NOTHING
    return f"Oracle[{literal(f'message {key}')}][\"payload\"]"


def _key(holder: Mapping[str, Any]) -> str:
    """Return the key of the message an operation or a reply begins with."""
    return str(holder["messages"][0]["$ref"].rpartition("/")[2])
