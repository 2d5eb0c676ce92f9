"""Streams are described in a document that is valid OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.sse import EventSourceResponse
from openapi_spec_validator import validate
from pydantic import BaseModel, create_model

from modular_api.specs.canonical import canonical_bytes
from modular_api.specs.diff import compare
from modular_api.specs.merge import ModuleSpec, merge
from modular_api.specs.operation_ids import operation_id_of
from modular_api.specs.structure import REF_ROOT
from tests.framework.app.modules.features.module import router as features

PATHS = {"/events": "text/event-stream", "/lines": "application/jsonl"}


def streaming(item: type[BaseModel], *, callbacks: Any = None) -> FastAPI:
    """Make an app that streams items, as JSON lines and as events."""
    app = FastAPI(
        title="shop", version="v1", generate_unique_id_function=operation_id_of
    )
    add_streams(app.router, item, callbacks)
    return app


def add_streams(
    router: APIRouter, item: type[BaseModel], callbacks: Any = None
) -> None:
    async def lines() -> Any:
        yield item()

    async def events() -> Any:
        yield item()

    for handler in (lines, events):
        handler.__annotations__ = {"return": AsyncIterable[item]}  # type: ignore[valid-type]  # made at run time
    router.get("/lines", callbacks=callbacks)(lines)
    router.get("/events", response_class=EventSourceResponse)(events)


def items_of(document: dict[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    """Yield what events, then lines, are made of, references followed."""
    for path, media_type in PATHS.items():
        answers = document["paths"][prefix + path]["get"]["responses"]
        schema = answers["200"]["content"][media_type]["x-itemSchema"]
        if "properties" in schema:
            schema = schema["properties"]["data"]["contentSchema"]
        name = schema["$ref"].removeprefix(f"{REF_ROOT}schemas/")
        yield document["components"]["schemas"][name]


def item(**fields: Any) -> type[BaseModel]:
    """Make a class `Item` with these fields."""
    return create_model("Item", **fields)


def test_the_items_are_an_extension(build: Any) -> None:
    """`itemSchema` is a word of OpenAPI 3.2; the references lead to the class."""
    document = build(streaming(item(price=(int, ...))))
    validate(document)
    assert b'"itemSchema"' not in canonical_bytes(document)
    assert [list(found["properties"]) for found in items_of(document)] == [
        ["price"]
    ] * 2


def test_items_without_a_type_are_described_too(build: Any, app: FastAPI) -> None:
    """Anything may be streamed."""

    @app.get("/lines")
    async def lines() -> AsyncIterable[Any]:
        yield 1

    document = build(app)
    validate(document)
    assert b'"itemSchema"' not in canonical_bytes(document)


def test_streams_of_callbacks_are_described_too(build: Any) -> None:
    """Both those of the operation and of its callbacks."""
    router = APIRouter()
    add_streams(router, item(price=(int, ...)))
    text = canonical_bytes(
        build(streaming(item(price=(int, ...)), callbacks=router.routes))
    )
    assert text.count(b'"x-itemSchema"') == 4
    assert b'"itemSchema"' not in text


def test_streams_of_webhooks_are_described_too(build: Any, app: FastAPI) -> None:
    """Although nobody is served by them."""
    add_streams(app.webhooks, item(price=(int, ...)))
    text = canonical_bytes(build(app))
    assert text.count(b'"x-itemSchema"') == 2
    assert b'"itemSchema"' not in text


def test_the_references_follow_in_the_merged_document(build: Any) -> None:
    """Each module streams its own `Item`."""
    fields = {"order": "a", "shop": "b"}
    specs = [
        ModuleSpec(
            name, "v1", f"/api/v1/{name}", build(streaming(item(**{field: (int, ...)})))
        )
        for name, field in fields.items()
    ]
    merged = merge(specs, title="all", version="1")
    validate(merged)
    assert list(merged["components"]["schemas"]) == ["OrderItem", "ShopItem"]
    for name, field in fields.items():
        for found in items_of(merged, f"/api/v1/{name}"):
            assert list(found["properties"]) == [field]


def test_a_class_that_is_only_streamed_counts_as_used(build: Any, app: FastAPI) -> None:
    """Two classes of one name are numbered where streams use them."""
    add_streams(app.router, item(b=(int, ...)))

    @app.get("/0")
    async def first() -> item(a=(int, ...)): ...  # type: ignore[valid-type]  # made at run time

    document = build(app)
    validate(document)
    assert list(document["components"]["schemas"]) == ["Item", "Item2"]
    assert [list(found["properties"]) for found in items_of(document)] == [["b"]] * 2


def test_a_module_that_uses_all_of_fastapi_is_valid(build: Any, app: FastAPI) -> None:
    """Alone and merged with another one."""
    app.include_router(features)
    document = build(app)
    validate(document)
    other = build(streaming(item(price=(int, ...))))
    specs = [
        ModuleSpec("features", "v1", "/api/v1/features", document),
        ModuleSpec("shop", "v1", "/api/v1/shop", other),
    ]
    validate(merge(specs, title="all", version="1"))


@pytest.mark.parametrize("word", ["itemSchema", "x-itemSchema"])
def test_older_documents_can_be_compared(build: Any, word: str) -> None:
    """Those made before the word was an extension as well: nothing of it breaks."""
    new = build(streaming(item(price=(int, ...))))
    old = build(streaming(item(price=(int, ...))))
    for path, media_type in PATHS.items():
        content = old["paths"][path]["get"]["responses"]["200"]["content"]
        content[media_type][word] = content[media_type].pop("x-itemSchema")
    assert {change.level.value for change in compare(old, new)} <= {"docs"}
