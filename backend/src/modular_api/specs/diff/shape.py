"""A schema's shape: one value that is equal for schemas that allow the same."""

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


class Shapes:
    """Makes shapes, in which names of components do not occur."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._known: dict[tuple[str, str], str] = {}

    def of(self, part: Part) -> str:
        """Return a schema's shape: a hash of all it demands, references followed."""
        return _Walk(self._views, self._known).shape(part, ())


class _Walk:
    def __init__(self, views: Views, known: dict[tuple[str, str], str]) -> None:
        self._views = views
        self._known = known
        # The outermost name above the current schema that a circle leads back to.
        self._outermost = 0

    def shape(self, part: Part, above: tuple[str, ...]) -> str:
        view = self._views.of(part)
        return _hash([view.nullable, view.use, self._words(view, above)])

    def _words(self, view: View, above: tuple[str, ...]) -> Any:
        if view.name is None:
            return self._described(view, above)
        if view.name in above:
            position = above.index(view.name)
            self._outermost = min(self._outermost, position)
            return ["circle", len(above) - position]
        key = (view.part.document.side, view.name)
        if key in self._known:
            return self._known[key]
        outermost, self._outermost = self._outermost, len(above)
        found = self._described(view, (*above, view.name))
        if self._outermost >= len(above):
            # No circle leads further up, so the shape is the same wherever it is used.
            self._known[key] = found
        self._outermost = min(outermost, self._outermost)
        return found

    def _described(self, view: View, above: tuple[str, ...]) -> str:
        return _hash(
            {
                word: self._word(view, word, value, above)
                for word, value in view.words.items()
            }
        )

    def _word(self, view: View, word: str, value: Any, above: tuple[str, ...]) -> Any:
        if word in _SCHEMAS:
            return self.shape(view.below(word), above)
        if word in _SCHEMA_LISTS:
            shapes = [
                self.shape(view.branch(word, index), above)
                for index in range(len(value))
            ]
            return sorted(shapes) if word in _ALTERNATIVES else shapes
        if word in _SCHEMA_MAPS:
            return {name: self.shape(view.branch(word, name), above) for name in value}
        if word == "discriminator" and isinstance(value, dict):
            return [value.get("propertyName"), sorted(value.get("mapping") or {})]
        if word in _ORDERLESS and isinstance(value, list):
            return sorted(map(_text, value))
        return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _hash(value: Any) -> str:
    return hashlib.sha256(_text(value).encode()).hexdigest()
