"""The constraints of a schema, named as pydantic names them."""

from __future__ import annotations

from collections.abc import Iterator

from openapi_python_client import schema as oai

_NUMBERS = (
    ("minimum", "ge"),
    ("exclusiveMinimum", "gt"),
    ("maximum", "le"),
    ("exclusiveMaximum", "lt"),
    ("multipleOf", "multiple_of"),
)
_COUNTS = (
    ("minLength", "min_length"),
    ("maxLength", "max_length"),
    ("minItems", "min_length"),
    ("maxItems", "max_length"),
    ("minProperties", "min_length"),
    ("maxProperties", "max_length"),
)


def describe_constraints(schema: oai.Schema) -> str:
    """Return the constraints of a value and of a union's members: `ge=1, le=10`."""
    return ", ".join(dict.fromkeys(_constraints(schema)))


def _constraints(schema: oai.Schema) -> Iterator[str]:
    for key, word in _NUMBERS:
        number = getattr(schema, key)
        if isinstance(number, int | float) and not isinstance(number, bool):
            yield f"{word}={number:.17g}"
    is_tuple = bool(schema.prefixItems)
    for key, word in _COUNTS:
        count = getattr(schema, key)
        if count is not None and not is_tuple:
            yield f"{word}={count}"
    if schema.pattern is not None:
        yield f"pattern={schema.pattern.get_untrusted_value()}"
    for member in (*schema.anyOf, *schema.oneOf):
        if isinstance(member, oai.Schema):
            yield from _constraints(member)
    if isinstance(schema.items, oai.Schema):
        inner = ", ".join(_constraints(schema.items))
        if inner:
            yield f"each {inner}"
