"""Routes whose answer no client could be typed for."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from modular_api.specs.errors import MissingResponseModels
from modular_api.specs.response_models import validate_response_models


class Order(BaseModel):
    qty: int


def faults(app: FastAPI) -> list[str]:
    try:
        validate_response_models(app)
    except MissingResponseModels as error:
        return [f"{place.method} {place.path}: {why}" for place, why in error.routes]
    return []


def handler(annotation: Any = ...) -> Callable[..., Any]:
    async def answer() -> Any: ...

    answer.__annotations__ = {} if annotation is ... else {"return": annotation}
    return answer


@pytest.mark.parametrize(
    "annotation",
    [Order, list[Order], int, Order | None, dict[str, int], dict[str, Any], "Order"],
)
def test_a_typed_answer_is_fine(annotation: Any) -> None:
    """`dict[str, Any]` too: whoever writes it out means a free-form answer."""
    app = FastAPI()
    app.get("/")(handler(annotation))
    assert faults(app) == []


def test_a_response_model_is_fine() -> None:
    """Instead of, or beside, an annotation that says less."""
    app = FastAPI()
    app.get("/", response_model=Order)(handler())
    app.get("/dict", response_model=Order)(handler(dict))
    assert faults(app) == []


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (..., "says nothing"),
        (None, "`null`"),
        ("None", "`null`"),
        (Any, "bare `Any`"),
        (dict, "bare `dict`"),
        (list, "bare `list`"),
        (object, "bare `object`"),
    ],
)
def test_an_answer_that_says_nothing_is_reported(annotation: Any, reason: str) -> None:
    """With a reason that tells what to write instead."""
    app = FastAPI()
    app.get("/a")(handler(annotation))
    (fault,) = faults(app)
    assert fault.startswith("GET /a: ") and reason in fault


@pytest.mark.parametrize(
    "kind",
    [
        HTMLResponse,
        PlainTextResponse,
        RedirectResponse,
        StreamingResponse,
        FileResponse,
        Response,
    ],
)
def test_answers_other_than_json_need_no_model(kind: type[Response]) -> None:
    """By response class or by annotation."""
    app = FastAPI()
    app.get("/class", response_class=kind)(handler())
    app.get("/annotation")(handler(kind))
    assert faults(app) == []


def test_a_response_made_by_hand_needs_no_model() -> None:
    """Also one of several kinds, which FastAPI wants `response_model=None` for."""
    app = FastAPI()
    app.get("/a")(handler(JSONResponse))
    app.get("/b", response_model=None)(handler(JSONResponse | RedirectResponse))
    app.get("/c", response_model=None)(handler(Order | RedirectResponse))
    assert [fault.partition(":")[0] for fault in faults(app)] == ["GET /c"]


def test_routes_without_body_or_schema_need_no_model() -> None:
    """Status 204, and what is hidden from the document."""
    app = FastAPI()
    app.delete("/a", status_code=204)(handler(None))
    app.get("/b", include_in_schema=False)(handler())
    app.add_route("/c", lambda request: Response())
    assert faults(app) == []


async def orders() -> AsyncIterable[Order]:
    yield Order(qty=1)


async def events() -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(data=1)


async def untyped():
    yield 1


async def anything() -> AsyncIterable[Any]:
    yield 1


@pytest.mark.parametrize("kind", ["jsonl", "sse"])
def test_streams_are_typed_by_their_items(kind: str) -> None:
    """JSON lines and server-sent events."""
    app = FastAPI()
    options: dict[str, Any] = {}
    if kind == "sse":
        options["response_class"] = EventSourceResponse
    app.get("/orders", **options)(orders)
    app.get("/untyped", **options)(untyped)
    app.get("/anything", **options)(anything)
    found = faults(app)
    assert [fault.partition(":")[0] for fault in found] == [
        "GET /anything",
        "GET /untyped",
    ]
    assert "AsyncIterable[Item]" in found[1]


def test_events_made_by_hand_need_no_item() -> None:
    """A ServerSentEvent is an envelope, not a model."""
    app = FastAPI()
    app.get("/", response_class=EventSourceResponse)(events)
    assert faults(app) == []


async def first() -> dict:  # type: ignore[type-arg]  # this is the mistake under test
    return {}


async def second():
    return {}


def test_every_route_is_listed_at_once() -> None:
    """Through mounts and included routers, with module, path, handler, file and line."""
    module, router, nested = FastAPI(), APIRouter(), APIRouter()
    nested.get("/first")(first)
    router.include_router(nested, prefix="/deep")
    module.include_router(router, prefix="/more")
    module.api_route("/second", methods=["PUT", "POST"])(second)
    root = FastAPI(title="root")
    root.get("/third")(second)
    root.mount("/api/v1/shop", module)
    with pytest.raises(MissingResponseModels) as caught:
        validate_response_models(root)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("3 routes have no response model")
    place = f"{__file__}:{first.__code__.co_firstlineno}"
    assert lines[1] == (
        f"  - /api/v1/shop: GET /api/v1/shop/more/deep/first, first ({place}): "
        "answers a bare `dict`; say what it holds"
    )
    assert "POST, PUT /api/v1/shop/second, second" in lines[2]
    assert "root: GET /third, second" in lines[3]


def test_a_mount_inside_an_included_router_is_walked() -> None:
    """Its path is the whole path."""
    inner, router, app = FastAPI(), APIRouter(), FastAPI()
    inner.get("/first")(first)
    router.mount("/inner", inner)
    router.mount("/static", Response())
    app.include_router(router, prefix="/outer")
    (fault,) = faults(app)
    assert fault.startswith("GET /outer/inner/first: ")
