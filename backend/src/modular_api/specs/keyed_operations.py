"""Document the additional answer of operations that take an idempotency key.

Source: draft-ietf-httpapi-idempotency-key-header-07, section 2.7.
"""

from __future__ import annotations

from modular_api.specs.structure import operations_of
from modular_api.types import Document

_HEADER = "idempotency-key"


def describe_keyed_operations(document: Document) -> None:
    """Document the 409 for a key whose first request is still being served."""
    for _, _, operation in operations_of(document.get("paths", {})):
        if any(
            parameter.get("in") == "header" and parameter["name"].lower() == _HEADER
            for parameter in operation.get("parameters", ())
        ):
            operation["responses"].setdefault(
                "409",
                {
                    "description": "The first request with this Idempotency-Key is "
                    "still being served."
                },
            )
