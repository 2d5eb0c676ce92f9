"""Enums that accept values they do not know, as newer servers send them.

A value that is none of an enum's arrives as a member of it all the same, under the
value as its name, and goes back unchanged. Iterating over the enum does not yield it.
"""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum
from typing import Self, TypeVar

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


def _unknown(member: Member, value: object) -> Member:
    member._name_ = str(value)
    member._value_ = value
    return member
