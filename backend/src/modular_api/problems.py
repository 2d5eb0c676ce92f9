"""Errors on the wire: problem details, as `application/problem+json`.

Source: RFC 9457, Problem Details for HTTP APIs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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

    The answer repeats the input, and JSON as Python reads it may hold NaN and Infinity,
    which no JSON answer can: they are told as text.
    """
    assert isinstance(exc, RequestValidationError)
    detail = jsonable_encoder(exc.errors())
    return JSONResponse({"detail": _finite(detail)}, status_code=422)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
