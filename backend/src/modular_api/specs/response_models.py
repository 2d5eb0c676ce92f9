"""Find routes whose answers no typed client could have a type for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.utils import (
    get_stream_item_type,
    get_typed_return_annotation,
)
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.sse import ServerSentEvent
from fastapi.utils import is_body_allowed_for_status_code
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from modular_api.specs.errors import MissingResponseModels, OperationPlace
from modular_api.specs.handlers import handler_name, place_of_handler
from modular_api.specs.response_classes import returned_classes

_SHAPELESS = (Any, object, dict, list, tuple, set, frozenset)
"""Types that say nothing about the content of an answer.

`dict[str, Any]` is not one of them: it is a deliberate free-form answer.
"""


def validate_response_models(app: FastAPI) -> None:
    """Refuse an app, or mounted apps, with routes whose answer has no type.

    A type is a response model or a return annotation that describes the content of the
    answer. Bare `dict`, `list` or `Any` do not. Neither does `-> None`: the answer
    would be the text `null`; a route without an answer needs the status 204. Routes
    that do not answer JSON, have no body, or are not in the schema need no type.

    Raises:
        MissingResponseModels: lists every such route.
    """
    missing = sorted(_missing(app, app.title, ""))
    if missing:
        raise MissingResponseModels(missing)


def _missing(
    app: FastAPI, module: str, prefix: str
) -> Iterator[tuple[OperationPlace, str]]:
    for route in iter_route_contexts(app.routes):
        # For a Mount of an included router, the context's own route has the full path.
        mount = getattr(route, "_effective_route", route.route)
        if isinstance(mount, Mount):
            mounted = getattr(mount, "_base_app", mount.app)
            if isinstance(mounted, FastAPI):
                path = prefix + mount.path
                yield from _missing(mounted, path, path)
        elif isinstance(route.original_route, APIRoute) and route.include_in_schema:
            reason = _fault(route)
            if reason is not None:
                yield _place(module, prefix, route), reason


def _place(module: str, prefix: str, route: RouteContext) -> OperationPlace:
    endpoint: Callable[..., Any] = route.original_route.endpoint  # type: ignore[attr-defined]  # an APIRoute, see the caller
    return OperationPlace(
        module=module,
        path=prefix + (route.path or ""),
        method=", ".join(sorted(route.methods or ())),
        handler=handler_name(endpoint),
        place=place_of_handler(endpoint),
    )


def _fault(route: RouteContext) -> str | None:
    """Return what is wrong with a route's answer; None if nothing is."""
    assert route.endpoint is not None
    annotation = get_typed_return_annotation(route.endpoint)
    if not is_body_allowed_for_status_code(route.status_code):
        return None
    if route.is_sse_stream or route.is_json_stream:
        if _is(get_stream_item_type(annotation), ServerSentEvent):
            return None
        if route.stream_item_type is None:
            return "streams items of no type; annotate `-> AsyncIterable[Item]`"
        return _shapeless(route.stream_item_type, "streams")
    if not issubclass(_response_class(route), JSONResponse):
        return None
    if route.response_model is not None:
        return _shapeless(route.response_model, "answers")
    if returned_classes(route.endpoint):
        return None
    if _says_none(route.endpoint):
        return "answers `null`; give it `status_code=204` if it answers nothing"
    return "says nothing about what it answers"


def _shapeless(annotation: Any, verb: str) -> str | None:
    if any(annotation is shapeless for shapeless in _SHAPELESS):
        return f"{verb} a bare `{annotation.__name__}`; say what it holds"
    return None


def _response_class(route: RouteContext) -> type[Response]:
    declared = route.response_class
    if isinstance(declared, DefaultPlaceholder):
        declared = declared.value
    assert isinstance(declared, type)
    return declared


def _is(annotation: Any, kind: type) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, kind)


def _says_none(endpoint: Callable[..., Any]) -> bool:
    return getattr(endpoint, "__annotations__", {}).get("return", "") in (None, "None")
