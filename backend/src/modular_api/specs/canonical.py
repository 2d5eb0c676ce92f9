"""The canonical text of a document, the same in whatever order Python built it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from modular_api.specs.data import SetOrder, encoded, sorted_data
from modular_api.specs.structure import NAME_MAPS, is_data
from modular_api.types import Document


def canonical(document: Mapping[str, Any]) -> Document:
    """Return the document with everything sorted whose order has no meaning.

    Sorted are keys at every level, `required` lists, and the elements of defaults and
    examples that represent sets, because their order differs between processes. Every
    other list keeps its order.
    """
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, Mapping) else None
    return _Sorter(schemas if isinstance(schemas, Mapping) else {}).object(document)


def canonical_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the document's canonical JSON: UTF-8, two spaces, a newline at the end."""
    # pydantic's encoder is native; json.dumps falls back to Python when it indents.
    return encoded(canonical(document), indent=2) + b"\n"


def sha256_hex(content: bytes) -> str:
    """Return the SHA-256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class _Sorter:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._sets = SetOrder(schemas)

    def object(self, node: Mapping[str, Any]) -> Document:
        """Sort an object whose keys are keywords of the format."""
        result: Document = {}
        for key in sorted(node):
            value = node[key]
            kind = type(value)
            if kind is str or kind is bool:
                result[key] = value
            elif is_data(key):
                result[key] = sorted_data(self._sets.settled(key, node))
            elif key in NAME_MAPS and kind is dict:
                result[key] = {name: self.any(value[name]) for name in sorted(value)}
            elif key == "required" and kind is list:
                result[key] = sorted(value, key=str)
            else:
                result[key] = self.any(value)
        return result

    def any(self, value: Any) -> Any:
        if type(value) is dict:
            return self.object(value)
        if type(value) is list:
            return [self.any(item) for item in value]
        return value
