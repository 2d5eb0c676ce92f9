"""TSDoc comments made from schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any

from modular_api.codegen.typescript_client.names import literal

_CONSTRAINTS = (
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)


def comment(lines: Iterable[str], indent: str = "") -> str:
    """Return a comment of these lines; an empty text if there are none."""
    # A comment ends at the first `*/`, even inside a word.
    safe = [line.replace("*/", "*\\/").rstrip() for line in lines]
    if not safe:
        return ""
    if len(safe) == 1:
        return f"{indent}/** {safe[0]} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in safe)
    return f"{indent}/**\n{body}{indent} */\n"


def lines_about(schema: Mapping[str, Any]) -> list[str]:
    """Return lines on description, constraints, default, deprecation of a schema."""
    lines = cleandoc(str(schema.get("description", ""))).splitlines()
    told = [
        f"{word} {literal(schema[word])}" for word in _CONSTRAINTS if word in schema
    ]
    if told:
        lines.append(f"Constraints: {', '.join(told)}.")
    if "default" in schema:
        lines.append(f"@defaultValue {literal(schema['default'])}")
    if schema.get("deprecated") is True:
        lines.append("@deprecated")
    return lines
