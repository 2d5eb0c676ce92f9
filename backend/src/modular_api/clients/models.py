"""What generated models have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

Value = TypeVar("Value")


class OpenModel(Generic[Value]):
    """A model that keeps fields its specification does not name, as items."""

    __slots__ = ()

    if TYPE_CHECKING:
        additional_properties: dict[str, Value]

    @property
    def additional_keys(self) -> list[str]:
        """Names of the fields that are not in the specification."""
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> Value:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Value) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
