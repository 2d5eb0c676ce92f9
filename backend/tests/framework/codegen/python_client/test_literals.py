"""Literals of one module: equal ones are one type, under a name for each place."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from enum import Enum
from types import ModuleType
from typing import Annotated, Any, Literal

import pytest
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from modular_api import Module
from modular_api.codegen.formatting import format_source
from modular_api.codegen.python_client.index import render_index
from modular_api.codegen.python_client.render import render_python_client
from tests.framework.codegen.python_client.conftest import write_files

PACKAGE = "literals_generated"

Side = Literal["buy", "sell"]


class Kind(Enum):
    """An enum of the same values, and yet another type."""

    BUY = "buy"
    SELL = "sell"


class OrderRequest(BaseModel):
    """Asks for it in many ways."""

    side: Side = Field(description="What to do.")
    maybe: Side | None = None
    many: list[Side] | None = None
    limit: Literal["auto", "off"] | int = "auto"
    kind: Kind = Kind.BUY


class Order(BaseModel):
    """Answers with it."""

    side: Side


class Fill(BaseModel):
    """Comes before `Order` in every list."""

    side: Side


class OrderStatus(BaseModel):
    """Has the name that the literal of a field would have."""

    status: str


class Told(BaseModel):
    """Holds both."""

    of: OrderStatus


def _router(*, newer: bool = False) -> APIRouter:
    router = APIRouter()

    @router.post("/orders", operation_id="place")
    def place(
        body: OrderRequest,
        side: Side | None = None,
        sides: Annotated[list[Side] | None, Query()] = None,
    ) -> Order:
        return Order(side=body.side)

    @router.get("/sides", operation_id="sides")
    def sides() -> Side | None:
        return None

    if newer:

        @router.get("/fills", operation_id="fills")
        def fills() -> list[Fill]:
            return []

    return router


def _files(router: APIRouter, **options: Any) -> dict[str, str]:
    app = Module(routers={"v1": router}).create_app("desk")
    return render_python_client(
        app.versions["v1"].openapi(), module="desk", version="v1", **options
    )


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """The client, formatted."""
    return _files(_router())


@pytest.fixture(scope="module")
def desk(
    files: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModuleType]:
    """The generated module, imported."""
    folder = tmp_path_factory.mktemp("literals")
    index = {"__init__.py": render_index([("desk", "v1")])}
    write_files(folder / PACKAGE, {**files, **index})
    sys.path.insert(0, str(folder))
    yield importlib.import_module(f"{PACKAGE}.desk_client")
    sys.path.remove(str(folder))
    for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_equal_literals_are_one_type(desk: ModuleType) -> None:
    """In bodies, answers, queries and lists, with null and without."""
    places = {
        desk.OrderRequestSide,
        desk.OrderRequestMaybe,
        desk.OrderRequestManyItem,
        desk.OrderSide,
        desk.PlaceSide,
        desk.PlaceSidesItem,
        desk.SidesResponseSides,
    }
    (side,) = places
    assert [member.value for member in side] == ["buy", "sell"]


def test_what_an_answer_has_can_be_asked_for(desk: ModuleType) -> None:
    """Its member is one of the request's enum."""
    order = desk.Order.from_dict({"side": "sell"})
    request = desk.OrderRequest(side=order.side, maybe=order.side)
    assert request.to_dict() == {"side": "sell", "maybe": "sell"}


def test_an_enum_with_a_name_stays_a_type_of_its_own(desk: ModuleType) -> None:
    """The author said that it is another one."""
    assert desk.Kind is not desk.OrderSide


def test_other_values_are_another_type(desk: ModuleType) -> None:
    """Also where they are one of several members."""
    assert [member.value for member in desk.OrderRequestLimit] == ["auto", "off"]


def test_one_more_place_takes_no_name_away() -> None:
    """A name depends on its place alone, whichever of them holds the class."""
    before, after = _exported(_router()), _exported(_router(newer=True))
    assert after - before == {"Fill", "FillSide"}
    assert before <= after


def test_a_literal_gives_way_to_a_component_of_its_name() -> None:
    """Both are there, and no generation fails."""
    router = APIRouter()

    @router.get("/told", operation_id="told")
    def told() -> Told:
        return Told(of=OrderStatus(status="open"))

    class Order(BaseModel):
        status: Literal["open", "done"] | None = None

    router.add_api_route("/order", lambda: None, response_model=Order)
    text = "".join(_files(router).values())
    assert "class OrderStatus(_OpenModel" in text
    assert "class OrderStatusLiteral(_OpenStrEnum)" in text


def test_only_one_place_holds_the_class(files: dict[str, str]) -> None:
    """The others are two lines, laid out as the formatters would."""
    models = {p: t for p, t in files.items() if "/models/" in p}
    holders = [p for p, t in models.items() if "(_OpenStrEnum)" in t and "BUY" in t]
    assert len(holders) == 2  # and that of Kind
    for path, text in models.items():
        assert format_source(text) == text, path


def _exported(router: APIRouter) -> set[str]:
    text = _files(router, format_file=str)["desk_client.py"]
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and "__all__" in ast.unparse(node):
            return set(ast.literal_eval(node.value))
    raise AssertionError


def test_the_names_do_not_depend_on_the_place_that_holds_the_class() -> None:
    """The class can be reached under each of them, in old code too."""
    newer = _files(_router(newer=True), format_file=str)
    assert "OrderSide = FillSide" in newer["_desk/models/order_side.py"]
