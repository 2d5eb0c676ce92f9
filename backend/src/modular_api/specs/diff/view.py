"""The meaning of a schema, independent of its spelling.

`anyOf: [X, null]`, `type: [x, null]` and `nullable: true` become one flag; references
and wrappers of one alternative are followed; what the spelling implies is written out.
Two schemas with the same meaning give equal views.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modular_api.specs.diff.document import Json, Part
from modular_api.specs.diff.errors import UnresolvedReference

PROSE = frozenset(
    {
        "$comment",
        "$schema",
        "description",
        "example",
        "examples",
        "externalDocs",
        "title",
    }
)
"""Keywords of a schema that are meant for people."""

USE = frozenset(
    {
        "default",
        "deprecated",
        "readOnly",
        "writeOnly",
        "x-extensible-enum",
        "x-stability",
        "x-stability-level",
        "x-sunset",
    }
)
"""Keywords that say how a schema is used in its place, not what data it allows."""

_KEPT_APART = frozenset({"$defs", "$id", "$anchor", "definitions", "nullable"})

_SHAPES: dict[str, tuple[type, ...]] = {
    "$ref": (str,),
    "additionalProperties": (dict, bool),
    "allOf": (list,),
    "anyOf": (list,),
    "contains": (dict, bool),
    "contentEncoding": (str,),
    "contentMediaType": (str,),
    "contentSchema": (dict, bool),
    "dependentRequired": (dict,),
    "dependentSchemas": (dict,),
    "deprecated": (bool,),
    "discriminator": (dict, str),
    "else": (dict, bool),
    "enum": (list,),
    "exclusiveMaximum": (int, float, bool),
    "exclusiveMinimum": (int, float, bool),
    "format": (str,),
    "if": (dict, bool),
    "items": (dict, bool),
    "maxContains": (int, float),
    "maxItems": (int, float),
    "maxLength": (int, float),
    "maxProperties": (int, float),
    "maximum": (int, float),
    "minContains": (int, float),
    "minItems": (int, float),
    "minLength": (int, float),
    "minProperties": (int, float),
    "minimum": (int, float),
    "multipleOf": (int, float),
    "not": (dict, bool),
    "nullable": (bool,),
    "oneOf": (list,),
    "pattern": (str,),
    "patternProperties": (dict,),
    "prefixItems": (list,),
    "properties": (dict,),
    "propertyNames": (dict, bool),
    "readOnly": (bool,),
    "required": (list,),
    "then": (dict, bool),
    "type": (str, list),
    "unevaluatedItems": (dict, bool),
    "unevaluatedProperties": (dict, bool),
    "uniqueItems": (bool,),
    "writeOnly": (bool,),
    "x-extensible-enum": (list,),
}

_TYPES = frozenset(
    {"array", "boolean", "integer", "null", "number", "object", "string"}
)

# A schema with one of these means the same as one without it.
_SAYS_NOTHING: dict[str, Any] = {
    "minItems": 0,
    "minLength": 0,
    "minProperties": 0,
    "uniqueItems": False,
}


@dataclass(frozen=True)
class View:
    """The meaning of a schema.

    Attributes:
        words: the keywords that restrict data; shared between views, never changed.
        use: the keywords about its use: default, deprecated, readOnly and so on.
        nullable: null is allowed besides the data that `words` describe.
        name: the reference that the words come from, if they are unchanged.
        part: the schema that has the words.
    """

    words: Json
    use: Json
    nullable: bool
    name: str | None
    part: Part

    @property
    def union(self) -> str | None:
        """The keyword that lists alternatives, if there are any."""
        return next((word for word in ("oneOf", "anyOf") if word in self.words), None)

    @property
    def types(self) -> frozenset[str] | None:
        """The JSON types the data may have, or None for all of them."""
        found = self.words.get("type")
        if found is None:
            return _types_of_values(self.words)
        return frozenset([found] if isinstance(found, str) else found)

    @property
    def is_anything(self) -> bool:
        """Whether the schema allows any data, including null."""
        return not self.words

    def branch(self, word: str, index: int | str) -> Part:
        """Return the schema at an index of a list in this one."""
        return Part(
            self.part.document,
            self.words[word][index],
            f"{self.part.place}/{word}/{index}",
        )

    def below(self, word: str) -> Part:
        """Return the schema at a keyword of this one."""
        return Part(self.part.document, self.words[word], f"{self.part.place}/{word}")

    def describe(self) -> str:
        """Return the type in words: `list of string or null`."""
        return self._describe() + (" or null" if self.nullable else "")

    def _describe(self) -> str:
        if self.union:
            return f"one of {len(self.words[self.union])} alternatives"
        types = self.types
        if types is None:
            return "anything"
        named = " or ".join(sorted(types))
        return f"{named} ({self.words['format']})" if "format" in self.words else named


class Views:
    """Makes the views of schemas, each once."""

    def __init__(self) -> None:
        # By id; the part in the view keeps its value alive, so the id is not reused.
        self._known: dict[int, tuple[Any, View]] = {}

    def of(self, part: Part) -> View:
        """Return the meaning of a schema.

        Raises: MalformedDocument, UnresolvedReference: it has none.
        """
        known = self._known.get(id(part.value))
        if known is None:
            known = (part.value, self._make(part))
            self._known[id(part.value)] = known
        return known[1]

    def _make(self, part: Part) -> View:
        use: Json = {}
        nullable = False
        name: str | None = None
        outer: Json = {}
        followed: set[str] = set()
        while True:
            words = _checked(part)
            for word in USE & words.keys():
                use.setdefault(word, words[word])
            nullable = nullable or words.get("nullable", False)
            words = {
                word: value
                for word, value in words.items()
                if not _says_nothing(word, value)
            }
            if "$ref" in words:
                reference = words.pop("$ref")
                if reference in followed:
                    raise UnresolvedReference(
                        reference,
                        "which leads back to itself",
                        side=part.document.side,
                        place=part.place,
                    )
                followed.add(reference)
                outer = {**words, **outer}
                part = part.document.at(reference, asked_from=part.place)
                name = reference
                continue
            words, null = without_null(words)
            nullable = nullable or null
            inner = _only_alternative(words)
            if inner is None:
                break
            word, index = inner
            part = Part(
                part.document,
                words[word][index],
                f"{part.place}/{word}/{index}",
            )
            name = None
        if outer:
            words, null = without_null({**words, **outer})
            nullable = nullable or null
            name = None
        return View(_modern_bounds(words), use, nullable, name, part)


def _checked(part: Part) -> Json:
    """Return the keywords of a schema; true and false are written as objects."""
    if part.value is True:
        return {}
    if part.value is False:
        return {"not": {}}
    words = part.mapping()
    for word in words:
        shapes = _SHAPES.get(word)
        if shapes is not None and not isinstance(words[word], shapes):
            raise part.children()[word].malformed(_SHAPE_WORDS[shapes])
        if type(words[word]) is bool and shapes is not None and bool not in shapes:
            raise part.children()[word].malformed(_SHAPE_WORDS[shapes])
    _check_names(part, words)
    return words


_SHAPE_WORDS: dict[tuple[type, ...], str] = {
    (str,): "text",
    (dict, bool): "a schema",
    (list,): "a list",
    (dict,): "an object",
    (bool,): "true or false",
    (int, float): "a number",
    (int, float, bool): "a number",
    (str, list): "a type or a list of types",
    (dict, str): "an object",
}


def _check_names(part: Part, words: Json) -> None:
    types = words.get("type", [])
    for name in [types] if isinstance(types, str) else types:
        if not isinstance(name, str) or name not in _TYPES:
            raise part.children()["type"].malformed("a type of JSON Schema")
    for name in words.get("required", ()):
        if not isinstance(name, str):
            raise part.children()["required"].malformed("a list of names")


def _says_nothing(word: str, value: Any) -> bool:
    if word in PROSE or word in USE or word in _KEPT_APART:
        return True
    if word in _SAYS_NOTHING:
        return bool(value == _SAYS_NOTHING[word])
    # Extensions are for tools; `prose` notes their changes.
    is_empty = word in ("required", "allOf") and value == []
    return is_empty or word.startswith("x-")


def without_null(words: Json) -> tuple[Json, bool]:
    """Return the keywords of a schema without null, and whether it allowed null."""
    nullable = False
    types = words.get("type")
    if isinstance(types, list):
        left = [name for name in types if name != "null"]
        if left:
            nullable = len(left) < len(types)
            words = {**words, "type": left[0] if len(left) == 1 else left}
        else:
            words = {**words, "type": "null"} if types else _dropped(words, "type")
    for word in ("anyOf", "oneOf"):
        branches = words.get(word)
        if isinstance(branches, list) and branches:
            left = [branch for branch in branches if not _is_null(branch)]
            if left and len(left) < len(branches):
                nullable = True
                words = {**words, word: left}
        elif branches == []:
            words = _dropped(words, word)
    values = words.get("enum")
    if isinstance(values, list) and None in values and len(values) > 1:
        nullable = nullable or "type" not in words
        words = {**words, "enum": [value for value in values if value is not None]}
    return words, nullable


def _dropped(words: Json, word: str) -> Json:
    return {name: value for name, value in words.items() if name != word}


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and (
        schema.get("type") in ("null", ["null"])
        or ("const" in schema and schema["const"] is None)
        or schema.get("enum") == [None]
    )


def _only_alternative(words: Json) -> tuple[str, int] | None:
    """Return where the only schema is that these words wrap, if they only do that."""
    if len(words) == 1:
        for word in ("anyOf", "oneOf", "allOf"):
            if len(words.get(word, ())) == 1:
                return word, 0
    return None


def _types_of_values(words: Json) -> frozenset[str] | None:
    """Return the type that all allowed values have, if there is one."""
    values = words["enum"] if "enum" in words else [words.get("const")]
    types = {_type_of(value) for value in values}
    found = types.pop() if len(types) == 1 else None
    return frozenset([found]) if found is not None else None


def _modern_bounds(words: Json) -> Json:
    """Convert `exclusiveMaximum: true` of OpenAPI 3.0 to the later number."""
    for bound, exclusive in (
        ("maximum", "exclusiveMaximum"),
        ("minimum", "exclusiveMinimum"),
    ):
        if isinstance(words.get(exclusive), bool):
            is_set = words[exclusive] and bound in words
            changed = _dropped(words, exclusive)
            if is_set:
                changed = {**_dropped(changed, bound), exclusive: words[bound]}
            words = changed
    return words


def _type_of(value: Any) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    for kind, name in (
        (str, "string"),
        (int, "integer"),
        (float, "number"),
        (dict, "object"),
        (list, "array"),
    ):
        if isinstance(value, kind):
            return name
    return None
