"""Give answers documented with the Problem model their media type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modular_api.problems import MEDIA_TYPE, Problem
from modular_api.specs.schema_generator import SchemaSource
from modular_api.types import Document

_PROBLEM = f"{Problem.__module__}.{Problem.__qualname__}"


def label_problems(document: Document, sources: Mapping[str, SchemaSource]) -> None:
    """Change `application/json` to `application/problem+json` for Problem answers.

    FastAPI documents every model of `responses=` under the route's own media type.
    """
    refs = {
        f"#/components/schemas/{key}"
        for key, source in sources.items()
        if source.dotted == _PROBLEM
    }
    for answer in _answers(document):
        content = answer.get("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref") in refs:
            content[MEDIA_TYPE] = content.pop("application/json")


def _answers(document: Document) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from operation["responses"].values()
