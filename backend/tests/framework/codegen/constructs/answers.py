"""Answers that are no JSON, or more than one thing; statuses, headers, methods."""

from __future__ import annotations

import datetime
import enum
from pathlib import Path
from typing import Any

import pydantic
import pytest
from fastapi import HTTPException, Request, Response
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    StreamingResponse,
)

from modular_api.clients.errors import Conflict, NotFound, TooManyRequests
from tests.framework.codegen.constructs.catalogue import (
    Client,
    Generated,
    Theme,
    assert_same,
)

theme = Theme()

PNG = b"\x89PNG\r\n\x1a\n\x00"


class Report(pydantic.BaseModel):
    title: str


class Fault(pydantic.BaseModel):
    code: int
    words: str


class Tier(enum.StrEnum):
    FREE = "free"
    PAID = "paid"


def answers(id: str, words: str, endpoint: Any, expected: Any, **route: Any) -> None:
    """Declare a route without parameters that answers one thing."""

    async def check(client: Client, c: Generated) -> None:
        wanted = expected(c) if callable(expected) else expected
        assert_same(wanted, await getattr(client, id)())

    theme.add(id, words, endpoint, check, **route)


async def _image() -> Response:
    return Response(PNG, media_type="image/png")


answers(
    "image_answer",
    "an image",
    _image,
    PNG,
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)


async def _octets() -> Response:
    return Response(PNG, media_type="application/octet-stream")


answers(
    "octet_answer",
    "bytes",
    _octets,
    PNG,
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"}
                }
            }
        }
    },
)


async def _pdf() -> StreamingResponse:
    return StreamingResponse(iter([PNG, PNG]), media_type="application/pdf")


answers(
    "streamed_bytes_answer",
    "bytes sent in pieces",
    _pdf,
    PNG + PNG,
    response_class=StreamingResponse,
    responses={200: {"content": {"application/pdf": {}}}},
)


async def _file() -> FileResponse:
    return FileResponse(__file__)


answers(
    "file_answer",
    "a file whose media type nobody tells",
    _file,
    lambda c: Path(__file__).read_bytes(),
    response_class=FileResponse,
)


async def _text() -> str:
    return "grüße"


answers("text_answer", "a text", _text, "grüße", response_class=PlainTextResponse)


async def _html() -> str:
    return "<p>ü</p>"


answers("html_answer", "HTML", _html, "<p>ü</p>", response_class=HTMLResponse)


async def _xml() -> Response:
    return Response("<a>ü</a>", media_type="application/xml")


answers(
    "xml_answer",
    "XML",
    _xml,
    "<a>ü</a>",
    response_class=Response,
    responses={200: {"content": {"application/xml": {}}}},
)


async def _csv() -> Response:
    return Response("a,b\n", media_type="text/csv")


answers(
    "csv_answer",
    "a table",
    _csv,
    "a,b\n",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)


async def _returned_text() -> PlainTextResponse:
    return PlainTextResponse("grüße")


answers("returned_text_answer", "a text, said by `->` alone", _returned_text, "grüße")


async def _returned_html() -> HTMLResponse:
    return HTMLResponse("<p>ü</p>")


answers("returned_html_answer", "HTML, said by `->` alone", _returned_html, "<p>ü</p>")


async def _returned_json() -> JSONResponse:
    return JSONResponse({"a": [1]})


answers(
    "returned_json_answer",
    "JSON of any shape, said by `->` alone",
    _returned_json,
    {"a": [1]},
)


async def _returned_image() -> Response:
    return Response(PNG, media_type="image/png")


answers(
    "returned_image_answer",
    "an answer nobody describes, by `-> Response`",
    _returned_image,
    PNG,
)


async def _returned_stream() -> StreamingResponse:
    return StreamingResponse(iter([PNG, PNG]), media_type="image/png")


answers(
    "returned_stream_answer",
    "bytes in pieces, by `-> StreamingResponse`",
    _returned_stream,
    PNG + PNG,
)


async def _returned_file() -> FileResponse | PlainTextResponse:
    return FileResponse(__file__)


answers(
    "returned_file_answer",
    "a file or a text, by `->`",
    _returned_file,
    lambda c: Path(__file__).read_bytes(),
    response_model=None,
)


class JsonApi(JSONResponse):
    media_type = "application/vnd.api+json"


async def _vendor() -> Report:
    return Report(title="t")


answers(
    "vendor_json_answer",
    "JSON under a media type of its own",
    _vendor,
    lambda c: c.Report(title="t"),
    response_class=JsonApi,
)


async def _either(kind: str) -> Any:
    if kind == "image":
        return Response(PNG, media_type="image/png")
    if kind == "text":
        return PlainTextResponse("plain")
    return Report(title="t")


async def _check_either(client: Client, c: Generated) -> None:
    assert_same(PNG, await client.several_answer_types(kind="image"))
    assert_same("plain", await client.several_answer_types(kind="text"))
    answer = await client.several_answer_types(kind="json")
    assert_same(c.Report(title="t"), answer)


theme.add(
    "several_answer_types",
    "JSON, an image or a text, told by the media type",
    _either,
    _check_either,
    response_model=Report,
    responses={200: {"content": {"image/png": {}, "text/plain": {}}}},
)


async def _nothing() -> None:
    return None


async def _check_nothing(client: Client, c: Generated) -> None:
    assert await client.no_content() is None


theme.add(
    "no_content",
    "no content: 204",
    _nothing,
    _check_nothing,
    methods=["DELETE"],
    status_code=204,
)


async def _created() -> Report:
    return Report(title="new")


answers(
    "created",
    "another success than 200",
    _created,
    lambda c: c.Report(title="new"),
    methods=["POST"],
    status_code=201,
)


async def _accepted(wait: bool = False) -> Any:
    if wait:
        return JSONResponse(["later"], 202)
    return Report(title="now")


async def _check_accepted(client: Client, c: Generated) -> None:
    assert_same(c.Report(title="now"), await client.several_successes())
    assert_same(["later"], await client.several_successes(wait=True))


theme.add(
    "several_successes",
    "a model for each success",
    _accepted,
    _check_accepted,
    response_model=Report,
    responses={202: {"model": list[str]}},
)


async def _faulty(code: int) -> Report:
    if code == 409:
        return JSONResponse({"code": 1, "words": "twice"}, 409)  # type: ignore[return-value]  # a Response is passed on as it is
    raise HTTPException(code, "no")


async def _check_faulty(client: Client, c: Generated) -> None:
    with pytest.raises(Conflict) as caught:
        await client.typed_errors(code=409)
    assert_same(c.Fault(code=1, words="twice"), caught.value.problem)
    with pytest.raises(NotFound):
        await client.typed_errors(code=404)


theme.add(
    "typed_errors",
    "a model for an error",
    _faulty,
    _check_faulty,
    responses={409: {"model": Fault}, 404: {}},
)


async def _ranges(code: int) -> Any:
    return JSONResponse({"code": code, "words": "r"}, code)


async def _check_ranges(client: Client, c: Generated) -> None:
    with pytest.raises(TooManyRequests) as caught:
        await client.ranges_and_default(code=429)
    assert_same(c.Fault(code=429, words="r"), caught.value.problem)


theme.add(
    "ranges_and_default",
    "answers `4XX` and `default`",
    _ranges,
    _check_ranges,
    response_model=Report,
    responses={"4XX": {"model": Fault}, "default": {"model": Fault}},
)


def _schema(**schema: Any) -> dict[str, Any]:
    return {"schema": schema}


async def _headers(response: Response, bare: bool = False) -> Report:
    if not bare:
        response.headers["X-Total"] = "42"
        response.headers["X-Ratio"] = "0.5"
        response.headers["X-Last"] = "true"
        response.headers["X-At"] = "2026-01-02T03:04:05+00:00"
        response.headers["X-Tier"] = "paid"
        response.headers["X-Tags"] = "a, b"
        response.headers["ETag"] = '"x"'
    return Report(title="t")


async def _check_headers(client: Client, c: Generated) -> None:
    answer = await client.response_headers_with_headers()
    assert_same(c.Report(title="t"), answer.value)
    headers = answer.headers
    assert_same(42, headers.x_total)
    assert_same(0.5, headers.x_ratio)
    assert_same(True, headers.x_last)
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    assert_same(at, headers.x_at)
    assert_same("paid", str(headers.x_tier))
    assert_same(["a", "b"], headers.x_tags)
    assert_same('"x"', headers.e_tag)
    bare = await client.response_headers_with_headers(bare=True)
    assert bare.headers.x_total is c.UNSET
    assert_same(c.Report(title="t"), await client.response_headers())
    again = client.sync.response_headers_with_headers()
    assert again == answer


theme.add(
    "response_headers",
    "typed headers of an answer",
    _headers,
    _check_headers,
    responses={
        200: {
            "headers": {
                "X-Total": _schema(type="integer"),
                "X-Ratio": _schema(type="number"),
                "X-Last": _schema(type="boolean"),
                "X-At": _schema(type="string", format="date-time"),
                "X-Tier": _schema(type="string", enum=["free", "paid"]),
                "X-Tags": _schema(type="array", items={"type": "string"}),
                "ETag": {},
            }
        }
    },
)


async def _location(response: Response) -> None:
    response.headers["Location"] = "/reports/7"


async def _check_location(client: Client, c: Generated) -> None:
    assert await client.headers_without_content() is None
    answer = await client.headers_without_content_with_headers()
    assert_same("/reports/7", answer.headers.location)
    assert answer.value is None


theme.add(
    "headers_without_content",
    "headers of an answer without content",
    _location,
    _check_location,
    methods=["POST"],
    status_code=204,
    responses={204: {"headers": {"Location": _schema(type="string")}}},
)


for _method in ("PUT", "PATCH", "DELETE", "OPTIONS"):

    async def _endpoint() -> str:
        return "done"

    answers(
        f"{_method.lower()}_method",
        f"the method {_method}",
        _endpoint,
        "done",
        methods=[_method],
    )


async def _head(response: Response) -> None:
    response.headers["X-Size"] = "7"


async def _check_head(client: Client, c: Generated) -> None:
    assert await client.head_method() is None
    answer = await client.head_method_with_headers()
    assert_same(7, answer.headers.x_size)


theme.add(
    "head_method",
    "the method HEAD, with headers",
    _head,
    _check_head,
    methods=["HEAD"],
    status_code=204,
    responses={204: {"headers": {"X-Size": _schema(type="integer")}}},
)


async def _several_methods(request: Request) -> str:
    return request.method


async def _check_several_methods(client: Client, c: Generated) -> None:
    assert_same("GET", await client.several_methods_get())
    assert_same("POST", await client.several_methods_post())
    assert_same("PUT", await client.several_methods_put())


theme.add(
    "several_methods",
    "several methods on one route",
    _several_methods,
    _check_several_methods,
    methods=["GET", "POST", "PUT"],
    operations=[f"several_methods_{method}" for method in ("get", "post", "put")],
)
