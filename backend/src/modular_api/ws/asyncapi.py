"""The AsyncAPI 3.0 document of one socket.

A message is described as it stands on the wire, envelope and all. The schemas of its
payload become components named as in OpenAPI documents.

Source: AsyncAPI 3.0.0, https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from modular_api.specs.canonical import canonical
from modular_api.specs.component_names import name_components
from modular_api.specs.data import encoded
from modular_api.specs.draft_7 import to_draft_7
from modular_api.specs.examples import NoExample, example_of
from modular_api.specs.schema_generator import Mode, adapter_schemas
from modular_api.types import Document
from modular_api.ws.asyncapi_envelopes import Envelope, envelope_of
from modular_api.ws.operations import Operation, OperationKind, SocketSpec

ASYNCAPI_VERSION = "3.0.0"

SERVERS = {
    "app": {
        "host": "{host}",
        "protocol": "ws",
        "description": "Where the app is served; `wss` where that is behind TLS.",
        "variables": {"host": {"default": "localhost:8000"}},
    }
}
"""The server of every document: a module does not know where it will be served."""


def build_asyncapi_document(spec: SocketSpec) -> Document:
    """Describe a socket as AsyncAPI 3.0, the same in every process and topology.

    The document has one channel, named after the module. Its operations bear the names
    of the messages they begin with; where one name goes both ways, the server's is
    `<name>-send`.

    Raises:
        SchemaNameConflict: a component's name cannot be chosen.
    """
    messages = _Messages(spec)
    document = _skeleton(spec)
    channel = document["channels"][spec.module]
    for key, message in messages.by_key.items():
        channel["messages"][key] = {"$ref": f"#/components/messages/{key}"}
        document["components"]["messages"][key] = message.described
    for key, operation in messages.operations.items():
        document["operations"][key] = _operation(spec, operation, messages)
    document["components"]["schemas"] = dict(messages.schemas.definitions)
    document = canonical(to_draft_7(document))
    name_components(document, messages.schemas.sources)
    for key, message in messages.by_key.items():
        _add_example(document, key, message)
    # Examples are the only thing added since, and they stand in sorted places.
    return canonical(_without_empty_sections(document))


def _skeleton(spec: SocketSpec) -> Document:
    info = {"title": spec.module, "version": spec.version}
    if spec.description:
        info["description"] = spec.description
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": info,
        "defaultContentType": "application/json",
        "servers": SERVERS,
        "channels": {
            spec.module: {
                "address": spec.address,
                "servers": [{"$ref": f"#/servers/{name}"} for name in SERVERS],
                "messages": {},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {},
        "components": {
            "messages": {},
            "securitySchemes": {
                name: _security_scheme(scheme) for name, scheme in spec.security.items()
            },
        },
    }


def _without_empty_sections(document: Document) -> Document:
    components = document["components"]
    document["components"] = {
        section: content for section, content in components.items() if content
    }
    return document


@dataclass(frozen=True)
class _Message:
    """One message of the channel.

    Attributes:
        described: its Message Object; schemas are referred to by number.
        payload: validates what stands in its `payload`.
    """

    described: dict[str, Any]
    payload: TypeAdapter[Any] | None


class _Messages:
    """The operations and messages of a socket, each under a key of its own."""

    def __init__(self, spec: SocketSpec) -> None:
        ordered = sorted(spec.operations, key=lambda each: (each.name, each.action))
        self.schemas = adapter_schemas(dict(_adapters(ordered)))
        self.operations: dict[str, Operation] = {}
        self.by_key: dict[str, _Message] = {}
        self._first: dict[int, str] = {}
        self._reply: dict[int, str] = {}
        self.errors: list[str] = []
        for index, operation in enumerate(ordered):
            key = _free(_key(operation.name), self.operations, f"-{operation.action}")
            self.operations[key] = operation
            first = self._put(
                operation.name,
                envelope_of(operation.kind),
                operation.payload,
                f"{index}",
                operation.action,
                summary=operation.summary,
                description=operation.description,
            )
            self._first[id(operation)] = first
            if operation.kind is OperationKind.ERROR:
                self.errors.append(first)
            if operation.reply is not None:
                self._reply[id(operation)] = self._put(
                    operation.reply,
                    envelope_of(operation.kind, reply=True),
                    operation.reply_payload,
                    f"{index} reply",
                    "send",
                )

    def first_of(self, operation: Operation) -> str:
        """Return the key of the message an operation begins with."""
        return self._first[id(operation)]

    def replies_of(self, operation: Operation) -> list[str]:
        """Return the keys of what may answer: the reply, or what went wrong."""
        if operation.action == "send":
            return []
        reply = self._reply.get(id(operation))
        return [*([reply] if reply else []), *self.errors]

    def _put(
        self,
        name: str,
        envelope: Envelope,
        payload: TypeAdapter[Any] | None,
        schema: str,
        action: str,
        **texts: str,
    ) -> str:
        """Add a message and return its key; equal messages share one key."""
        properties: dict[str, Any] = {"type": {"const": name}, **envelope.members}
        required = ["type", *envelope.required]
        if payload is not None:
            properties["payload"] = self.schemas.schemas[schema]
            if not _accepts_nothing(payload):
                required.append("payload")
        described: dict[str, Any] = {
            "name": name,
            "payload": {
                "type": "object",
                "properties": properties,
                "required": required,
            },
            **{word: cleandoc(text) for word, text in texts.items() if text},
        }
        key = _key(name)
        if key in self.by_key and self.by_key[key].described != described:
            key = _free(f"{key}-{action}", self.by_key, "")
        self.by_key.setdefault(key, _Message(described, payload))
        return key


def _adapters(
    operations: list[Operation],
) -> Iterator[tuple[str, tuple[TypeAdapter[Any], Mode]]]:
    for index, operation in enumerate(operations):
        if operation.payload is not None:
            incoming = operation.action == "receive"
            mode: Mode = "validation" if incoming else "serialization"
            yield f"{index}", (operation.payload, mode)
        if operation.reply is not None and operation.reply_payload is not None:
            yield f"{index} reply", (operation.reply_payload, "serialization")


def _operation(
    spec: SocketSpec, operation: Operation, messages: _Messages
) -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{spec.module}"}

    def references(keys: list[str]) -> list[dict[str, str]]:
        return [{"$ref": f"{channel['$ref']}/messages/{key}"} for key in keys]

    described: dict[str, Any] = {
        "action": operation.action,
        "channel": channel,
        "messages": references([messages.first_of(operation)]),
        "x-kind": operation.kind.value,
    }
    for word in ("summary", "description"):
        if text := getattr(operation, word):
            described[word] = cleandoc(text)
    if operation.policy:
        described["x-policy"] = operation.policy
    tags = operation.tags or ((operation.router,) if operation.router else ())
    if tags:
        described["tags"] = [{"name": tag} for tag in tags]
    if replies := messages.replies_of(operation):
        described["reply"] = {"channel": channel, "messages": references(replies)}
    if spec.security:
        described["security"] = [
            {"$ref": f"#/components/securitySchemes/{name}"}
            for name in sorted(spec.security)
        ]
    return described


def _add_example(document: Document, key: str, message: _Message) -> None:
    """Give a message its example, if one can be made that its model accepts."""
    described = document["components"]["messages"][key]
    frame = described["payload"]
    example = {}
    try:
        for name in frame["required"]:
            schema = frame["properties"][name]
            example[name] = example_of(schema, document["components"]["schemas"])
        if message.payload is not None and "payload" in example:
            message.payload.validate_json(encoded(example["payload"]))
    except (NoExample, ValidationError):
        return
    described["examples"] = [{"payload": example}]


def _accepts_nothing(payload: TypeAdapter[Any]) -> bool:
    try:
        payload.validate_json("null")
    except ValidationError:
        return False
    return True


def _security_scheme(scheme: Mapping[str, Any]) -> dict[str, Any]:
    """Say an OpenAPI security scheme in the words of AsyncAPI."""
    kind = scheme.get("type")
    if kind == "apiKey":
        return {**scheme, "type": "httpApiKey"}
    if kind == "mutualTLS":
        return {**scheme, "type": "X509"}
    if kind == "oauth2":
        flows = scheme.get("flows", {})
        if not all(_has_absolute_urls(flow) for flow in flows.values()):
            return _bearer(scheme, "An OAuth2 access token")
        return {**scheme, "flows": {k: _oauth_flow(flow) for k, flow in flows.items()}}
    if kind == "openIdConnect" and not _is_absolute(scheme["openIdConnectUrl"]):
        return _bearer(scheme, "An OpenID Connect token")
    return dict(scheme)


def _bearer(scheme: Mapping[str, Any], default: str) -> dict[str, Any]:
    """AsyncAPI has no relative URLs: tell at least how the token is sent."""
    description = scheme.get("description", f"{default}; the app knows where from.")
    return {"type": "http", "scheme": "bearer", "description": description}


def _oauth_flow(flow: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {"scopes": "availableScopes"}
    return {renamed.get(word, word): value for word, value in flow.items()}


def _has_absolute_urls(flow: Mapping[str, Any]) -> bool:
    return all(_is_absolute(url) for word, url in flow.items() if word.endswith("Url"))


def _is_absolute(url: str) -> bool:
    return bool(urlsplit(url).scheme and urlsplit(url).netloc)


def _key(name: str) -> str:
    """Return a name as a component's key may be: letters, digits, `.`, `-` and `_`."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name) or "_"


def _free(key: str, taken: Mapping[str, Any], suffix: str) -> str:
    """Return the key, with a suffix and then numbers where it is taken."""
    if key not in taken:
        return key
    stem, number = key + suffix, 2
    candidate = stem
    while candidate in taken:
        candidate = f"{stem}-{number}"
        number += 1
    return candidate
