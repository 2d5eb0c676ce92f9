"""The shape of a schema: a value that is equal for schemas that allow the same data."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from modular_api.specs.diff.document import Part
from modular_api.specs.diff.view import View, Views

_ORDERLESS = frozenset({"required", "enum", "type"})
_ALTERNATIVES = frozenset({"anyOf", "oneOf", "allOf"})
_SCHEMAS = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_SCHEMA_LISTS = _ALTERNATIVES | {"prefixItems"}
_SCHEMA_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas"})


# How many references deep a shape goes, so that circles end. Shapes are stored by name
# and remaining depth, which keeps them cheap however many circles there are.
_DEPTH = 12


class Shapes:
    """Makes shapes, which do not depend on the names of components."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._known: dict[tuple[str, str, int], str] = {}

    def of(self, part: Part) -> str:
        """Return the shape of a schema: a hash of its demands, references followed."""
        return self._shape(part, _DEPTH)

    def _shape(self, part: Part, depth: int) -> str:
        view = self._views.of(part)
        return _hash([view.nullable, view.use, self._words(view, depth)])

    def _words(self, view: View, depth: int) -> str:
        if view.name is None:
            return self._described(view, depth)
        if depth == 0:
            return "deeper than anybody looks"
        key = (view.part.document.side, view.name, depth)
        if key not in self._known:
            self._known[key] = self._described(view, depth - 1)
        return self._known[key]

    def _described(self, view: View, depth: int) -> str:
        return _hash(
            {
                word: self._word(view, word, value, depth)
                for word, value in view.words.items()
            }
        )

    def _word(self, view: View, word: str, value: Any, depth: int) -> Any:
        if word in _SCHEMAS:
            return self._shape(view.below(word), depth)
        if word in _SCHEMA_LISTS:
            shapes = [
                self._shape(view.branch(word, index), depth)
                for index in range(len(value))
            ]
            return sorted(shapes) if word in _ALTERNATIVES else shapes
        if word in _SCHEMA_MAPS:
            return {name: self._shape(view.branch(word, name), depth) for name in value}
        if word == "discriminator" and isinstance(value, dict):
            return [value.get("propertyName"), sorted(value.get("mapping") or {})]
        if word in _ORDERLESS and isinstance(value, list):
            return sorted(map(_text, value))
        return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _hash(value: Any) -> str:
    return hashlib.sha256(_text(value).encode()).hexdigest()
