"""Walk an OpenAPI document, telling the specification's own keys from names and data.

A schema may have a property called `$ref`, and an example may hold one: neither is a
reference. The walk is iterative, so a deep document cannot exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from modular_api.types import Document

METHODS = ("delete", "get", "head", "options", "patch", "post", "put", "trace")

_NAMED = frozenset(
    {
        "$defs",
        "callbacks",
        "content",
        "definitions",
        "dependentSchemas",
        "encoding",
        "headers",
        "links",
        "mapping",
        "parameters",
        "pathItems",
        "paths",
        "patternProperties",
        "properties",
        "requestBodies",
        "responses",
        "schemas",
        "securitySchemes",
        "variables",
        "webhooks",
    }
)
"""Keys whose value maps names that the author chose."""

_DATA = frozenset({"const", "default", "enum", "example", "examples"})
"""Keys whose values are data, not parts of the specification."""


class Node(NamedTuple):
    """An object of the document; if `named`, its keys are names by the author."""

    path: tuple[str, ...]
    value: dict[str, Any]
    named: bool

    @property
    def pointer(self) -> str:
        """Its place, as a JSON pointer."""
        return pointer(self.path)


class Operation(NamedTuple):
    """One operation of the document, `name` being `POST /orders`."""

    method: str
    path: str
    value: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"


def walk(root: Any, path: tuple[str, ...] = ()) -> Iterator[Node]:
    """Yield every object below `root` that is part of the specification."""
    pending: list[tuple[tuple[str, ...], Any, bool]] = [(path, root, False)]
    while pending:
        place, value, named = pending.pop()
        if isinstance(value, list):
            pending += [((*place, str(i)), item, False) for i, item in enumerate(value)]
        elif isinstance(value, dict):
            yield Node(place, value, named)
            for key, child in value.items():
                if named or key not in _DATA:
                    child_named = not named and key in _NAMED
                    pending.append(((*place, str(key)), child, child_named))


def operations(document: Document) -> Iterator[Operation]:
    """Yield the operations, in the document's order of paths."""
    for path, item in document.get("paths", {}).items():
        if isinstance(item, dict):
            for method in METHODS:
                if isinstance(item.get(method), dict):
                    yield Operation(method, path, item[method])


def component_schemas(document: Document) -> dict[str, Any]:
    """Return the schemas of the components, by name."""
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    return schemas


def pointer(path: tuple[str, ...]) -> str:
    """Write a path as a JSON pointer, unprintable characters escaped."""
    parts = (part.replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{part}" for part in parts).encode("unicode_escape").decode(
        "ascii"
    )
