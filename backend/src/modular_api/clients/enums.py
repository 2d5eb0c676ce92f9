"""Enums that accept values they do not know, as newer servers send them.

A value that is none of an enum's arrives as a member of it all the same, under the
value as its name, and goes back unchanged. Iterating over the enum does not yield it.
Where the enum is one of texts or of integers, and the value neither, no member of it can
hold the value: an `OtherValue` does.
"""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum
from typing import Any, Self, TypeVar

Member = TypeVar("Member", bound=Enum)


class OpenStrEnum(StrEnum):
    """An enum of texts; a value it does not know is a text and a member, too."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        return _unknown(str.__new__(cls, value), value)


class OpenIntEnum(IntEnum):
    """An enum of integers; a value it does not know is an integer and a member, too."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        return _unknown(int.__new__(cls, value), value)


class OpenEnum(Enum):
    """An enum of other, or mixed, JSON values, compared by their values."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return _unknown(object.__new__(cls), value)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value)


class OtherValue:
    """What a newer server sends in the place of an enum of another JSON type.

    It is no member of the enum, has `value` and `name` as members have, and equals the
    value.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    @property
    def value(self) -> Any:
        """What the server sent."""
        return self._value

    @property
    def name(self) -> str:
        """The value as a text."""
        return str(self._value)

    def __eq__(self, other: object) -> bool:
        value = other._value if isinstance(other, OtherValue) else other
        return bool(self._value == value)

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"OtherValue({self._value!r})"


def _unknown(member: Member, value: object) -> Member:
    member._name_ = str(value)
    member._value_ = value
    return member
