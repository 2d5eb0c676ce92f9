"""Parameters in the path, the query, headers and cookies."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Annotated, Any, Literal

import pydantic
import pytest
from fastapi import Cookie, Form, Header, Query, UploadFile

from modular_api.clients.errors import InvalidArgument
from tests.framework.codegen.constructs.catalogue import (
    Client,
    Generated,
    Theme,
    annotate,
    assert_same,
)

theme = Theme()
D = decimal.Decimal
NOON = datetime.datetime(2026, 3, 4, 12, tzinfo=datetime.UTC)

SCALARS: dict[str, tuple[Any, list[Any]]] = {
    "str": (str, ["a", "a&b=c d%2F?ü"]),
    "int": (int, [0, -7]),
    "float": (float, [0.5, -1e-7]),
    "bool": (bool, [True, False]),
    "decimal": (D, [D("1.50")]),
    "uuid": (uuid.UUID, [uuid.UUID(int=7)]),
    "date": (datetime.date, [datetime.date(2026, 1, 2)]),
    "datetime": (datetime.datetime, [NOON]),
    "time": (datetime.time, [datetime.time(12, 30)]),
    "timedelta": (datetime.timedelta, [datetime.timedelta(hours=1, seconds=1)]),
}

for _name, (_type, _values) in SCALARS.items():

    def _given(c: Generated, values: list[Any] = _values) -> list[Any]:
        return values

    def _sendable(c: Generated, values: list[Any] = _values) -> list[Any]:
        """What headers and cookies can hold of them: no spaces, no umlauts."""
        return [value for value in values if not isinstance(value, str)] or ["a"]

    theme.path(f"{_name}_path", f"`{_type.__name__}` in the path", _type, _given)
    theme.query(f"{_name}_query", f"`{_type.__name__}` in the query", _type, _given)
    theme.header(f"{_name}_header", f"`{_type.__name__}` in a header", _type, _sendable)
    theme.cookie(f"{_name}_cookie", f"`{_type.__name__}` in a cookie", _type, _sendable)


async def _path(path: str) -> str:
    return path


async def _check_path(client: Client, c: Generated) -> None:
    assert_same("a/b c/ü", await client.whole_path("a/b c/ü"))


theme.add(
    "whole_path",
    "a path parameter with slashes: `{path:path}`",
    _path,
    _check_path,
    path="/{path:path}",
)


async def _quote(symbol: str) -> str:
    return f"quote {symbol}"


async def _quote_admin(symbol: str) -> str:
    return f"admin {symbol}"


_quote_admin.__name__ = "one_segment_admin"
theme.router.add_api_route("/one_segment/{symbol}/admin", _quote_admin)


async def _check_quote(client: Client, c: Generated) -> None:
    assert_same("quote a b?ü", await client.one_segment("a b?ü"))
    assert_same("admin x", await client.one_segment_admin("x"))
    with pytest.raises(InvalidArgument, match="'symbol' has a slash"):
        await client.one_segment("x/admin")


theme.add(
    "one_segment",
    "a path parameter cannot lead to the route below it",
    _quote,
    _check_quote,
    path="/{symbol}",
    operations=("one_segment", "one_segment_admin"),
)


def _optional(
    id: str, words: str, type_: Any, place: Any, keyword: str, values: Any
) -> None:
    """Declare a parameter that may be left out, and is answered as it came."""

    async def endpoint(value: Any = None) -> Any:
        return value

    annotate(endpoint, value=Annotated[type_ | None, place], answer=type_ | None)

    async def check(client: Client, c: Generated) -> None:
        call = getattr(client, id)
        assert await call() is None
        assert await call(**{keyword: c.UNSET}) is None
        for value in values:
            assert_same(value, await call(**{keyword: value}))

    theme.add(id, words, endpoint, check)


_optional(
    "optional_query", "an optional query parameter", int, Query(), "value", [0, 1]
)
_optional(
    "optional_list_query",
    "an optional list in the query",
    list[datetime.date],
    Query(),
    "value",
    [[datetime.date(2026, 1, 2), datetime.date(2026, 1, 3)]],
)
_optional(
    "set_query", "an optional set in the query", set[int], Query(), "value", [{1, 2}]
)
_optional("optional_header", "an optional header", int, Header(alias="x-v"), "x_v", [3])
_optional(
    "optional_list_header",
    "an optional list of headers",
    list[str],
    Header(alias="x-v"),
    "x_v",
    [["a", "b, c"]],
)
_optional(
    "list_of_int_header",
    "a list of headers with numbers",
    list[int],
    Header(alias="x-v"),
    "x_v",
    [[1, 2]],
)
_optional("optional_cookie", "an optional cookie", int, Cookie(), "value", [5])
_optional(
    "literal_query",
    "a literal in the query",
    Literal["only"],
    Query(),
    "value",
    ["only"],
)


async def _constrained(
    limit: Annotated[int, Query(ge=1, le=100, description="How many.")] = 50,
    name: Annotated[str | None, Query(min_length=2, pattern="^[a-z]+$")] = None,
) -> list[Any]:
    return [limit, name]


async def _check_constrained(client: Client, c: Generated) -> None:
    assert_same([50, None], await client.constrained_query())
    assert_same([2, "ab"], await client.constrained_query(limit=2, name="ab"))
    words = client.constrained_query.__doc__
    assert "limit: How many. Default: 50. (ge=1, le=100)" in words
    assert "min_length=2, pattern=^[a-z]+$" in words


theme.add(
    "constrained_query",
    "constraints and defaults of parameters, told in docstrings",
    _constrained,
    _check_constrained,
)


ONE_AND_TWO, NONE, THREE = [1, 2], list[int](), [3]


async def _defaulted(
    value: int | None = 5,
    many: Annotated[list[int] | None, Query()] = ONE_AND_TWO,
    none: Annotated[list[int] | None, Query()] = NONE,
    free: Annotated[list[int] | None, Query()] = None,
    x_value: Annotated[int | None, Header()] = 6,
    x_many: Annotated[list[int] | None, Header()] = THREE,
    visit: Annotated[int | None, Cookie()] = 7,
) -> list[Any]:
    return [value, many, none, free, x_value, x_many, visit]


async def _check_defaulted(client: Client, c: Generated) -> None:
    defaults = [5, [1, 2], [], None, 6, [3], 7]
    assert_same(defaults, await client.defaulted_parameters())
    assert_same(defaults, await client.defaulted_parameters(none=[], free=[]))
    assert_same(defaults, await client.defaulted_parameters(free=None))
    answer = await client.defaulted_parameters(
        value=0, many=[0], none=[0], free=[0], x_value=0, x_many=[0], visit=0
    )
    assert_same([0, [0], [0], [0], 0, [0], 0], answer)
    refused: dict[str, Any]
    for refused in (
        {"value": None},
        {"many": None},
        {"many": []},
        {"none": None},
        {"x_value": None},
        {"x_many": []},
        {"visit": None},
    ):
        with pytest.raises(InvalidArgument, match="cannot be said in a .*; leave it"):
            await client.defaulted_parameters(**refused)


theme.add(
    "defaulted_parameters",
    "null and empty lists where the server has a default: refused",
    _defaulted,
    _check_defaulted,
)


async def _nulls_in_lists(
    many: Annotated[list[int | None] | None, Query()] = None,
    some: Annotated[set[str | None] | None, Query()] = None,
    x_many: Annotated[list[int | None] | None, Header()] = None,
) -> list[Any]:
    return [many, sorted(map(str, some or [])), x_many]


async def _nulls_in_form(
    many: Annotated[list[int | None] | None, Form()] = None,
) -> Any:
    return many


async def _nulls_in_upload(
    file: UploadFile, many: Annotated[list[int | None] | None, Form()] = None
) -> Any:
    return many


async def _check_nulls(client: Client, c: Generated) -> None:
    answer = await client.nulls_in_lists(many=[1, 2], some={"a"}, x_many=[3, 4])
    assert_same([[1, 2], ["a"], [3, 4]], answer)
    refused: dict[str, Any]
    for refused in (
        {"many": [1, None, 2]},
        {"many": [None]},
        {"some": {"a", None}},
        {"x_many": [3, None]},
    ):
        with pytest.raises(InvalidArgument, match="null, which a list in"):
            await client.nulls_in_lists(**refused)
    many, file = [1, None], c.File(b"x")
    with pytest.raises(InvalidArgument, match="'many' .* which a list in a form"):
        await client.nulls_in_form(body=c.BodyNullsInForm(many=many))
    with pytest.raises(InvalidArgument, match="'many' .* which a list in a form"):
        await client.nulls_in_upload(c.BodyNullsInUpload(file=file, many=many))


for _function in (_nulls_in_form, _nulls_in_upload):
    _function.__name__ = _function.__name__.removeprefix("_")
    theme.router.add_api_route(
        f"/{_function.__name__}", _function, methods=["POST"], response_model=None
    )
theme.add(
    "nulls_in_lists",
    "null inside of a list outside of JSON: refused",
    _nulls_in_lists,
    _check_nulls,
    operations=("nulls_in_lists", "nulls_in_form", "nulls_in_upload"),
)


class Filters(pydantic.BaseModel):
    limit: int = 10
    tags: list[str] = []


async def _filters(filters: Annotated[Filters, Query()]) -> Filters:
    return filters


async def _check_filters(client: Client, c: Generated) -> None:
    answer = await client.query_model(limit=3, tags=["a", "b"])
    assert_same(c.Filters(limit=3, tags=["a", "b"]), answer)


theme.add("query_model", "a model as query parameters", _filters, _check_filters)


class Tracing(pydantic.BaseModel):
    x_trace: str
    x_flags: list[int] = []


async def _headers(tracing: Annotated[Tracing, Header()]) -> Tracing:
    return tracing


async def _check_headers(client: Client, c: Generated) -> None:
    answer = await client.header_model(x_trace="t", x_flags=[1, 2])
    assert_same(c.Tracing(x_trace="t", x_flags=[1, 2]), answer)


theme.add("header_model", "a model as headers", _headers, _check_headers)


async def _aliased(q: Annotated[str, Query(alias="search-for")]) -> str:
    return q


async def _check_aliased(client: Client, c: Generated) -> None:
    assert_same("x", await client.aliased_query(search_for="x"))


theme.add("aliased_query", "a parameter with an alias", _aliased, _check_aliased)
