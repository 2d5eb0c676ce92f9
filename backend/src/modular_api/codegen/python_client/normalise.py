"""The copy of a document that the generator reads.

It has the same meaning as the original, in keywords that openapi-python-client
understands, but leaves out what must not reach generated files: texts other than
descriptions, tags, hosts.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from modular_api.codegen.python_client import markers
from modular_api.codegen.python_client.answers import mark_answers
from modular_api.codegen.python_client.document import (
    Node,
    component_schemas,
    operations,
    walk,
)
from modular_api.codegen.python_client.names import ClientNames
from modular_api.codegen.python_client.parameters import mark_defaults
from modular_api.codegen.references import resolve
from modular_api.types import Document

TAG = "operations"
"""The only tag of every operation, and so the only package below `api`."""

_FILE_BODIES = ("multipart/form-data",)
_PROSE = ("description", "summary", "title")


def normalised(document: Document, names: ClientNames) -> Document:
    """Return the generator's copy of a document, its keys sorted."""
    copy: Document = json.loads(json.dumps(document, sort_keys=True))
    copy["info"] = {"title": names.module, "version": names.version}
    for key in ("servers", "tags", "webhooks"):
        copy.pop(key, None)
    mark_defaults(copy)
    for node in walk(copy):
        _clean_prose(node)
        _leave_to_the_server(node)
    _drop_component_titles(copy)
    _simplify_operations(copy)
    _mark_files(copy)
    _mark_raw_bodies(copy)
    _mark_recursive_maps(copy)
    mark_answers(copy)
    return copy


def _clean_prose(node: Node) -> None:
    """Remove control characters, which Python's parsers and formatters refuse."""
    if node.named:
        return
    for key in _PROSE:
        text = node.value.get(key)
        if isinstance(text, str):
            node.value[key] = clean_prose(text)


def clean_prose(text: str) -> str:
    """Return a text without control characters; lines end with `\\n`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return "".join(
        character
        for character in lines
        if character == "\n"
        or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
    )


def _leave_to_the_server(node: Node) -> None:
    """Remove what a client must not decide.

    Defaults, except those of constants, are applied by the server, which may change
    them. A client also keeps fields that the server forbids today, as it may know them
    later.
    """
    schema = node.value
    if node.named:
        return
    _drop_defaults_of_required(schema)
    default = schema.pop("default", None)
    if default is not None and default == schema.get("const"):
        schema["default"] = default
        return
    if default is not None and not isinstance(default, dict | list):
        said = f"{schema.get('description', '')} Default: {default}.".strip()
        if "$ref" not in schema:
            schema["description"] = clean_prose(said)
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]


def _drop_defaults_of_required(schema: dict[str, Any]) -> None:
    """Remove the defaults of required fields, which never apply."""
    fields = schema.get("properties")
    if not isinstance(fields, dict):
        return
    for name in schema.get("required") or ():
        field = fields.get(name)
        if isinstance(field, dict) and "const" not in field:
            field.pop("default", None)


def _drop_component_titles(document: Document) -> None:
    """Remove titles, so that components are named by key: two may share a title."""
    for schema in component_schemas(document).values():
        if isinstance(schema, dict):
            schema.pop("title", None)


def _simplify_operations(document: Document) -> None:
    for operation in operations(document):
        operation.value["tags"] = [TAG]
        operation.value.pop("callbacks", None)


def _mark_files(document: Document) -> None:
    """Mark uploads as files; FastAPI marks them with `contentMediaType`.

    Elsewhere the same keyword means bytes in a JSON string, which stays a string here.
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
        elif schema.get("format") == "binary" and not is_upload:
            schema.pop("format")


def _file_schemas(document: Document) -> set[int]:
    """Return the ids of all schema objects in bodies with files."""
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
    """Remove null from optional parts of a multipart body, which cannot express it."""
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


def _mark_raw_bodies(document: Document) -> None:
    """Mark bodies whose bytes are sent unchanged."""
    for operation in operations(document):
        body = operation.value.get("requestBody")
        content = body.get("content", {}) if isinstance(body, dict) else {}
        for media_type, stated in content.items():
            schema = stated.get("schema", {})
            is_text = schema.get("type") == "string"
            raw = "contentMediaType" in schema or media_type.startswith(_RAW)
            is_bytes = is_text and raw and not markers.is_json(media_type)
            if is_bytes or not schema:
                stated["schema"] = {markers.BYTES: True}


_RAW = ("application/octet-stream", "audio/", "font/", "image/", "video/")


def _mark_recursive_maps(document: Document) -> None:
    """Mark components that are maps of themselves, which have to be classes."""
    schemas = component_schemas(document)
    root = "#/components/schemas/"
    holds: dict[str, set[str]] = {}
    for name, schema in schemas.items():
        if isinstance(schema, dict) and "properties" not in schema:
            holds[name] = {
                node.value["$ref"].removeprefix(root)
                for node in walk(schema)
                if not node.named and isinstance(node.value.get("$ref"), str)
            }
    for name in holds:
        seen: set[str] = set()
        pending = [name]
        while pending:
            new = holds.get(pending.pop(), set()) - seen
            seen |= new
            pending += new
        if name in seen and schemas[name].get("type") == "object":
            schemas[name][markers.RECURSIVE] = True
