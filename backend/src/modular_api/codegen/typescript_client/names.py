"""Names that TypeScript allows, each used once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_WORD = re.compile(r"[^A-Za-z0-9]+")
_PROPERTY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_LINE_SEPARATORS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"})

_TYPES_OF_THE_FILE = """
    ClientMessage ClientTimeout ConnectionLost Feed Gap GapReason LinkState
    MalformedMessage ModuleSocket Promise ServerMessage SocketClosed SocketError
    SocketErrorAnswer SocketOptions WebSocketConstructor WebSocketLike
"""
RESERVED_TYPES = frozenset(_TYPES_OF_THE_FILE.split())
"""Names that a type must not have, because the generated file uses them."""

_METHODS_OF_ALL = """
    ask close constructor follow hasOwnProperty isPrototypeOf listen onMessage open
    propertyIsEnumerable state tell toLocaleString toString valueOf
"""
RESERVED_METHODS = frozenset(_METHODS_OF_ALL.split())
"""Names that a method must not have, because every socket or object has them."""


class Names:
    """Hands out each name once; one that is taken gets a suffix, and then numbers."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def take(self, wanted: str, suffix: str) -> str:
        """Return the name, or the next one that is free."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}{suffix}" + (str(number - 1) if number > 2 else "")
        self._taken.add(name)
        return name


def pascal_case(text: str) -> str:
    """Return `BarsUpdate` for `bars.update`; what is already a name is unchanged."""
    name = "".join(word[:1].upper() + word[1:] for word in _WORD.split(text))
    return name if name[:1].isalpha() else f"_{name}"


def camel_case(text: str) -> str:
    """Return `alertsPrice` for `alerts.price` and `alerts_price`."""
    name = pascal_case(text)
    return name[:1].lower() + name[1:]


def property_name(text: str) -> str:
    """Return the name of a property, in quotes if it needs them."""
    return text if _PROPERTY.fullmatch(text) else literal(text)


def literal(value: object) -> str:
    """Return a JSON value as source code."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_SEPARATORS)
