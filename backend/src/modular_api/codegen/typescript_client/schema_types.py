"""JSON Schema as TypeScript types.

What a type cannot express, such as `minimum`, is in its comment.
Source: JSON Schema draft 7, in which AsyncAPI 3.0 documents are written; and
`prefixItems` of 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from modular_api.codegen.typescript_client.names import literal, property_name
from modular_api.codegen.typescript_client.tsdoc import comment, lines_about

_PRIMITIVES = {
    "boolean": "boolean",
    "integer": "number",
    "null": "null",
    "number": "number",
    "string": "string",
}
_OBJECT_WORDS = ("properties", "additionalProperties", "patternProperties")
_ARRAY_WORDS = ("items", "prefixItems")


@dataclass(frozen=True)
class TypeText:
    """A type in source code.

    Attributes:
        is_loose: whether it needs brackets next to an operator.
    """

    text: str
    is_loose: bool = False

    @property
    def tight(self) -> str:
        """The type, in brackets if it is loose."""
        return f"({self.text})" if self.is_loose else self.text


class SchemaTypes:
    """Writes types; a reference becomes the name of its target.

    Args:
        names: the type's name by the reference: `{"#/components/schemas/Bar": "Bar"}`.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def text_of(self, schema: Any, indent: str = "") -> str:
        """Return the type of the values that a schema allows."""
        return self._type_of(schema, indent).text

    def _type_of(self, schema: Any, indent: str) -> TypeText:
        if schema is True:
            return _UNKNOWN
        if schema is False:
            return TypeText("never")
        if "$ref" in schema:
            return TypeText(self._names[schema["$ref"]])
        if "const" in schema:
            return TypeText(_literal_type(schema["const"]))
        if "enum" in schema:
            return _union(TypeText(_literal_type(each)) for each in schema["enum"])
        parts = [self._own_type(schema, indent), *self._combined(schema, indent)]
        return _intersection([part for part in parts if part != _UNKNOWN])

    def _combined(self, schema: Mapping[str, Any], indent: str) -> Iterator[TypeText]:
        """Yield the types of `allOf`, `anyOf` and `oneOf`, which must all be met."""
        for each in schema.get("allOf", ()):
            yield self._type_of(each, indent)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                yield _union(self._type_of(each, indent) for each in schema[word])

    def _own_type(self, schema: Mapping[str, Any], indent: str) -> TypeText:
        types = schema.get("type")
        if isinstance(types, str):
            return self._typed(types, schema, indent)
        if isinstance(types, Sequence):
            return _union(self._typed(each, schema, indent) for each in types)
        if any(word in schema for word in _OBJECT_WORDS):
            return self._typed("object", schema, indent)
        if any(word in schema for word in _ARRAY_WORDS):
            return self._typed("array", schema, indent)
        return _UNKNOWN

    def _typed(self, type_: str, schema: Mapping[str, Any], indent: str) -> TypeText:
        if type_ == "object":
            return self._object(schema, indent)
        if type_ == "array":
            return self._array(schema, indent)
        return TypeText(_PRIMITIVES[type_])

    def _object(self, schema: Mapping[str, Any], indent: str) -> TypeText:
        inner = indent + "  "
        required = set(schema.get("required", ()))
        members = ""
        types = []
        for name, member in _members_of(schema, required).items():
            type_ = self._type_of(member, inner)
            about = lines_about(member) if isinstance(member, Mapping) else []
            mark = "" if name in required else "?"
            members += comment(about, inner)
            members += f"{inner}{property_name(name)}{mark}: {type_.text};\n"
            types += [type_] if name in required else [type_, TypeText("undefined")]
        further = [self._type_of(each, inner) for each in _further_members_of(schema)]
        if further:
            # An index signature also applies to the named properties.
            value = _union([*further, *types])
            members += f"{inner}[key: string]: {value.text};\n"
        if not members:
            return TypeText("{ [key: string]: never }")
        return TypeText(f"{{\n{members}{indent}}}")

    def _array(self, schema: Mapping[str, Any], indent: str) -> TypeText:
        items = schema.get("items", True)
        first = schema.get("prefixItems", items if isinstance(items, list) else None)
        if first is None:
            return TypeText(f"{self._type_of(items, indent).tight}[]")
        word = "items" if "prefixItems" in schema else "additionalItems"
        further = schema.get(word, True)
        least = schema.get("minItems", 0)
        members = [
            (
                self._type_of(each, indent).text
                if index < least
                else f"{self._type_of(each, indent).tight}?"
            )
            for index, each in enumerate(first)
        ]
        if further is not False and schema.get("maxItems") != len(first):
            members.append(f"...{self._type_of(further, indent).tight}[]")
        return TypeText(f"[{', '.join(members)}]")


_UNKNOWN = TypeText("unknown")


def _members_of(schema: Mapping[str, Any], required: Set[str]) -> Mapping[str, Any]:
    """Return the named properties; a required one may have no schema."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    undescribed = sorted(required - properties.keys())
    return {**properties, **dict.fromkeys(undescribed, True)}


def _further_members_of(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the schemas of further properties; none if they are not mentioned.

    A server may send more than it promised, but nobody should read that by accident. An
    object without any description may hold anything.
    """
    patterns = schema.get("patternProperties", {})
    yield from patterns.values()
    says_nothing = not (patterns or schema.get("properties") or schema.get("required"))
    further = schema.get("additionalProperties", says_nothing)
    if further is not False:
        yield further


def _literal_type(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal_type, value))}]"
    if isinstance(value, dict):
        members = (f"{property_name(k)}: {_literal_type(v)}" for k, v in value.items())
        return f"{{ {'; '.join(members)} }}"
    return literal(value)


def _union(types: Iterable[TypeText]) -> TypeText:
    # `&` binds more tightly than `|`, so nothing needs brackets here.
    unique = list(dict.fromkeys(types))
    if _UNKNOWN in unique:
        return _UNKNOWN
    if len(unique) == 1:
        return unique[0]
    return TypeText(" | ".join(each.text for each in unique) or "never", is_loose=True)


def _intersection(types: Sequence[TypeText]) -> TypeText:
    unique = list(dict.fromkeys(types))
    if len(unique) < 2:
        return unique[0] if unique else _UNKNOWN
    return TypeText(" & ".join(each.tight for each in unique), is_loose=True)
