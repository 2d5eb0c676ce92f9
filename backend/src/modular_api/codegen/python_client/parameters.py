"""What the generator's own classes do not tell of the parameters of operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modular_api.codegen.python_client import markers
from modular_api.codegen.python_client.document import operations
from modular_api.codegen.references import resolve
from modular_api.specs.structure import WHOLE_PATH
from modular_api.types import Document

DefaultsOf = Mapping[str, Mapping[str, Mapping[str, bool]]]
"""Marked defaults by operation name, see `markers.DEFAULTS`."""

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def mark_defaults(document: Document) -> None:
    """Note which parameters and form fields have a default that is not null.

    There null and an empty list cannot be said: they would be left out, and the server
    would take the default instead.
    """
    for operation in operations(document):
        marked: dict[str, dict[str, bool]] = {}
        for place, name, schema in _sent_as_text(operation.value, document):
            default = schema.get("default") if isinstance(schema, dict) else None
            if default is not None:
                marked.setdefault(place, {})[name] = default == []
        if marked:
            operation.value[markers.DEFAULTS] = marked


def _sent_as_text(
    operation: Mapping[str, Any], document: Document
) -> Iterator[tuple[str, str, Any]]:
    """Yield place, name and schema of all parameters and fields of forms."""
    for parameter in operation.get("parameters") or ():
        if "name" in parameter:
            yield parameter["in"], parameter["name"], parameter.get("schema")
    body = operation.get("requestBody") or {}
    for media_type in _FORMS:
        schema = body.get("content", {}).get(media_type, {}).get("schema", {})
        if "$ref" in schema:
            schema = resolve(document, schema["$ref"])
        for name, field in schema.get("properties", {}).items():
            yield "form", name, field


def defaults_of_operations(document: Document) -> DefaultsOf:
    """Return the marked defaults of a normalised document."""
    from openapi_python_client.strings import PythonIdentifier  # slow to import

    return {
        str(PythonIdentifier(operation.value["operationId"], "field_")): marked
        for operation in operations(document)
        if (marked := operation.value.get(markers.DEFAULTS))
    }


def whole_paths_of_operations(document: Document) -> dict[str, frozenset[str]]:
    """Return the path parameters that may hold slashes, by operation name."""
    from openapi_python_client.strings import PythonIdentifier  # slow to import

    found = {}
    for operation in operations(document):
        names = frozenset(
            parameter["name"]
            for parameter in operation.value.get("parameters") or ()
            if parameter.get(WHOLE_PATH) is True
        )
        if names:
            operation_id = operation.value.get("operationId", "")
            found[str(PythonIdentifier(operation_id, "field_"))] = names
    return found
