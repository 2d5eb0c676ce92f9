"""The models of a socket client, rendered in the same way as those of REST clients.

Every payload becomes the only field of its own class, so that unions, lists and plain
values are read and written by the same code as the fields of any model. The generator
gets all of them in an OpenAPI document without paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modular_api.codegen.python_socket_client.names import SocketNames
from modular_api.codegen.python_socket_client.operations import SocketOperation
from modular_api.codegen.socket_document import Message
from modular_api.specs.structure import NAME_MAPS, REF_ROOT, is_data, reference_slots
from modular_api.types import Document

_SCHEMAS = f"{REF_ROOT}schemas/"


def messages_of(operations: Iterable[SocketOperation]) -> dict[str, Message]:
    """Return the messages with a payload, by key."""
    return {
        message.key: message
        for operation in operations
        for message in (operation.sent, operation.received)
        if message is not None and message.payload is not None
    }


def payload_components(messages: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Return the name of the component for the payload of each message.

    Args:
        messages: their keys, `bars.update`.
        taken: the names of the document's own components.
    """
    used = {name.casefold() for name in taken}
    names: dict[str, str] = {}
    for key in sorted(messages):
        words = "".join(word[:1].upper() + word[1:] for word in _words(key))
        name = f"{words or 'Some'}Message"
        while name.casefold() in used:
            name += "_"
        used.add(name.casefold())
        names[key] = name
    return names


def models_document(
    document: Document, names: SocketNames, operations: Iterable[SocketOperation]
) -> Document:
    """Return an OpenAPI document with exactly the models that the operations need."""
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    messages = messages_of(operations)
    components = payload_components(messages, schemas)
    payloads = {
        components[key]: {
            "type": "object",
            "properties": {"payload": message.payload},
            "required": ["payload"],
            "additionalProperties": False,
        }
        for key, message in messages.items()
    }
    needed = {name: schemas[name] for name in reachable(payloads, schemas)}
    return {
        "openapi": "3.1.0",
        "info": {"title": names.module, "version": names.version},
        "paths": {},
        "components": {"schemas": _from_draft_7({**needed, **payloads}, schemas)},
    }


def reachable(roots: Any, schemas: Mapping[str, Any]) -> list[str]:
    """Return the components that `roots` refer to, directly or not, sorted."""
    found: set[str] = set()
    pending = [*_references(roots)]
    while pending:
        name = pending.pop()
        if name not in found and name in schemas:
            found.add(name)
            pending += _references(schemas[name])
    return sorted(found)


def _references(node: Any) -> Iterator[str]:
    for slot, key in reference_slots(node):
        if slot[key].startswith(_SCHEMAS):
            yield slot[key].removeprefix(_SCHEMAS)


def _from_draft_7(components: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """Convert schemas to the dialect of OpenAPI 3.1; the reverse of `specs.draft_7`."""

    def converted(node: Any) -> Any:
        if isinstance(node, list):
            return [converted(item) for item in node]
        if isinstance(node, dict):
            return newer({key: child(key, value) for key, value in node.items()})
        return node

    def child(key: str, value: Any) -> Any:
        if is_data(key):
            return value
        if key in NAME_MAPS and isinstance(value, dict):
            return {name: converted(item) for name, item in value.items()}
        return converted(value)

    def newer(schema: dict[str, Any]) -> dict[str, Any]:
        if isinstance(schema.get("items"), list):
            schema["prefixItems"] = schema.pop("items")
            if "additionalItems" in schema:
                schema["items"] = schema.pop("additionalItems")
        if isinstance(tag := schema.get("discriminator"), str):
            members = schema.get("oneOf", schema.get("anyOf", []))
            mapping = dict(sorted(_tags(tag, members, schemas)))
            schema["discriminator"] = {"mapping": mapping, "propertyName": tag}
        return schema

    return {name: converted(schema) for name, schema in components.items()}


def _tags(
    tag: str, members: Iterable[Any], schemas: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield each value of the discriminator with the reference of its alternative."""
    for member in members:
        reference = member.get("$ref", "")
        schema = schemas.get(reference.removeprefix(_SCHEMAS), {})
        field = schema.get("properties", {}).get(tag, {})
        values = field.get("enum", [field["const"]] if "const" in field else [])
        for value in values:
            yield str(value), reference


def _words(key: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in key).split()
