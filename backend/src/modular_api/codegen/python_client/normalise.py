"""The copy of a document that the generator reads.

It says the same as the original, in the words openapi-python-client understands, and
nothing of what must not reach generated files: prose outside descriptions, tags, hosts.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from modular_api.codegen.python_client.document import (
    Node,
    component_schemas,
    operations,
    resolve,
    walk,
)
from modular_api.codegen.python_client.names import ClientNames
from modular_api.codegen.python_client.reserved import enum_member_names
from modular_api.types import Document

TAG = "operations"
"""The one tag of every operation, thus the one package below `api`."""

_FILE_BODIES = ("multipart/form-data", "application/octet-stream")
_PROSE = ("description", "summary", "title")


def normalised(document: Document, names: ClientNames) -> Document:
    """Return the generator's copy of a document, its keys sorted."""
    copy: Document = json.loads(json.dumps(document, sort_keys=True))
    copy["info"] = {"title": names.module, "version": names.version}
    for key in ("servers", "tags", "webhooks", "security"):
        copy.pop(key, None)
    for node in walk(copy):
        _clean_prose(node)
        _name_enum_members(node)
        _disarm_values(node)
    _drop_component_titles(copy)
    _simplify_operations(copy)
    _mark_files(copy)
    return copy


def _clean_prose(node: Node) -> None:
    """Strip control characters: formatters and parsers of Python stumble over them."""
    if node.named:
        return
    for key in _PROSE:
        text = node.value.get(key)
        if isinstance(text, str):
            node.value[key] = clean_prose(text)


def clean_prose(text: str) -> str:
    """Return a text without control characters, lines ended by `\\n`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return "".join(
        character
        for character in lines
        if character == "\n"
        or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
    )


def _name_enum_members(node: Node) -> None:
    """Name the members of enums in which the generator's names would collide."""
    values = node.value.get("enum")
    if not node.named and isinstance(values, list):
        member_names = enum_member_names(values)
        if member_names is not None:
            node.value["x-enum-varnames"] = member_names


def _disarm_values(node: Node) -> None:
    """Keep values from the generator that it would escape twice.

    Left out, a default is the server's to apply; a constant is an enum of one.
    """
    schema = node.value
    if node.named:
        return
    if _is_escaped_twice(schema.get("default")):
        del schema["default"]
    if _is_escaped_twice(schema.get("const")):
        schema["enum"] = [schema.pop("const")]


def _is_escaped_twice(value: object) -> bool:
    return isinstance(value, str) and (
        '"' in value or "\\" in value or not value.isprintable()
    )


def _drop_component_titles(document: Document) -> None:
    """Let components be named by their keys: `X-Input` and `X-Output` share a title."""
    for schema in component_schemas(document).values():
        if isinstance(schema, dict):
            schema.pop("title", None)


def _simplify_operations(document: Document) -> None:
    for operation in operations(document):
        operation.value["tags"] = [TAG]
        operation.value.pop("security", None)
        operation.value.pop("callbacks", None)


def _mark_files(document: Document) -> None:
    """Mark uploads as the files they are: FastAPI says `contentMediaType`.

    Elsewhere the same words mean bytes in a JSON string, which is a plain string here.
    """
    uploads = _file_schemas(document)
    for node in walk(document):
        schema = node.value
        is_upload = id(schema) in uploads
        if is_upload:
            _drop_null_parts(schema)
        if node.named or schema.get("type") != "string":
            continue
        if is_upload and "contentMediaType" in schema:
            schema.pop("contentMediaType")
            schema["format"] = "binary"
        elif schema.get("format") == "binary" and not (
            is_upload or _in_octet_response(node)
        ):
            schema.pop("format")


def _file_schemas(document: Document) -> set[int]:
    """Return the ids of all schema objects that stand in a body of files."""
    found: set[int] = set()
    pending: list[Any] = [
        content[media_type].get("schema")
        for operation in operations(document)
        if isinstance(body := operation.value.get("requestBody"), dict)
        for content in [body.get("content") or {}]
        for media_type in _FILE_BODIES
        if isinstance(content.get(media_type), dict)
    ]
    while pending:
        for node in walk(pending.pop()):
            if id(node.value) in found:
                continue
            found.add(id(node.value))
            reference = node.value.get("$ref")
            if not node.named and isinstance(reference, str):
                pending.append(resolve(document, reference))
    return found


def _drop_null_parts(schema: dict[str, Any]) -> None:
    """Leave optional parts out of a multipart body: null has no form there."""
    members = schema.get("anyOf")
    if isinstance(members, list):
        kept = [member for member in members if member != {"type": "null"}]
        if len(kept) == 1:
            schema.pop("anyOf")
            title = schema.get("title")
            schema.update(kept[0])
            if title is not None:
                schema["title"] = title
        elif kept:
            schema["anyOf"] = kept
        if schema.get("default", ...) is None:
            schema.pop("default")


def _in_octet_response(node: Node) -> bool:
    return "responses" in node.path and "application/octet-stream" in node.path
