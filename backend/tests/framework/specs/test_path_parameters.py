"""Documents tell which path parameters may hold slashes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.convertors import Convertor, register_url_convertor

from modular_api.specs.diff import compare
from modular_api.specs.diff.change import Level
from modular_api.specs.openapi import build_document
from modular_api.specs.operation_ids import operation_id_of


class Slashed(Convertor[str]):
    """Takes slashes, under a name of its own."""

    regex = "[a-z/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def document() -> dict[str, Any]:
    """Describe routes with every kind of path parameter, one below a router's prefix."""
    register_url_convertor("slashed", Slashed())
    router = APIRouter(prefix="/v/{volume:path}")

    @router.get("/files/{id}")
    async def file(volume: str, id: str) -> str:
        return volume + id

    async def other(it: str) -> str:
        return it

    app = FastAPI(generate_unique_id_function=operation_id_of)
    app.include_router(router)
    for name in ("path", "slashed", "str", "uuid"):
        app.get(f"/{name}/{{it:{name}}}", operation_id=name)(other)
    return build_document(app, module="m", version="v1", prefix="/api/v1/m")


def test_only_parameters_that_take_slashes_are_marked() -> None:
    """By what their converter accepts, whatever it is called."""
    marked = {
        (path, parameter["name"]): parameter.get("x-path", False)
        for path, item in document()["paths"].items()
        for parameter in item["get"]["parameters"]
    }
    assert marked == {
        ("/path/{it}", "it"): True,
        ("/slashed/{it}", "it"): True,
        ("/str/{it}", "it"): False,
        ("/uuid/{it}", "it"): False,
        ("/v/{volume}/files/{id}", "volume"): True,
        ("/v/{volume}/files/{id}", "id"): False,
    }


def test_the_mark_breaks_no_promise() -> None:
    """One that was made before there were marks is kept, and so is one made after."""
    new = document()
    old = deepcopy(new)
    for item in old["paths"].values():
        for parameter in item["get"]["parameters"]:
            parameter.pop("x-path", None)
    for changes in (compare(old, new), compare(new, old)):
        assert {change.level for change in changes} == {Level.DOCS}
