"""The items of streams, said in words that OpenAPI 3.1 allows.

FastAPI describes each item of JSON lines and server-sent events as `itemSchema`. That
is a word of OpenAPI 3.2 only; in a document of 3.1 it has to be an extension.

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
    """Turn `itemSchema` into `x-itemSchema` wherever a stream is sent or answered."""
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
