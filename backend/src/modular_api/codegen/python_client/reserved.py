"""Names reserved by generated code, and how a colliding name is changed.

The generator renames what Python reserves, but not what its own templates use.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

FIELDS = frozenset(
    {
        "additional_keys",
        "additional_properties",
        "fits",
        "from_dict",
        "known",
        "to_dict",
        "to_multipart",
    }
)
"""Attributes of a generated model."""

PARAMETERS = frozenset({"body"})
"""Parameters that every operation's functions have."""

VALUES = frozenset({"UNSET", "datetime", "types"})
"""Other names that generated modules import."""

CLASSES = frozenset(
    {
        "Any",
        "BinaryIO",
        "BytesIO",
        "ClassVar",
        "Decimal",
        "File",
        "FileTypes",
        "Generator",
        "HTTPStatus",
        "IntEnum",
        "ItemStream",
        "Literal",
        "Mapping",
        "RequestFiles",
        "ServerSentEvent",
        "Self",
        "StrEnum",
        "SyncItemStream",
        "T",
        "TextIO",
        "TypeVar",
        "Unknown",
        "Unset",
        "UUID",
    }
)
"""Classes that generated modules import under their own names."""

METHODS = frozenset(
    {
        "aclose",
        "api_version",
        "close",
        "module_name",
        "prefix",
        "security_schemes",
        "sync",
    }
)
"""Attributes of a client that an operation cannot be named after."""


def free_name(wanted: str, taken: Collection[str]) -> str:
    """Return the name, with as many underscores appended as needed to be free."""
    while wanted in taken:
        wanted += "_"
    return wanted


def enum_members(values: Sequence[str | int | float | bool]) -> dict[str, Any]:
    """Name the members of an enum; different values have different names.

    A string gives its name in capitals, reduced to letters and digits; if that is not
    an identifier, the name is made from its position.
    """
    members: dict[str, Any] = {}
    plain = [_member_name(value, index) for index, value in enumerate(values)]
    for name, value in zip(plain, values, strict=True):
        count = 2
        candidate = name
        while candidate in members or (candidate != name and candidate in plain):
            candidate = f"{name}_{count}"
            count += 1
        members[candidate] = value
    return members


def _member_name(value: str | int | float | bool, index: int) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        sign = "NEGATIVE_" if value < 0 else ""
        digits = re.sub(r"\W", "_", repr(abs(value)).replace("-", "MINUS_"))
        return f"VALUE_{sign}{digits}".upper()
    words = re.findall(r"[^\W_]+", value)
    name = "_".join(words).upper()
    return name if name.isidentifier() and value[0].isalpha() else f"VALUE_{index}"
