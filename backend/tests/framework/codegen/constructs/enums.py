"""Enumerations and literals of any value."""

from __future__ import annotations

import enum
from typing import Any, Literal

import pydantic

from tests.framework.codegen.constructs.catalogue import Theme

theme = Theme()


class Side(enum.StrEnum):
    BUY = "buy"
    SELL = "sell"


class Level(enum.IntEnum):
    LOW = -1
    NONE = 0
    HIGH = 7


class Ratio(enum.Enum):
    HALF = 0.5
    WHOLE = 1.25


class Mixed(enum.Enum):
    ONE = 1
    TEXT = "one"
    HALF = 0.5


class Cased(enum.Enum):
    LOWER = "a"
    UPPER = "A"


class Spelled(enum.Enum):
    DASH = "a-b"
    UNDERSCORE = "a_b"
    SPACE = "a b"


class Odd(enum.Enum):
    EMPTY = ""
    SIGN = "€"
    QUOTE = 'say "x" \\ y'
    DIGITS = "1d"
    KEYWORD = "import"
    NAME = "name"


class Flagged(pydantic.BaseModel):
    side: Side
    maybe: Side | None = None
    many: list[Side]
    by: dict[str, Side]


class Kinds(pydantic.BaseModel):
    mixed: Literal["a", 1]
    null: Literal["a", None]
    numbers: Literal[1, 2]
    yes: Literal[True]
    texts: Literal["x", "y"]


class Sided(pydantic.BaseModel):
    one: Literal["x", "y"]
    maybe: Literal["x", "y"] | None = None
    many: list[Literal["x", "y"]] | None = None


def every(name: str) -> Any:
    """Return the members of a generated enum."""
    return lambda c: list(getattr(c, name))


theme.body("str_enum", "an enum of texts", Side, every("Side"))
theme.body("int_enum", "an enum of integers, negative ones too", Level, every("Level"))
theme.body("float_enum", "an enum of floats", Ratio, every("Ratio"))
theme.body("mixed_enum", "an enum of mixed types", Mixed, every("Mixed"))
theme.body("colliding_case_enum", "values `a` and `A`", Cased, every("Cased"))
theme.body(
    "colliding_spelling_enum", "values `a-b`, `a_b`, `a b`", Spelled, every("Spelled")
)
theme.body("odd_enum", "values that are no names", Odd, every("Odd"))
theme.body(
    "enum_fields",
    "enums in fields, optional, in lists and dicts",
    Flagged,
    lambda c: [
        c.Flagged(
            side=c.Side.BUY, maybe=c.Side.SELL, many=[c.Side.BUY], by={"a": c.Side.SELL}
        ),
        c.Flagged(side=c.Side.SELL, maybe=None, many=[], by={}),
    ],
)
theme.body(
    "literal_fields",
    "literals: mixed, with null, numbers, `True`",
    Kinds,
    lambda c: [
        c.Kinds(
            mixed=mixed,
            null=null,
            numbers=number,
            yes=True,
            texts=text,
        )
        for mixed, null, number, text in zip(
            c.KindsMixed,
            [*c.KindsNull, None],
            c.KindsNumbers,
            c.KindsTexts,
            strict=True,
        )
    ],
)
theme.body(
    "equal_literals",
    "equal literals, with null and in lists: one enum",
    Sided,
    lambda c: [
        c.Sided(one=c.KindsTexts.X, maybe=c.SidedOne.Y, many=[c.SidedMaybe.X]),
        c.Sided(one=c.SidedManyItem.Y, maybe=None, many=None),
    ],
)
theme.query("enum_query", "an enum in the query", Side, every("Side"))
theme.query("int_enum_query", "an enum of integers in the query", Level, every("Level"))
theme.query(
    "enum_list_query",
    "a list of enums in the query",
    list[Side],
    lambda c: [[c.Side.BUY, c.Side.SELL]],
)
theme.path("enum_path", "an enum in the path", Side, every("Side"))
theme.header("enum_header", "an enum in a header", Side, every("Side"))
theme.cookie("enum_cookie", "an enum in a cookie", Side, every("Side"))
