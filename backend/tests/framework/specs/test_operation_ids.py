"""operationIds are the handlers' names."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from modular_api.specs.errors import OperationIdCollision, ShadowedOperation


def ids(document: dict[str, Any], section: str = "paths") -> dict[str, str]:
    return {
        f"{method.upper()} {path}": operation["operationId"]
        for path, item in document.get(section, {}).items()
        for method, operation in item.items()
    }


async def list_orders() -> list[int]:
    return []


async def other() -> list[int]:
    return []


def test_an_operation_is_called_after_its_handler(app: FastAPI, build: Any) -> None:
    """Not after its path, so renaming a path parameter changes no id."""
    app.get("/orders/{order_id}")(list_orders)
    assert ids(build(app)) == {"GET /orders/{order_id}": "list_orders"}


def test_an_explicit_id_stays(app: FastAPI, build: Any) -> None:
    """From the decorator or from `openapi_extra`."""
    app.get("/a", operation_id="mine")(list_orders)
    app.get("/b", openapi_extra={"operationId": "theirs"})(list_orders)
    assert ids(build(app)) == {"GET /a": "mine", "GET /b": "theirs"}


@pytest.mark.parametrize("explicit", [None, "mine"])
def test_each_method_of_a_route_has_an_id(
    app: FastAPI, build: Any, explicit: str | None
) -> None:
    """A route of several methods would otherwise give one id to all of them."""
    app.api_route("/a", methods=["PUT", "GET"], operation_id=explicit)(list_orders)
    name = explicit or "list_orders"
    assert ids(build(app)) == {"GET /a": f"{name}_get", "PUT /a": f"{name}_put"}


def test_an_included_routers_handlers_keep_their_names(
    app: FastAPI, build: Any
) -> None:
    """Included twice deep, with prefixes."""
    inner, outer = APIRouter(), APIRouter()
    inner.get("/c")(list_orders)
    outer.include_router(inner, prefix="/b")
    app.include_router(outer, prefix="/a")
    assert ids(build(app)) == {"GET /a/b/c": "list_orders"}


def test_partials_and_callable_objects_have_names(app: FastAPI, build: Any) -> None:
    """What a partial wraps, and an object's class."""

    class Lister:
        async def __call__(self) -> int:
            return 1

    app.get("/a", response_model=int)(functools.partial(other))
    app.get("/b", response_model=int)(Lister())
    assert ids(build(app)) == {"GET /a": "other", "GET /b": "Lister"}


def test_a_callbacks_id_begins_with_its_operation(app: FastAPI, build: Any) -> None:
    """One callback may belong to two operations, and ids are unique in a document."""
    callbacks = APIRouter()
    callbacks.post("{$request.body#/url}")(other)
    callbacks.api_route("{$request.body#/mine}", operation_id="by_hand")(list_orders)
    app.get("/a", callbacks=callbacks.routes[:1])(list_orders)
    app.get("/b", operation_id="b", callbacks=callbacks.routes)(list_orders)
    paths = build(app)["paths"]
    found = [
        operation["operationId"]
        for path in ("/a", "/b")
        for _, items in sorted(paths[path]["get"]["callbacks"].items())
        for item in items.values()
        for operation in item.values()
    ]
    assert found == ["list_orders_other", "by_hand", "b_other"]


def test_a_webhook_is_called_after_its_handler(app: FastAPI, build: Any) -> None:
    """FastAPI gives webhooks ids made of their paths."""
    app.webhooks.post("new-order")(other)
    app.webhooks.post("old-order", operation_id="old")(other)
    app.webhooks.api_route("both", methods=["POST", "PUT"])(list_orders)
    assert ids(build(app), "webhooks") == {
        "POST new-order": "other",
        "POST old-order": "old",
        "POST both": "list_orders_post",
        "PUT both": "list_orders_put",
    }


def test_a_collision_names_both_handlers(app: FastAPI, build: Any) -> None:
    """With module, method, path, file and line."""
    app.get("/a")(list_orders)
    app.post("/b")(list_orders)
    with pytest.raises(OperationIdCollision) as caught:
        build(app)
    text = str(caught.value)
    line = list_orders.__code__.co_firstlineno
    assert f"shop v1: GET /a, list_orders ({__file__}:{line})" in text
    assert f"shop v1: POST /b, list_orders ({__file__}:{line})" in text


def test_all_collisions_are_told_at_once(app: FastAPI, build: Any) -> None:
    """Also the one between a handler and an id written by hand."""
    for path in ("/a", "/b"):
        app.get(path)(list_orders)
    app.get("/c")(other)
    app.webhooks.post("d", operation_id="other")(list_orders)
    with pytest.raises(OperationIdCollision) as caught:
        build(app)
    assert {k: len(v) for k, v in caught.value.collisions.items()} == {
        "list_orders": 2,
        "other": 2,
    }


def test_a_suffix_may_collide_too(app: FastAPI, build: Any) -> None:
    """`a_get` of a route of two methods and a handler called `a_get`."""

    async def other_get() -> int:
        return 1

    app.api_route("/a", methods=["GET", "PUT"])(other)
    app.get("/b")(other_get)
    with pytest.raises(OperationIdCollision, match="other_get"):
        build(app)


def test_a_handler_behind_another_one_is_refused(app: FastAPI, build: Any) -> None:
    """FastAPI would describe the second and serve the first."""
    app.get("/a")(list_orders)
    app.get("/a")(other)
    with pytest.raises(ShadowedOperation) as caught:
        build(app)
    assert "other" in str(caught.value) and "hidden by list_orders" in str(caught.value)


def test_hidden_routes_take_part_in_nothing(app: FastAPI, build: Any) -> None:
    """What is not in the schema has no id, and hides nothing in it."""
    app.get("/a", include_in_schema=False)(list_orders)
    app.get("/a")(list_orders)
    assert ids(build(app)) == {"GET /a": "list_orders"}


def test_no_warning_escapes(app: FastAPI, build: Any) -> None:
    """FastAPI warns of one id on several methods; here it has been settled."""
    app.api_route("/a", methods=["GET", "PUT"])(list_orders)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        build(app)
    assert caught == []
