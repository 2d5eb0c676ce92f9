"""Answers of handlers that make their Response themselves, as documents should say them.

FastAPI documents `-> PlainTextResponse`, and every other annotation of that kind, as
JSON of any shape: it looks at `response_class=` alone. Who believed it could read none of
these answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from fastapi import FastAPI
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.utils import get_typed_return_annotation
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.responses import Response

from modular_api.types import Document

_ANY_JSON: dict[str, Any] = {"schema": {}}


def returned_classes(endpoint: Callable[..., Any]) -> list[type[Response]]:
    """Return the Response classes an endpoint says it returns; none if it may not."""
    annotation = get_typed_return_annotation(endpoint)
    is_union = get_origin(annotation) in (Union, UnionType)
    members = get_args(annotation) if is_union else (annotation,)
    classes = [m for m in members if isinstance(m, type) and issubclass(m, Response)]
    return classes if len(classes) == len(members) else []


def describe_returned_classes(document: Document, app: FastAPI) -> None:
    """Say the media types of the Response classes that handlers return.

    Text is a string; of what has no media type, like a `FileResponse`, nothing is said,
    as FastAPI does for a `response_class=` without one. What the author says in
    `responses=` stays.
    """
    for route in iter_route_contexts(app.routes):
        if not _is_left_to_the_handler(route):
            continue
        assert route.endpoint is not None
        classes = returned_classes(route.endpoint)
        for answer in _answers(document, route) if classes else ():
            content = answer.get("content", {})
            if content.get("application/json") != _ANY_JSON:
                continue
            del content["application/json"]
            if not content:
                content |= _content_of(classes)
            if not content:
                del answer["content"]


def _is_left_to_the_handler(route: RouteContext) -> bool:
    return (
        isinstance(route.original_route, APIRoute)
        and route.include_in_schema
        and route.response_model is None
        and isinstance(route.response_class, DefaultPlaceholder)
    )


def _answers(document: Document, route: RouteContext) -> Iterator[dict[str, Any]]:
    operations = document["paths"].get(route.path_format, {})
    for method in route.methods or ():
        operation = operations.get(method.lower(), {"responses": {}})
        answer = operation["responses"].get(str(route.status_code or 200))
        if answer is not None:
            yield answer


def _content_of(classes: list[type[Response]]) -> dict[str, Any]:
    media_types = [class_.media_type for class_ in classes]
    if None in media_types:
        return {}
    return {
        media_type: {"schema": {} if "json" in media_type else {"type": "string"}}
        for media_type in media_types
        if media_type is not None
    }
