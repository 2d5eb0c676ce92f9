"""Schemas in the older dialect of AsyncAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from modular_api.specs.draft_7 import to_draft_7


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


def converted(type_: Any) -> Any:
    return to_draft_7(TypeAdapter(type_).json_schema())


def test_a_tuple_lists_its_items() -> None:
    """As draft-07 does; what may follow them is additional."""
    assert converted(tuple[int, str])["items"] == [
        {"type": "integer"},
        {"type": "string"},
    ]
    schema = {"prefixItems": [{"type": "integer"}], "items": {"type": "string"}}
    assert to_draft_7(schema) == {
        "items": [{"type": "integer"}],
        "additionalItems": {"type": "string"},
    }


def test_a_discriminator_is_the_name_of_its_property() -> None:
    """At any depth."""
    assert converted(Pet)["discriminator"] == "kind"
    assert converted(list[Pet])["items"]["discriminator"] == "kind"


@pytest.mark.parametrize("word", ["prefixItems", "discriminator"])
def test_fields_and_data_of_these_names_stay(word: str) -> None:
    """A property is no word of the format, and an example is no schema."""
    schema = {
        "type": "object",
        "properties": {word: {"type": "array"}},
        "default": {word: {"propertyName": "x"}},
        "examples": [{word: [1]}],
    }
    assert to_draft_7(schema) == schema
