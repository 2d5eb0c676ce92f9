"""Make examples from schemas: the author's, or else the simplest valid value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modular_api.specs.structure import REF_ROOT

_SCHEMAS = REF_ROOT + "schemas/"

_BY_FORMAT = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "decimal": "1.00",
    "duration": "PT1M",
    "email": "name@example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class NoExample(Exception):
    """No value can be made: a pattern would be needed, or the value would never end."""


def example_of(schema: Any, schemas: Mapping[str, Any]) -> Any:
    """Return a value that a schema allows, always the same one.

    Args:
        schema: a JSON schema of draft-07.
        schemas: the document's named schemas.

    Raises: NoExample
    """
    return _Examples(schemas).of(schema, frozenset())


class _Examples:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def of(self, schema: Any, inside: frozenset[str]) -> Any:
        """Return an example; `inside` are the named schemas of which it is a part."""
        if not isinstance(schema, Mapping):
            return None
        found, value = _written(schema)
        if found:
            return value
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix(_SCHEMAS)
            if name in inside or name not in self._schemas:
                raise NoExample(name)
            return self.of(self._schemas[name], inside | {name})
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self._first(schema[word], inside)
        if "allOf" in schema:
            return self._all(schema, inside)
        return self._of_type(_type(schema), schema, inside)

    def _first(self, alternatives: Iterable[Any], inside: frozenset[str]) -> Any:
        """Return the example of the first alternative with one, trying null last."""
        ordered = sorted(alternatives, key=lambda each: each.get("type") == "null")
        for alternative in ordered:
            try:
                return self.of(alternative, inside)
            except NoExample:
                continue
        raise NoExample("of no alternative")

    def _all(self, schema: Mapping[str, Any], inside: frozenset[str]) -> Any:
        parts = [self.of(part, inside) for part in schema["allOf"]]
        if not all(isinstance(part, dict) for part in parts):
            return parts[0]
        own = self._object(schema, inside) if "properties" in schema else {}
        return {key: value for part in (*parts, own) for key, value in part.items()}

    def _of_type(
        self, kind: str, schema: Mapping[str, Any], inside: frozenset[str]
    ) -> Any:
        if kind == "object":
            return self._object(schema, inside)
        if kind == "array":
            return self._array(schema, inside)
        if kind == "string":
            return _string(schema)
        if kind in ("integer", "number"):
            return _number(schema, whole=kind == "integer")
        return True if kind == "boolean" else None

    def _object(self, schema: Mapping[str, Any], inside: frozenset[str]) -> Any:
        required = set(schema.get("required", ()))
        result = {}
        for name, field in schema.get("properties", {}).items():
            try:
                result[name] = self.of(field, inside)
            except NoExample:
                if name in required:
                    raise
        return result

    def _array(self, schema: Mapping[str, Any], inside: frozenset[str]) -> Any:
        items, least = schema.get("items", {}), schema.get("minItems", 0)
        if isinstance(items, list):
            return [self.of(item, inside) for item in items]
        if schema.get("maxItems") == 0:
            return []
        try:
            item = self.of(items, inside)
        except NoExample:
            if least:
                raise
            return []
        if least > 1 and schema.get("uniqueItems"):
            raise NoExample("several different items")
        return [item] * max(least, 1)


def _written(schema: Mapping[str, Any]) -> tuple[bool, Any]:
    """Return the example in the schema itself, if there is one."""
    if schema.get("examples"):
        return True, schema["examples"][0]
    for word in ("example", "const"):
        if word in schema:
            return True, schema[word]
    if schema.get("default") is not None:
        return True, schema["default"]
    if schema.get("enum"):
        return True, schema["enum"][0]
    return False, None


def _type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind is None and "properties" in schema:
        return "object"
    return str(kind)


def _string(schema: Mapping[str, Any]) -> str:
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    if "pattern" in schema:
        raise NoExample(schema["pattern"])
    text: str = "text".ljust(schema.get("minLength", 0), "t")
    return text[: schema.get("maxLength", len(text))]


def _number(schema: Mapping[str, Any], *, whole: bool) -> Any:
    """Return a multiple of the step near 1 within the bounds, if there is one."""
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    candidates = [step, 0]
    if low is not None:
        multiple = -(-low // step) * step
        candidates += [multiple, multiple + step]
    if high is not None:
        multiple = high // step * step
        candidates += [multiple, multiple - step]
    if low is not None and high is not None and not whole:
        candidates.append((low + high) / 2)
    for value in candidates:
        if _within(value, schema):
            return int(value) if whole else value
    raise NoExample("between the bounds")


def _within(value: Any, schema: Mapping[str, Any]) -> bool:
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
    )
