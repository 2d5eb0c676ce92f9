"""Unions: of primitives, of models, with and without a discriminator."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from typing import Annotated, Literal

import pydantic

from tests.framework.codegen.constructs.catalogue import Theme

theme = Theme()


class Card(pydantic.BaseModel):
    kind: Literal["card"]
    number: str


class Cash(pydantic.BaseModel):
    kind: Literal["cash"]
    amount: int


class Transfer(pydantic.BaseModel):
    kind: Literal["wire", "sepa"]
    iban: str


class Payment(pydantic.BaseModel):
    method: Annotated[Card | Cash | Transfer, pydantic.Field(discriminator="kind")]


class Cat(pydantic.BaseModel):
    name: str
    lives: int


class Dog(pydantic.BaseModel):
    name: str
    tricks: list[str]


class Puppy(pydantic.BaseModel):
    name: str
    tricks: list[str]
    weeks: int


class Numbered(pydantic.BaseModel):
    value: int


class Worded(pydantic.BaseModel):
    value: str


class Timed(pydantic.BaseModel):
    value: datetime.datetime


class Zoo(pydantic.BaseModel):
    animal: Cat | Dog | None = None
    animals: list[Cat | Dog | Puppy]
    by_name: dict[str, Cat | Dog]


class V1(pydantic.BaseModel):
    version: Literal[1]
    a: int


class V2(pydantic.BaseModel):
    version: Literal[2]
    b: int


class Yes(pydantic.BaseModel):
    ok: Literal[True]
    value: int


class No(pydantic.BaseModel):
    ok: Literal[False]
    reason: str


class Shade(enum.StrEnum):
    DARK = "dark"
    LIGHT = "light"


class Holder(pydantic.BaseModel):
    inner: Numbered | Worded


class Wrapped(pydantic.BaseModel):
    inner: Holder | Cat


class Root(pydantic.RootModel[Cat | Dog]):
    pass


theme.body(
    "primitive_union",
    "`int | str | None`",
    int | str | None,
    lambda c: [1, "one", None],
)
theme.body("number_union", "`int | float`", int | float, lambda c: [1, 1.5])
theme.body(
    "bool_union", "`bool | int | str`", bool | int | str, lambda c: [True, 1, "x"]
)
theme.body("list_or_one", "`list[int] | int`", list[int] | int, lambda c: [[1, 2], 3])
theme.body(
    "uuid_or_int",
    "`UUID | int`",
    uuid.UUID | int,
    lambda c: [uuid.UUID(int=5), 7],
)
theme.body(
    "date_or_text",
    "`date | str`: two kinds of text",
    datetime.date | str,
    lambda c: [datetime.date(2026, 1, 2), "soon"],
)
theme.body(
    "datetime_or_date",
    "`date | datetime`",
    datetime.date | datetime.datetime,
    lambda c: [
        datetime.date(2026, 1, 2),
        datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC),
    ],
)
theme.body(
    "decimal_or_none",
    "`Decimal | None`",
    decimal.Decimal | None,
    lambda c: [decimal.Decimal("1.5"), None],
)
theme.body("enum_or_int", "`Enum | int`", Shade | int, lambda c: [c.Shade.DARK, 3])
theme.body(
    "model_or_text",
    "`Model | str`",
    Cat | str,
    lambda c: [c.Cat(name="a", lives=9), "none"],
)
theme.body(
    "model_or_list",
    "`Model | list[Model]`",
    Cat | list[Cat],
    lambda c: [c.Cat(name="a", lives=9), [c.Cat(name="a", lives=9)]],
)
theme.body(
    "discriminated_union",
    "a discriminated union",
    Annotated[Card | Cash | Transfer, pydantic.Field(discriminator="kind")],
    lambda c: [
        c.Card(kind="card", number="1"),
        c.Cash(kind="cash", amount=1),
        *(c.Transfer(kind=kind, iban="x") for kind in c.TransferKind),
    ],
)
theme.body(
    "discriminated_field",
    "a field that is a discriminated union",
    Payment,
    lambda c: [c.Payment(method=c.Cash(kind="cash", amount=1))],
)
theme.body(
    "discriminated_list",
    "a list of a discriminated union",
    list[Annotated[Card | Cash, pydantic.Field(discriminator="kind")]],
    lambda c: [[c.Cash(kind="cash", amount=1), c.Card(kind="card", number="1")]],
)
theme.body(
    "number_discriminator",
    "a discriminator that is a number",
    Annotated[V1 | V2, pydantic.Field(discriminator="version")],
    lambda c: [c.V1(version=1, a=1), c.V2(version=2, b=1)],
)
theme.body(
    "constant_told_union",
    "a union told apart by constants, without a discriminator",
    Yes | No,
    lambda c: [c.Yes(ok=True, value=1), c.No(ok=False, reason="r")],
)
theme.body(
    "field_told_union",
    "a union told apart by required fields",
    Cat | Dog,
    lambda c: [c.Cat(name="a", lives=9), c.Dog(name="b", tricks=["sit"])],
)
theme.body(
    "overlapping_union",
    "a union whose members overlap: the one that knows most fields",
    Dog | Puppy,
    lambda c: [
        c.Dog(name="b", tricks=[]),
        c.Puppy(name="p", tricks=["sit"], weeks=8),
    ],
)
theme.body(
    "type_told_union",
    "a union told apart by the types of equal fields",
    Worded | Numbered,
    lambda c: [c.Numbered(value=1), c.Worded(value="one")],
)
theme.body(
    "format_told_union",
    "a union told apart by the format of a text",
    Numbered | Timed,
    lambda c: [
        c.Timed(value=datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)),
        c.Numbered(value=3),
    ],
)
theme.body(
    "nested_union",
    "a union inside of a union's member",
    Wrapped,
    lambda c: [
        c.Wrapped(inner=c.Holder(inner=c.Numbered(value=1))),
        c.Wrapped(inner=c.Holder(inner=c.Worded(value="w"))),
        c.Wrapped(inner=c.Cat(name="a", lives=9)),
    ],
)
theme.body(
    "union_fields",
    "unions in optional fields, lists and dicts",
    Zoo,
    lambda c: [
        c.Zoo(
            animal=c.Dog(name="d", tricks=[]),
            animals=[
                c.Cat(name="a", lives=9),
                c.Puppy(name="p", tricks=[], weeks=1),
            ],
            by_name={"x": c.Cat(name="x", lives=1)},
        ),
        c.Zoo(animal=None, animals=[], by_name={}),
    ],
)
theme.body(
    "root_union",
    "`RootModel[Cat | Dog]`",
    Root,
    lambda c: [c.Cat(name="a", lives=9), c.Dog(name="d", tricks=[])],
)
theme.query(
    "union_query",
    "`int | date` in the query",
    int | datetime.date,
    lambda c: [3, datetime.date(2026, 1, 2)],
)
