"""Types of fields and of whole bodies."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import ipaddress
import pathlib
import uuid
from typing import Annotated, Any, Generic, Literal, NamedTuple, Required, TypeVar

import pydantic
from typing_extensions import TypedDict

from tests.framework.codegen.constructs.catalogue import (
    Client,
    Generated,
    Theme,
    assert_same,
)

theme = Theme()
T = TypeVar("T")
D = decimal.Decimal
UTC = datetime.UTC


class Instrument(pydantic.BaseModel):
    symbol: str
    lot: int


class Priced(pydantic.BaseModel):
    price: D
    last: D | None = None
    steps: list[D] = []


class Defaulted(pydantic.BaseModel):
    name: str = "n"
    size: int = 3
    ratio: float = 0.5
    live: bool = True
    price: D = D("1.50")
    day: datetime.date = datetime.date(2026, 1, 2)
    note: str | None = None


class Paired(pydantic.BaseModel):
    """Read and written in two shapes."""

    name: str
    tag: str = "t"

    @pydantic.computed_field
    def label(self) -> str:
        return f"{self.name}/{self.tag}"


class Nested(pydantic.BaseModel):
    pair: Paired
    pairs: list[Paired]


class Tree(pydantic.BaseModel):
    value: int
    children: list[Tree] = []


class Chicken(pydantic.BaseModel):
    egg: Egg | None = None


class Egg(pydantic.BaseModel):
    chicken: Chicken | None = None


class Page(pydantic.BaseModel, Generic[T]):
    items: list[T]
    total: int


class Names(pydantic.RootModel[list[str]]):
    pass


class Weights(pydantic.RootModel[dict[str, float]]):
    pass


class Amount(pydantic.RootModel[D]):
    pass


class Movie(TypedDict, total=False):
    title: Required[str]
    year: int


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Box:
    width: int
    height: int = 2


class Open(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    id: int


class OpenCounts(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    id: int


class Closed(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    id: int


class Aliased(pydantic.BaseModel):
    class_: str = pydantic.Field(alias="class")
    dashed: int = pydantic.Field(alias="with-dash and space")


class Base(pydantic.BaseModel):
    id: int


class Derived(Base):
    name: str


class Constrained(pydantic.BaseModel):
    qty: Annotated[int, pydantic.Field(gt=0, le=10, multiple_of=2)]
    code: Annotated[str, pydantic.Field(min_length=2, max_length=4, pattern=r"^\w+$")]
    legs: Annotated[list[int], pydantic.Field(min_length=1, max_length=3)]


class Encoded(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    raw: bytes


class Raw(pydantic.BaseModel):
    raw: bytes


class Folder(pydantic.RootModel["dict[str, Folder]"]):
    pass


class Nullable(pydantic.BaseModel):
    required: int | None
    optional: int | None = None


class Web(pydantic.BaseModel):
    url: pydantic.AnyUrl
    ip: ipaddress.IPv4Address
    path: pathlib.PurePosixPath


theme.body("str_body", "a `str`", str, lambda c: ["", "grüße \u2603", "x" * 1000])
theme.body("int_body", "an `int`", int, lambda c: [0, -1, 2**53])
theme.body("float_body", "a `float`", float, lambda c: [0.5, -1e-7, 1e300])
theme.body("bool_body", "a `bool`", bool, lambda c: [True, False])
theme.body(
    "decimal_body",
    "a `Decimal`",
    D,
    lambda c: [D("1.50"), D("0.000000000000000000000001"), D("12345678901234567890.5")],
)
theme.body(
    "datetime_body",
    "an aware `datetime`",
    datetime.datetime,
    lambda c: [datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)],
)
theme.body(
    "date_body", "a `date`", datetime.date, lambda c: [datetime.date(2026, 2, 28)]
)
theme.body(
    "time_body", "a `time`", datetime.time, lambda c: [datetime.time(23, 59, 1, 5)]
)
theme.body(
    "timedelta_body",
    "a `timedelta`",
    datetime.timedelta,
    lambda c: [
        datetime.timedelta(days=3, hours=4, minutes=5, seconds=6, microseconds=7),
        datetime.timedelta(days=-1, seconds=5),
        datetime.timedelta(0),
        datetime.timedelta(days=400),
    ],
)
theme.body("uuid_body", "a `UUID`", uuid.UUID, lambda c: [uuid.UUID(int=7)])
theme.body(
    "any_body",
    "`Any`: free JSON",
    dict[str, Any],
    lambda c: [{"a": [1, None, {"b": 0.5}], "c": "d"}, {}],
)
theme.body("list_body", "`list[int]`", list[int], lambda c: [[1, 2], []])
theme.body(
    "nested_list_body",
    "`list[list[Decimal]]`",
    list[list[D]],
    lambda c: [[[D("1.5")], [], [D("2"), D("3")]]],
)
theme.body("set_body", "`set[int]`", set[int], lambda c: [{1, 2, 3}, set()])
theme.body(
    "tuple_body",
    "`tuple[int, str, date]`",
    tuple[int, str, datetime.date],
    lambda c: [(1, "a", datetime.date(2026, 1, 2))],
)
theme.body("named_tuple_body", "a `NamedTuple`", Point, lambda c: [(1, 2)])
theme.body(
    "dict_body", "`dict[str, int]`", dict[str, int], lambda c: [{"a": 1, "b c": 2}, {}]
)
theme.body(
    "dict_of_dates_body",
    "`dict[str, date]`",
    dict[str, datetime.date],
    lambda c: [{"a": datetime.date(2026, 1, 2)}],
)
theme.body(
    "dict_of_models_body",
    "`dict[str, Model]`",
    dict[str, Instrument],
    lambda c: [{"a": c.Instrument(symbol="A", lot=1)}],
)
theme.body(
    "dict_of_lists_body",
    "`dict[str, list[Decimal]]`",
    dict[str, list[D]],
    lambda c: [{"a": [D("1.5"), D("2")]}],
)
theme.body(
    "list_of_models_body",
    "`list[Model]`",
    list[Instrument],
    lambda c: [[c.Instrument(symbol="A", lot=1), c.Instrument(symbol="B", lot=2)]],
)
theme.body(
    "optional_model_body",
    "`Model | None`",
    Instrument | None,
    lambda c: [None, c.Instrument(symbol="A", lot=1)],
)
theme.body(
    "model_body", "a model", Instrument, lambda c: [c.Instrument(symbol="A", lot=1)]
)
theme.body(
    "decimal_fields",
    "`Decimal` fields: required, optional, in a list",
    Priced,
    lambda c: [
        c.PricedInput(price=D("1.10"), last=None, steps=[D("0.01")]),
        c.PricedInput(price=D("-0.5"), last=D("2.00"), steps=[]),
    ],
)


async def _defaults(body: Any) -> Any:
    return body


_defaults.__annotations__ = {"body": Defaulted, "return": Defaulted}


async def _check_defaults(client: Client, c: Generated) -> None:
    answer = await client.defaulted_fields(c.DefaultedInput())
    assert_same(
        answer,
        c.DefaultedOutput(
            name="n",
            size=3,
            ratio=0.5,
            live=True,
            price=D("1.50"),
            day=datetime.date(2026, 1, 2),
            note=None,
        ),
    )
    changed = c.DefaultedInput(name="m", size=4, ratio=1.5, live=False, note="x")
    answer = await client.defaulted_fields(changed)
    assert (answer.name, answer.size, answer.ratio) == ("m", 4, 1.5)
    assert (answer.live, answer.note) == (False, "x")


theme.add(
    "defaulted_fields",
    "fields with defaults of many types",
    _defaults,
    _check_defaults,
    methods=["POST"],
)


async def _pair(body: Paired) -> Paired:
    return body


async def _check_pair(client: Client, c: Generated) -> None:
    answer = await client.input_output_pair(c.PairedInput(name="n", tag="u"))
    assert_same(answer, c.PairedOutput(name="n", tag="u", label="n/u"))


theme.add(
    "input_output_pair",
    "an input/output pair: a default and a computed field",
    _pair,
    _check_pair,
    methods=["POST"],
)


async def _nested_pair(body: Nested) -> Nested:
    return body


async def _check_nested_pair(client: Client, c: Generated) -> None:
    one, two = c.PairedInput(name="a", tag="b"), c.PairedInput(name="c", tag="d")
    answer = await client.nested_pair(c.NestedInput(pair=one, pairs=[two]))
    assert_same(
        answer,
        c.NestedOutput(
            pair=c.PairedOutput(name="a", tag="b", label="a/b"),
            pairs=[c.PairedOutput(name="c", tag="d", label="c/d")],
        ),
    )


theme.add(
    "nested_pair",
    "pairs inside of pairs",
    _nested_pair,
    _check_nested_pair,
    methods=["POST"],
)
theme.body(
    "recursive_model",
    "a model that holds itself",
    Tree,
    lambda c: [
        c.Tree(
            value=1,
            children=[c.Tree(value=2, children=[])],
        )
    ],
)
theme.body(
    "mutual_recursion",
    "two models that hold one another",
    Chicken,
    lambda c: [
        c.Chicken(egg=c.Egg(chicken=c.Chicken(egg=None))),
    ],
)
theme.body(
    "generic_models",
    "one generic model of two types",
    tuple[Page[int], Page[Instrument]],
    lambda c: [
        (
            c.PageInt(items=[1], total=1),
            c.PageInstrument(items=[c.Instrument(symbol="A", lot=1)], total=1),
        )
    ],
)
theme.body("root_list", "`RootModel[list[str]]`", Names, lambda c: [["a"], []])
theme.body(
    "root_dict", "`RootModel[dict[str, float]]`", Weights, lambda c: [{"a": 0.5}]
)
theme.body("root_decimal", "`RootModel[Decimal]`", Amount, lambda c: [D("1.5")])
theme.body(
    "typed_dict",
    "a `TypedDict` with an optional key",
    Movie,
    lambda c: [c.Movie(title="t", year=1999), c.Movie(title="t")],
)
theme.body(
    "dataclass_body",
    "a dataclass",
    Box,
    lambda c: [c.Box(width=1, height=3)],
)
theme.body(
    "derived_model", "a model that inherits", Derived, lambda c: [c.Derived(1, "n")]
)


def _open(c: Generated) -> list[Any]:
    model = c.Open(id=1)
    model["more"] = [1, {"a": None}]
    return [model]


def _open_counts(c: Generated) -> list[Any]:
    model = c.OpenCounts(id=1)
    model["more"] = 2
    return [model]


theme.body("extra_fields", "`extra='allow'`", Open, _open)
theme.body(
    "typed_extra_fields", "`extra='allow'` with a type", OpenCounts, _open_counts
)
theme.body("extra_forbidden", "`extra='forbid'`", Closed, lambda c: [c.Closed(id=1)])
theme.body(
    "aliased_fields",
    "aliases that are no Python names",
    Aliased,
    lambda c: [c.Aliased(class_="k", with_dash_and_space=1)],
)
theme.body(
    "constrained_fields",
    "constraints, told in docstrings",
    Constrained,
    lambda c: [c.Constrained(qty=4, code="ab", legs=[1])],
)
theme.body(
    "base64_field",
    "`bytes` as base64",
    Encoded,
    lambda c: [c.Encoded(raw=b"\x00\xff\xfe"), c.Encoded(raw=b"")],
)
theme.body(
    "nullable_fields",
    "null, and left out",
    Nullable,
    lambda c: [
        c.Nullable(required=None, optional=None),
        c.Nullable(required=1, optional=2),
    ],
)
theme.body(
    "formatted_strings",
    "URLs, addresses, paths",
    Web,
    lambda c: [c.Web(url="https://example.com/", ip="127.0.0.1", path="a/b")],
)
theme.body(
    "list_of_optional_body",
    "`list[Decimal | None]`",
    list[D | None],
    lambda c: [[D("1.5"), None]],
)
theme.body(
    "optional_list_body",
    "`list[Model] | None`",
    list[Instrument] | None,
    lambda c: [None, [], [c.Instrument(symbol="A", lot=1)]],
)
theme.body(
    "dict_of_optional_body",
    "`dict[str, date | None]`",
    dict[str, datetime.date | None],
    lambda c: [{"a": datetime.date(2026, 1, 2), "b": None}],
)
theme.body(
    "deep_dict_body",
    "`dict[str, dict[str, list[Model]]]`",
    dict[str, dict[str, list[Instrument]]],
    lambda c: [{"a": {"b": [c.Instrument(symbol="A", lot=1)], "c": []}}],
)
theme.body(
    "uuid_keys_body",
    "`dict[UUID, int]`: keys stay texts",
    dict[uuid.UUID, int],
    lambda c: [{str(uuid.UUID(int=7)): 1}],
)
theme.body(
    "endless_tuple_body",
    "`tuple[date, ...]`, a list",
    tuple[datetime.date, ...],
    lambda c: [[datetime.date(2026, 1, 2)], []],
)
theme.body(
    "nested_tuple_body",
    "`list[tuple[str, tuple[Decimal, Model]]]`",
    list[tuple[str, tuple[D, Instrument]]],
    lambda c: [[("a", (D("1.5"), c.Instrument(symbol="A", lot=1)))], []],
)
theme.body(
    "set_of_dates_body",
    "`frozenset[date]`",
    frozenset[datetime.date],
    lambda c: [{datetime.date(2026, 1, 2), datetime.date(2026, 1, 3)}],
)
theme.body(
    "bytes_text_body",
    "`bytes` that are text",
    Raw,
    lambda c: [c.Raw(raw="gr\u00fc\u00df")],
)
theme.body(
    "recursive_root_dict",
    "a `RootModel` of a `dict` of itself",
    Folder,
    lambda c: [c.Folder.from_dict({"a": {"b": {}}, "c": {}})],
)
theme.body("literal_body", "`Literal['one']`", Literal["one"], lambda c: ["one"])
