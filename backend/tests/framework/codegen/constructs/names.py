"""Any legal name of a field, a parameter, an operation or a model."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
from fastapi import Cookie, Header, Query

from tests.framework.codegen.constructs.catalogue import (
    Client,
    Generated,
    Theme,
    annotate,
    assert_same,
)

theme = Theme()

_FIELDS = {
    "d": int,
    "self": str,
    "cls": str,
    "from": str,
    "import": str,
    "class": str,
    "None": str,
    "type": str,
    "id": int,
    "to_dict": str,
    "from_dict": str,
    "to_multipart": str,
    "additional_properties": str,
    "additional_keys": str,
    "known": str,
    "fits": str,
    "src_dict": str,
    "field_dict": str,
    "model": str,
    "data": str,
    "values": list[str],
    "items": list[str],
    "list": str,
    "dict": str,
    "str": str,
    "datetime": str,
    "UNSET": str,
    "_private": str,
    "__dunder__": str,
    "1st": str,
    "with space": str,
    "dash-ed": str,
    "dot.ted": str,
    "camelCase": str,
    "PascalCase": str,
    "UPPER": str,
    "grün": str,
    "$ref": str,
    "@type": str,
}


def _model(name: str, fields: dict[str, Any]) -> type[pydantic.BaseModel]:
    """Make a model whose fields have these names on the wire."""
    made: dict[str, Any] = {
        f"field{index}": (type_, pydantic.Field(alias=wire_name))
        for index, (wire_name, type_) in enumerate(fields.items())
    }
    return pydantic.create_model(name, __module__=__name__, **made)


Awkward = _model("Awkward", _FIELDS)
Colliding = _model("Colliding", {"a-b": int, "a_b": int, "a b": int, "aB": int})
Marks = _model("Marks", {"€": int, "£": int, "$": int})
Suffixed = _model("Suffixed", {"x": int, "x-": int, "x_2": int, "x.": int})
Order = _model("Order", {"order": str, "Order": int})


class Generator(pydantic.BaseModel):
    """Bears the name of a class that generated code imports."""

    watts: float


class File(pydantic.BaseModel):
    size: int


class Unset(pydantic.BaseModel):
    value: int


class Empty(pydantic.BaseModel):
    pass


def _wire(model: str, values: dict[str, Any]) -> Any:
    """Return a value made from its JSON: what it is on the wire is what counts."""
    return lambda c: [getattr(c, model).from_dict(values)]


def _value(type_: Any, name: str) -> Any:
    return {int: 7, str: f"<{name}>", list[str]: [name]}[type_]


theme.body(
    "field_names",
    "fields named like keywords, builtins and our own words",
    Awkward,
    _wire("Awkward", {name: _value(type_, name) for name, type_ in _FIELDS.items()}),
)
theme.body(
    "colliding_field_names",
    "fields `a-b`, `a_b`, `a b`, `aB`",
    Colliding,
    _wire("Colliding", {"a-b": 1, "a_b": 2, "a b": 3, "aB": 4}),
)
theme.body(
    "nameless_field_names",
    "fields `€`, `£` and `$`",
    Marks,
    _wire("Marks", {"€": 1, "£": 2, "$": 3}),
)
theme.body(
    "suffixed_field_names",
    "fields `x`, `x-`, `x_2` and `x.`",
    Suffixed,
    _wire("Suffixed", {"x": 1, "x-": 2, "x_2": 3, "x.": 4}),
)
theme.body(
    "field_named_like_its_model",
    "a field named like its model",
    Order,
    _wire("Order", {"order": "a", "Order": 1}),
)
theme.body(
    "model_named_like_an_import",
    "a model named `Generator`",
    Generator,
    lambda c: [c.GeneratorModel(watts=1.5)],
)
theme.body(
    "models_named_like_ours",
    "models named `File` and `Unset`",
    tuple[File, Unset],
    lambda c: [(c.FileModel(size=1), c.UnsetModel(value=2))],
)
theme.body("empty_model", "a model without fields", Empty, lambda c: [c.Empty()])

_PARAMETERS = (
    "d",
    "params",
    "cookies",
    "headers",
    "body",
    "self",
    "from",
    "client",
    "url",
    "json",
    "request",
    "method",
    "camelCase",
    "dash-ed",
    "with space",
    "_private",
    "item",
    "data",
    "values",
)


async def _names(**given: Any) -> Any:
    return given


def _parameters() -> Any:
    """Make a route with all those query parameters, its Python names being others."""
    names = {f"p{index}": name for index, name in enumerate(_PARAMETERS)}
    source = (
        f"async def endpoint({', '.join(names)}):\n"
        f"    return {{{', '.join(f'{wire!r}: {p}' for p, wire in names.items())}}}\n"
    )
    scope: dict[str, Any] = {}
    exec(source, scope)
    endpoint = scope["endpoint"]
    annotated = {p: Annotated[str, Query(alias=wire)] for p, wire in names.items()}
    annotate(endpoint, answer=dict[str, str], **annotated)
    return endpoint


async def _check_parameters(client: Client, c: Generated) -> None:
    import inspect

    arguments = inspect.signature(client.parameter_names).parameters
    assert len(arguments) == len(_PARAMETERS)
    given = {name: f"<{name}>" for name in arguments}
    answer = await client.parameter_names(**given)
    assert sorted(answer) == sorted(_PARAMETERS)
    assert sorted(answer.values()) == sorted(given.values())
    for name in ("d", "params", "cookies", "headers", "json", "method"):
        assert answer[name] == f"<{name}>"


theme.add(
    "parameter_names",
    "parameters named like keywords and our own words",
    _parameters(),
    _check_parameters,
)


async def _same_name(
    value: int,
    q_value: Annotated[str, Query(alias="value")],
    h_value: Annotated[str, Header(alias="value")],
    c_value: Annotated[str, Cookie(alias="value")],
) -> list[str]:
    return [str(value), q_value, h_value, c_value]


async def _check_same_name(client: Client, c: Generated) -> None:
    answer = await client.one_name_everywhere(
        value_path=1, value_query="q", value_header="h", value_cookie="c"
    )
    assert_same(["1", "q", "h", "c"], answer)


theme.add(
    "one_name_everywhere",
    "one name in path, query, header and cookie",
    _same_name,
    _check_same_name,
    path="/{value}",
)


async def _import() -> int:
    return 1


async def _check_import(client: Client, c: Generated) -> None:
    assert_same(1, await client.import_())


theme.add("import", "an operation named like a keyword", _import, _check_import)


async def _sync() -> int:
    return 1


async def _check_sync(client: Client, c: Generated) -> None:
    assert_same(1, await client.sync_())
    assert_same(1, client.sync.sync_())


theme.add("sync", "an operation named like an attribute of clients", _sync, _check_sync)
