"""Which parts of a document are words of the format, names, or plain data.

OpenAPI and AsyncAPI share one list: no word of one is a name or data in the other.

A property may be called `required`, an answer's code may be `default`, and an example
may hold a `$ref` that refers to nothing. Whoever walks a document needs to tell these
from the format's own words; this is the one place that does.

Sources: OpenAPI 3.1.0, section 4.8; AsyncAPI 3.0.0, "Schema"; JSON Schema 2020-12, core
and validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

NAME_MAPS = frozenset(
    {
        "$defs",
        "callbacks",
        "channels",
        "content",
        "definitions",
        "dependentRequired",
        "dependentSchemas",
        "encoding",
        "headers",
        "links",
        "mapping",
        "messages",
        "operations",
        "parameters",
        "pathItems",
        "paths",
        "patternProperties",
        "properties",
        "requestBodies",
        "responses",
        "schemas",
        "scopes",
        "securitySchemes",
        "servers",
        "variables",
        "webhooks",
    }
)
"""Keys whose value, where it is an object, maps names that somebody chose."""

DATA = frozenset(
    {"const", "default", "enum", "example", "examples", "security", "value"}
)
"""Keys whose value is data: nothing inside it is a word of the format."""

STREAM_ITEM = "x-itemSchema"
"""The extension of a media type that holds the schema of each item of a stream."""

REF_ROOT = "#/components/"

METHODS = ("delete", "get", "head", "options", "patch", "post", "put", "trace")


def is_data(key: str) -> bool:
    """Tell whether a format's word holds data: examples, defaults, extensions."""
    return key in DATA or (key.startswith("x-") and key != STREAM_ITEM)


def reference_slots(node: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each place below `node` that refers to a component, in document order.

    A slot is an object and the key whose value is the reference: `$ref`, or an entry
    of a discriminator's `mapping`. Writing to the slot changes the document.
    """
    # A stack, not recursion: generators that delegate cost a frame for each level.
    stack: list[tuple[Any, bool]] = [(node, False)]
    while stack:
        current, names = stack.pop()
        if type(current) is list:
            stack.extend([(item, False) for item in reversed(current)])
        elif type(current) is dict:
            children = []
            for key, value in current.items():
                if type(value) is str:
                    if key == "$ref" and not names and value.startswith(REF_ROOT):
                        yield current, key
                elif names:
                    children.append((value, False))
                elif key == "discriminator" and type(value) is dict:
                    mapping = value.get("mapping", {})
                    yield from (
                        (mapping, tag)
                        for tag, target in mapping.items()
                        if target.startswith(REF_ROOT)
                    )
                elif not is_data(key):
                    children.append((value, key in NAME_MAPS))
            children.reverse()
            stack.extend(children)


def operations_of(
    path_items: dict[str, Any],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation, in (path, method) order."""
    for path in sorted(path_items):
        for method in METHODS:
            if method in path_items[path]:
                yield path, method, path_items[path][method]


def callback_operations(
    operation: dict[str, Any],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the callback's name, method and operation of each callback."""
    for name, path_items in sorted(operation.get("callbacks", {}).items()):
        for _, method, callback in operations_of(path_items):
            yield name, method, callback
