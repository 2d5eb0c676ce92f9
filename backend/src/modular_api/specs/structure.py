"""Tell which parts of a document are keywords of the format, names, or plain data.

A property may be called `required`, the code of an answer may be `default`, and an
example may contain a `$ref` that is not a reference. Code that walks a document has to
tell these from the format's keywords, and uses this module for it. OpenAPI and AsyncAPI
share one list, because no keyword of one is a name or data in the other.

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
"""Keys whose value, if it is an object, maps names that the author chose."""

DATA = frozenset(
    {"const", "default", "enum", "example", "examples", "security", "value"}
)
"""Keys whose value is data: nothing inside it is a keyword of the format."""

STREAM_ITEM = "x-itemSchema"
"""The extension of a media type with the schema of each item of a stream."""

WHOLE_PATH = "x-path"
"""The extension of a path parameter that may hold slashes: `{file:path}`."""

REF_ROOT = "#/components/"

METHODS = ("delete", "get", "head", "options", "patch", "post", "put", "trace")


def is_data(key: str) -> bool:
    """Tell whether the value of a keyword is data: examples, defaults, extensions."""
    return key in DATA or (key.startswith("x-") and key != STREAM_ITEM)


def reference_slots(node: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each place below `node` that refers to a component, in document order.

    A place is an object and the key whose value is the reference: `$ref`, or an entry
    of a discriminator's `mapping`. Assigning to it changes the document.
    """
    # A stack instead of recursion, in which nested generators cost a frame per level.
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
