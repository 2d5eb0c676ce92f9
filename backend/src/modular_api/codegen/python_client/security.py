"""The credentials that the operations of a document accept."""

from __future__ import annotations

from typing import Any

from modular_api.codegen.python_client.document import operations
from modular_api.types import Document

Alternatives = tuple[tuple[str, ...], ...]
"""Names of schemes; a call needs one alternative, with all of its schemes."""


def security_of_operations(document: Document) -> dict[str, Alternatives]:
    """Return the alternatives of each operation that takes credentials, by its name."""
    from openapi_python_client.strings import PythonIdentifier  # slow to import

    whole = document.get("security") or []
    found = {}
    for operation in operations(document):
        stated = operation.value.get("security", whole)
        name = str(PythonIdentifier(operation.value.get("operationId", ""), "field_"))
        if stated:
            found[name] = tuple(tuple(sorted(names)) for names in stated)
    return found


def security_schemes(document: Document) -> dict[str, dict[str, str]]:
    """Return the arguments of each `SecurityScheme`, by name."""
    schemes: dict[str, Any] = document.get("components", {}).get("securitySchemes", {})
    return {name: _arguments(scheme) for name, scheme in schemes.items()}


def _arguments(scheme: dict[str, Any]) -> dict[str, str]:
    kind = str(scheme.get("type", ""))
    if kind == "http":
        return {"type": kind, "scheme": str(scheme.get("scheme", "")).lower()}
    if kind == "apiKey":
        return {"type": kind, "location": scheme["in"], "name": scheme["name"]}
    return {"type": kind}
