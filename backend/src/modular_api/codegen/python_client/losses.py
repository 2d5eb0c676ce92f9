"""Constructs that openapi-python-client drops or blurs without a word.

What it warns of is not listed here: its own warnings are collected with these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modular_api.codegen.python_client.document import (
    component_schemas,
    operations,
    resolve,
    walk,
)
from modular_api.codegen.python_client.errors import Finding
from modular_api.types import Document


def silent_losses(document: Document) -> list[Finding]:
    """Return what a client would lose without a warning, in a stable order."""
    found = {
        *_webhooks(document),
        *_operation_losses(document),
        *_undiscriminated_unions(document),
    }
    return sorted(found)


def _webhooks(document: Document) -> Iterator[Finding]:
    for name in document.get("webhooks") or ():
        yield Finding(f"webhook {name}", "is not in the client")


def _operation_losses(document: Document) -> Iterator[Finding]:
    schemes = document.get("components", {}).get("securitySchemes", {})
    for operation in operations(document):
        for name in operation.value.get("callbacks") or ():
            yield Finding(operation.name, f"the callback '{name}' is not in the client")
        for requirement in operation.value.get("security") or ():
            for name in requirement:
                if not _is_bearer(schemes.get(name, {})):
                    yield Finding(
                        operation.name,
                        f"the client cannot authenticate by '{name}', only by a "
                        "bearer token",
                    )
        for status, response in (operation.value.get("responses") or {}).items():
            if isinstance(response, dict):
                for name in response.get("headers") or ():
                    yield Finding(
                        operation.name,
                        f"the header '{name}' of response {status} is not in the "
                        "client",
                    )


def _is_bearer(scheme: dict[str, Any]) -> bool:
    if scheme.get("type") == "http":
        return str(scheme.get("scheme", "")).lower() == "bearer"
    return scheme.get("type") in ("oauth2", "openIdConnect")


def _undiscriminated_unions(document: Document) -> Iterator[Finding]:
    places = [
        *((f"component {n}", s) for n, s in component_schemas(document).items()),
        *((operation.name, operation.value) for operation in operations(document)),
    ]
    for where, root in places:
        for node in walk(root):
            if node.named or "discriminator" in node.value:
                continue
            members = [*_members(node.value)]
            models = [name for name in members if _is_object(document, name)]
            if len(models) > 1:
                names = ", ".join(sorted(name.rpartition("/")[2] for name in models))
                yield Finding(
                    where,
                    f"a union of {names} without a discriminator is read as the first "
                    "that fits",
                )


def _members(schema: dict[str, Any]) -> Iterator[str]:
    for key in ("anyOf", "oneOf"):
        members = schema.get(key)
        for member in members if isinstance(members, list) else ():
            if isinstance(member, dict) and isinstance(member.get("$ref"), str):
                yield member["$ref"]


def _is_object(document: Document, reference: str) -> bool:
    target = resolve(document, reference)
    return isinstance(target, dict) and (
        target.get("type") == "object" or "properties" in target
    )
