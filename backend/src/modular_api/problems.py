"""Errors on the wire: problem details, as `application/problem+json`.

Source: RFC 9457, Problem Details for HTTP APIs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """The body of an error answer; document it with `responses={404: {"model": Problem}}`."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: str = Field(default="about:blank", description="What kind of problem it is.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status, repeated.")
    detail: Any = Field(default=None, description="What happened in this case.")


class ProblemResponse(JSONResponse):
    """A problem as a response."""

    media_type = MEDIA_TYPE


def problem_response(
    status: int,
    detail: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> ProblemResponse:
    """Build a problem of a status; `extensions` stand beside the standard members."""
    body = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "detail": detail,
        **extensions,
    }
    return ProblemResponse(body, status, headers=headers)


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


async def answer_http_exception(request: Request, exc: Exception) -> Response:
    """Exception handler: an HTTPException becomes a problem, its headers are kept."""
    assert isinstance(exc, HTTPException)
    if exc.status_code < 200 or exc.status_code in (204, 205, 304):
        return Response(status_code=exc.status_code, headers=exc.headers)
    return problem_response(exc.status_code, exc.detail, headers=exc.headers)


async def answer_validation_error(request: Request, exc: Exception) -> Response:
    """Exception handler: FastAPI's own 422 answer, for every input.

    The answer repeats the input, which may hold what no JSON answer can: NaN, Infinity
    and halves of surrogate pairs, as Python reads JSON, and bytes that are no text.
    They are told as text. An input that cannot be repeated at all is left out.
    """
    assert isinstance(exc, RequestValidationError)
    errors = exc.errors()
    try:
        return _unprocessable(errors)
    except (RecursionError, TypeError, ValueError):
        # It is nested more deeply than Python can write, or it is no data.
        words = ("type", "loc", "msg")
        return _unprocessable(
            [{word: error[word] for word in words} for error in errors]
        )


def _unprocessable(errors: Sequence[Any]) -> Response:
    detail = jsonable_encoder(errors, custom_encoder={bytes: _text_of})
    return JSONResponse({"detail": _tellable(detail)}, status_code=422)


def _text_of(content: bytes) -> str:
    return content.decode(errors="replace")


def _tellable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_tellable(key): _tellable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_tellable(item) for item in value]
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
