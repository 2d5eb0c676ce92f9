"""References inside a document."""

from __future__ import annotations

from typing import Any

from modular_api.types import Document


def resolve(document: Document, reference: str) -> Any:
    """Return what a local reference points to. Raises: KeyError."""
    if not reference.startswith("#/"):
        raise KeyError(reference)
    value: Any = document
    for part in reference[2:].split("/"):
        if not isinstance(value, dict):
            raise KeyError(reference)
        value = value[part.replace("~1", "/").replace("~0", "~")]
    return value
