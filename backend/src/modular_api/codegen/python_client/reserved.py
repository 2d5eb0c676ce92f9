"""Names that generated code needs for itself, and what those who bear them are called.

The generator renames what Python reserves; these are the names of its own templates,
which it overlooks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

FIELDS = frozenset(
    {
        "additional_keys",
        "additional_properties",
        "cast",
        "cls",
        "d",
        "field_dict",
        "from_dict",
        "isoparse",
        "prop",
        "prop_dict",
        "prop_name",
        "src_dict",
        "to_dict",
        "to_multipart",
    }
)
"""Attributes and local variables of a generated model."""

PARAMETERS = frozenset({"body", "cookies", "headers", "params"})
"""Local variables of the function that builds a request."""

CLASSES = frozenset(
    {
        "Any",
        "BinaryIO",
        "BytesIO",
        "File",
        "FileTypes",
        "Generator",
        "HTTPStatus",
        "IntEnum",
        "Literal",
        "Mapping",
        "RequestFiles",
        "Self",
        "StrEnum",
        "T",
        "TextIO",
        "TypeVar",
        "Unset",
        "UUID",
    }
)
"""Classes that generated modules import under their own names."""

METHODS = frozenset({"aclose", "api_version", "close", "module_name", "prefix", "sync"})
"""Attributes of a client that an operation cannot be named after."""


def free_name(wanted: str, taken: Collection[str]) -> str:
    """Return the name with as many underscores behind it as it takes to be free."""
    while wanted in taken:
        wanted += "_"
    return wanted


def enum_member_names(values: Sequence[Any]) -> list[str] | None:
    """Return distinct names for string members, or None where there is no collision.

    The generator names a member by its upper-cased value with all but letters and
    digits stripped: it fails on `a` and `A`, and loses one of `a-b` and `a_b`.
    """
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len([value for value in values if value is not None]):
        return None
    plain = [_member_name(text, index) for index, text in enumerate(texts)]
    if len(set(plain)) == len(plain) == len({text.upper() for text in texts}):
        return None
    names: list[str] = []
    for name in plain:
        count = 2
        candidate = name
        while candidate in names or (candidate != name and candidate in plain):
            candidate = f"{name}_{count}"
            count += 1
        names.append(candidate)
    return names


def _member_name(text: str, index: int) -> str:
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "_".join(words).upper()
    return name if name[:1].isalpha() else f"VALUE_{index}"
