"""Rewrite an OpenAPI document so that hey-api/openapi-ts loses nothing of it.

Each step fixes one thing that it would leave out or misunderstand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from modular_api.codegen.typescript_client.names import Names
from modular_api.specs.structure import NAME_MAPS, is_data, operations_of
from modular_api.types import Document

_BINARY = {"type": "string", "format": "binary"}
_GLOBALS = frozenset({"Array", "Blob", "File"})
_SCHEMAS = "#/components/schemas/"
_EVENTS = "text/event-stream"
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def prepared(document: Document) -> Document:
    """Return a copy of the document to generate from."""
    document = _without_globals(deepcopy(document))
    forms = {name for operation in _operations(document) for name in _forms(operation)}
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if name not in forms:
            _keep_bytes_as_text(schema)
        _keep_null_in_enums(schema)
    for operation in _operations(document):
        _keep_null_in_enums(operation)
        _describe_request(operation)
        for response in operation["responses"].values():
            _describe_answer(response)
        _mention_cookies(operation)
    return document


def _without_globals(document: Document) -> Document:
    """Rename components that would hide global types used by the generated code.

    A component `File` would become the type of every upload.
    """
    schemas = document.get("components", {}).get("schemas", {})
    names = Names(schemas.keys())
    renamed = {
        name: names.take(f"{name}Model", "_")
        for name in sorted(_GLOBALS & schemas.keys())
    }
    if not renamed:
        return document
    references = {
        f"{_SCHEMAS}{old}": f"{_SCHEMAS}{new}" for old, new in renamed.items()
    }
    for node in _schemas(document):
        for key, value in node.items():
            if isinstance(value, str) and value in references:
                node[key] = references[value]  # a `$ref`, or a discriminator's mapping
    for old, new in renamed.items():
        schemas[new] = schemas.pop(old)
    return document


def _operations(document: Document) -> Iterator[dict[str, Any]]:
    for _, _, operation in operations_of(document["paths"]):
        if "responses" in operation:
            yield operation


def _forms(operation: Mapping[str, Any]) -> Iterator[str]:
    """Yield the components that describe the operation's forms."""
    content = operation.get("requestBody", {}).get("content", {})
    for media_type in _FORMS:
        reference = content.get(media_type, {}).get("schema", {}).get("$ref", "")
        yield reference.rpartition("/")[2]


def _schemas(node: Any, *, names: bool = False) -> Iterator[dict[str, Any]]:
    """Yield every object that may be a schema, outermost first.

    Examples, defaults and other data are none, whatever they look like.

    Args:
        names: the keys are chosen names, such as that of a field called `example`.
    """
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if names or not is_data(key):
                yield from _schemas(value, names=not names and key in NAME_MAPS)
    elif isinstance(node, list):
        for value in node:
            yield from _schemas(value)


def _keep_bytes_as_text(schema: Any) -> None:
    """Remove the media type of bytes in JSON, which hey-api takes for an upload."""
    for each in _schemas(schema):
        if isinstance(each.get("contentMediaType"), str):
            del each["contentMediaType"]


def _keep_null_in_enums(node: Any) -> None:
    """Move `null` out of the values of an enum, where it would be dropped."""
    for each in _schemas(node):
        values = each.get("enum")
        if isinstance(values, list) and None in values and len(values) > 1:
            del each["enum"]
            others = [value for value in values if value is not None]
            each["anyOf"] = [{"enum": others}, {"type": "null"}]


def _describe_request(operation: dict[str, Any]) -> None:
    """Take bodies that are neither JSON nor a form nor text from the caller as bytes.

    By itself, hey-api sends them as JSON, whatever their media type.
    """
    content = operation.get("requestBody", {}).get("content", {})
    for media_type, body in content.items():
        if not (_is_json(media_type) or _is_text(media_type) or media_type in _FORMS):
            body["schema"] = _BINARY
        elif _is_json(media_type):
            _keep_bytes_as_text(body.get("schema"))
    if len(content) > 1:
        first, *others = content
        _mention(operation, f"Sends {first}; {', '.join(others)} cannot be chosen.")


def _describe_answer(response: dict[str, Any]) -> None:
    """Give an answer without a schema the type in which it arrives."""
    for media_type, answer in response.get("content", {}).items():
        if media_type == _EVENTS:
            answer["schema"] = _event_data(answer.get("x-itemSchema", {}))
        elif _is_json(media_type):
            _keep_bytes_as_text(answer.get("schema"))
        elif _is_text(media_type):
            answer.setdefault("schema", {"type": "string"})
        else:
            answer["schema"] = _BINARY
    content = response.get("content", {})
    if len(content) > 1:
        # hey-api types only the first media type; answers are read by their own header.
        schemas = [answer.get("schema", {}) for answer in content.values()]
        response["content"] = {"application/json": {"schema": {"anyOf": schemas}}}


def _event_data(item: Mapping[str, Any]) -> Any:
    """Return the schema of an event's data, which hey-api parses if it is JSON."""
    data = item.get("properties", {}).get("data", {})
    return data.get("contentSchema", {"type": "string"})


def _mention_cookies(operation: dict[str, Any]) -> None:
    """Describe the cookies, which browsers send, and no code may set."""
    cookies = [
        f"`{parameter['name']}`{'' if parameter.get('required') else ' (optional)'}"
        for parameter in operation.get("parameters", ())
        if parameter.get("in") == "cookie"
    ]
    if cookies:
        names = ", ".join(cookies)
        _mention(operation, f"Reads the cookies {names}, which the browser sends.")


def _mention(operation: dict[str, Any], text: str) -> None:
    about = operation.get("description", "")
    operation["description"] = f"{about}\n\n{text}".strip()


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _is_text(media_type: str) -> bool:
    return media_type.startswith("text/") and media_type != _EVENTS
