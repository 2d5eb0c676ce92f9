"""Values in generated code."""

from __future__ import annotations


def literal(value: str | int | float | bool) -> str:
    """Return a value as a Python literal, quoted as black does."""
    text = repr(value)
    if not isinstance(value, str) or '"' in value or text.startswith('"'):
        return text
    return f'"{text[1:-1]}"'
