"""The document of one version of one module."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Header, Query
from fastapi._compat import v2 as compat
from fastapi.openapi import utils
from openapi_spec_validator import validate
from pydantic import BaseModel, Field
from pydantic_core import to_json

from modular_api.errors import SpecError
from modular_api.problems import Problem
from modular_api.specs.canonical import canonical, canonical_bytes
from modular_api.specs.openapi import build_document

TAKEN = {"anyOf": [{"type": "number"}, {"format": "decimal", "type": "string"}]}
GIVEN = {"format": "decimal", "type": "string"}


class Prices(BaseModel):
    one: Decimal
    many: list[Decimal]
    maybe: Decimal | None
    named: dict[str, Decimal]
    bounded: Annotated[Decimal, Field(gt=0, le=9)]


class Line(BaseModel):
    qty: int = Field(ge=1, description="How many.")


class Order(BaseModel):
    lines: list[Line]
    tags: dict[str, Line | None] = {}


@pytest.fixture
def priced(app: FastAPI) -> FastAPI:
    """An app that takes and gives decimals everywhere."""

    @app.post("/prices/{at}")
    async def add(
        at: Decimal,
        prices: Prices,
        above: Annotated[list[Decimal] | None, Query()] = None,
        limit: Annotated[Decimal, Header()] = Decimal("1.5"),
    ) -> Prices:
        return prices

    return app


def without_titles(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_titles(v) for k, v in value.items() if k != "title"}
    return [without_titles(v) for v in value] if isinstance(value, list) else value


def test_decimals_that_come_in_carry_their_format(priced: FastAPI, build: Any) -> None:
    """In fields, lists, unions and dicts; numbers are taken too, with their bounds."""
    found = build(priced)["components"]["schemas"]["Prices-Input"]["properties"]
    bounded = [{"exclusiveMinimum": 0, "maximum": 9, "type": "number"}, GIVEN]
    assert without_titles(found) == {
        "one": TAKEN,
        "many": {"items": TAKEN, "type": "array"},
        "maybe": {"anyOf": [*TAKEN["anyOf"], {"type": "null"}]},
        "named": {"additionalProperties": TAKEN, "type": "object"},
        "bounded": {"anyOf": bounded},
    }


def test_decimals_that_go_out_carry_their_format(priced: FastAPI, build: Any) -> None:
    """They are strings."""
    found = build(priced)["components"]["schemas"]["Prices-Output"]["properties"]
    assert without_titles(found["one"]) == GIVEN
    assert without_titles(found["many"])["items"] == GIVEN
    assert without_titles(found["maybe"])["anyOf"] == [GIVEN, {"type": "null"}]
    assert without_titles(found["named"])["additionalProperties"] == GIVEN


def test_decimal_parameters_carry_their_format(priced: FastAPI, build: Any) -> None:
    """In path, query and header."""
    operation = build(priced)["paths"]["/prices/{at}"]["post"]
    found = {p["name"]: without_titles(p["schema"]) for p in operation["parameters"]}
    nothing = {"type": "null"}
    assert found == {
        "at": TAKEN,
        "above": {"anyOf": [{"items": TAKEN, "type": "array"}, nothing]},
        "limit": {**TAKEN, "default": "1.5"},
    }


def test_the_document_is_valid_and_canonical(priced: FastAPI, build: Any) -> None:
    """Its keys are in order already, so writing it needs no further sorting."""
    document = build(priced)
    validate(document)
    assert to_json(document) == to_json(canonical(document))
    assert document["openapi"] == "3.1.0"


def test_title_version_and_server_are_the_modules(app: FastAPI, build: Any) -> None:
    """Paths have no prefix; the only server is the prefix."""
    app.description = "Sells things."

    @app.get("/things")
    async def things() -> list[str]:
        return []

    document = build(app)
    assert document["info"] == {
        "title": "shop",
        "version": "v1",
        "description": "Sells things.",
    }
    assert document["servers"] == [{"url": "/api/v1/shop"}]
    assert list(document["paths"]) == ["/things"]


def test_an_app_without_routes_has_a_valid_document(app: FastAPI, build: Any) -> None:
    """A module may answer nothing but sockets."""
    validate(build(app))


def test_all_but_names_and_decimals_is_as_fastapi_says(
    app: FastAPI, build: Any
) -> None:
    """The document is FastAPI's own, built by its own code."""

    @app.post("/orders/{number}", tags=["a"], status_code=201, responses={404: {}})
    async def place(number: int, order: Order, dry: bool = False) -> Order:
        """Place an order."""
        return order

    document = build(app)
    del document["servers"]
    assert document == canonical(FastAPI.openapi(app))


def test_fastapi_is_not_patched(priced: FastAPI, build: Any) -> None:
    """Documents built by FastAPI at the same time, in another thread, are its own."""
    plain = FastAPI.openapi(priced)
    found: list[Any] = []

    def describe() -> None:
        for _ in range(5):
            priced.openapi_schema = None
            found.append(FastAPI.openapi(priced))

    thread = threading.Thread(target=describe)
    thread.start()
    texts = {canonical_bytes(build(priced)) for _ in range(5)}
    thread.join()
    assert all(document == plain for document in found)
    assert len(texts) == 1 and b'"format": "decimal"' in texts.pop()


def test_a_fastapi_that_works_otherwise_is_refused(
    priced: FastAPI, build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clear message, rather than a document whose decimals are plain strings."""

    def get_definitions(**_: Any) -> Any: ...

    monkeypatch.setattr(compat, "get_definitions", get_definitions)
    with pytest.raises(SpecError, match=r"no longer uses GenerateJsonSchema.*Install"):
        build(priced)


def test_the_names_that_are_replaced_exist_in_fastapi() -> None:
    """The framework rests on these two globals; this is the first test to go red."""
    assert "GenerateJsonSchema" in compat.get_definitions.__code__.co_names
    assert "get_definitions" in utils.get_openapi.__code__.co_names


def test_a_documented_problem_has_the_media_type_of_problems() -> None:
    """The answer is `application/problem+json`, so the document says so."""
    app = FastAPI()

    @app.get("/item", responses={404: {"model": Problem}, 409: {"model": Line}})
    async def read_item() -> Line:
        return Line(qty=1)

    document = build_document(app, module="m", version="v1", prefix="/api/v1/m")
    answers = document["paths"]["/item"]["get"]["responses"]
    assert list(answers["404"]["content"]) == ["application/problem+json"]
    assert list(answers["409"]["content"]) == ["application/json"]
