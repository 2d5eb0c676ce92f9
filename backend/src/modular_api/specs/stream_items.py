"""Describe the items of streams in a way that OpenAPI 3.1 allows.

FastAPI describes each item of JSON lines and server-sent events by `itemSchema`, a
keyword of OpenAPI 3.2. In a 3.1 document it has to be an extension.

Source: OpenAPI 3.1.0, "Media Type Object" and "Specification Extensions".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modular_api.specs.structure import (
    STREAM_ITEM,
    callback_operations,
    operations_of,
)
from modular_api.types import Document


def extend_stream_items(document: Document) -> None:
    """Rename `itemSchema` to `x-itemSchema` in requests and answers with a stream."""
    for operation in _operations(document):
        carriers = operation.get("requestBody", {}), *operation["responses"].values()
        for carrier in carriers:
            for media_type in carrier.get("content", {}).values():
                if "itemSchema" in media_type:
                    media_type[STREAM_ITEM] = media_type.pop("itemSchema")


def _operations(document: Document) -> Iterator[dict[str, Any]]:
    for section in ("paths", "webhooks"):
        for _, _, operation in operations_of(document.get(section, {})):
            yield operation
            for _, _, callback in callback_operations(operation):
                yield callback
