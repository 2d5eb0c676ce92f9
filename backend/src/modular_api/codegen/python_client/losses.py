"""Find constructs that clients do not support and that would be dropped silently.

Constructs of which openapi-python-client warns are not listed here; its warnings are
added to these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modular_api.codegen.python_client.document import operations
from modular_api.codegen.python_client.errors import Finding
from modular_api.types import Document


def silent_losses(document: Document) -> list[Finding]:
    """Return what a client would lose without a warning, in a stable order."""
    return sorted({*_webhooks(document), *_operation_losses(document)})


def _webhooks(document: Document) -> Iterator[Finding]:
    # The server calls webhooks and callbacks; a client would have to serve them.
    for name in document.get("webhooks") or ():
        yield Finding(f"webhook {name}", "is not in the client")


def _operation_losses(document: Document) -> Iterator[Finding]:
    schemes = document.get("components", {}).get("securitySchemes", {})
    for operation in operations(document):
        for name in operation.value.get("callbacks") or ():
            yield Finding(operation.name, f"the callback '{name}' is not in the client")
        for requirement in operation.value.get("security") or ():
            for name in requirement:
                if not _is_supported(schemes.get(name, {})):
                    yield Finding(
                        operation.name,
                        f"the client cannot authenticate by '{name}', only by bearer "
                        "tokens, basic credentials, api keys and OAuth2",
                    )


def _is_supported(scheme: dict[str, Any]) -> bool:
    if scheme.get("type") == "http":
        return str(scheme.get("scheme", "")).lower() in ("basic", "bearer")
    return scheme.get("type") in ("apiKey", "oauth2", "openIdConnect")
