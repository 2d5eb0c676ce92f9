"""Examples made from schemas are valid, the same every time, and the author's first."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import pytest
from pydantic import AnyUrl, AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import to_json

from modular_api.specs.draft_7 import to_draft_7
from modular_api.specs.examples import NoExample, example_of


class Colour(Enum):
    RED = "red"


class Node(BaseModel):
    value: int
    next: Node | None = None
    children: list[Node] = []


class Point(NamedTuple):
    x: int
    y: str


class Everything(BaseModel):
    text: str
    long: Annotated[str, Field(min_length=30)]
    short: Annotated[str, Field(max_length=2)]
    when: datetime
    aware: AwareDatetime
    day: date
    hour: time
    span: timedelta
    id: UUID
    url: AnyUrl
    money: Decimal
    colour: Colour
    word: Literal["a", "b"]
    above: Annotated[int, Field(gt=3)]
    below: Annotated[int, Field(lt=-3)]
    between: Annotated[float, Field(gt=0.25, lt=0.5)]
    even: Annotated[int, Field(multiple_of=4, ge=5)]
    several: Annotated[list[int], Field(min_length=3)]
    few: Annotated[list[int], Field(max_length=0)]
    point: Point
    pair: tuple[int, str]
    maybe: int | None
    table: dict[str, int]
    node: Node
    yes: bool
    anything: Any


class Shown(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"symbol": "TSLA"}]})

    symbol: str


def example(type_: Any) -> Any:
    template = "#/components/schemas/{model}"
    schema = to_draft_7(TypeAdapter(type_).json_schema(ref_template=template))
    return example_of(schema, schema.get("$defs", {}))


@pytest.mark.parametrize(
    "type_",
    [Everything, Node, list[Node], Shown | int, Everything | None, int, None],
    ids=str,
)
def test_what_is_made_up_is_valid(type_: Any) -> None:
    """pydantic takes back what its own schema describes."""
    TypeAdapter(type_).validate_json(to_json(example(type_)))


def test_the_authors_words_come_first() -> None:
    """Of the whole, of a field, a constant, a default, the first of a choice."""
    field = Annotated[str, Field(examples=["AAPL", "TSLA"])]
    assert example(Shown) == {"symbol": "TSLA"}
    assert example(field) == "AAPL"
    assert example(Literal["x"]) == "x"
    assert example(Annotated[int, Field(default=9)]) == 9
    assert example(Colour) == "red"


def test_null_is_the_last_choice() -> None:
    """It would show nothing."""
    assert example(None | int) == 1


def test_what_refers_to_itself_ends() -> None:
    """After its first turn."""
    assert example(Node) == {"value": 1, "next": None, "children": []}


@pytest.mark.parametrize(
    "type_",
    [
        Annotated[str, Field(pattern="^[A-Z]{3}$")],
        Annotated[set[int], Field(min_length=2)],
        Annotated[int, Field(gt=1, lt=2)],
    ],
    ids=str,
)
def test_nothing_is_made_up_where_it_could_be_wrong(type_: Any) -> None:
    """A pattern needs an example of the author's."""
    with pytest.raises(NoExample):
        example(type_)


def test_fields_without_an_example_are_left_out_where_they_may() -> None:
    """A required one leaves the whole without."""

    class Loose(BaseModel):
        code: Annotated[str, Field(pattern="^x$")] = ""
        n: int

    class Strict(BaseModel):
        code: Annotated[str, Field(pattern="^x$")]

    assert example(Loose)["n"] == 1
    with pytest.raises(NoExample):
        example(Strict)
