"""Handlers that make their Response themselves are described as what they are."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
)

from modular_api.specs.openapi import build_document
from modular_api.specs.operation_ids import operation_id_of

TEXT = {"schema": {"type": "string"}}
ANY_JSON: dict[str, Any] = {"schema": {}}


class VendorJson(JSONResponse):
    """JSON under a name of its own."""

    media_type = "application/vnd.api+json"


def content_of(returned: Any, **route: Any) -> Any:
    """What the document says of the success of a route that returns this."""
    app = FastAPI(generate_unique_id_function=operation_id_of)

    async def handler() -> Any: ...

    handler.__annotations__ = {"return": returned}
    app.get("/things", **route)(handler)
    document = build_document(app, module="shop", version="v1", prefix="/api/v1/shop")
    (answers,) = [p["get"]["responses"] for p in document["paths"].values()]
    return answers[str(route.get("status_code", 200))].get("content")


@pytest.mark.parametrize(
    ("returned", "content"),
    [
        (PlainTextResponse, {"text/plain": TEXT}),
        (HTMLResponse, {"text/html": TEXT}),
        (JSONResponse, {"application/json": ANY_JSON}),
        (VendorJson, {"application/vnd.api+json": ANY_JSON}),
        (
            PlainTextResponse | JSONResponse,
            {"text/plain": TEXT, "application/json": ANY_JSON},
        ),
        (Response, None),
        (FileResponse, None),
        (FileResponse | PlainTextResponse, None),
    ],
)
def test_a_returned_class_tells_the_media_type(returned: Any, content: Any) -> None:
    """Nothing is said of what may be anything."""
    options = {} if isinstance(returned, type) else {"response_model": None}
    assert content_of(returned, **options) == content


def test_the_status_of_the_route_counts() -> None:
    """Success need not be 200."""
    assert content_of(PlainTextResponse, status_code=201) == {"text/plain": TEXT}


def test_what_the_author_says_stays() -> None:
    """By `responses=`, `response_class=` or `response_model=`."""
    png: dict[str, Any] = {"image/png": {}}
    assert content_of(Response, responses={200: {"content": png}}) == png
    said = {"application/json": {"schema": {"type": "array"}}}
    assert content_of(Response, responses={200: {"content": said}}) == said
    assert content_of(Response, response_class=PlainTextResponse) == {
        "text/plain": TEXT
    }
    modelled = content_of(Response, response_model=list[int])
    assert modelled["application/json"]["schema"]["items"] == {"type": "integer"}
