"""Choose operationIds: short, unique, and stable if a path parameter is renamed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from modular_api.specs.errors import (
    OperationIdCollision,
    OperationPlace,
    ShadowedOperation,
)
from modular_api.specs.handlers import handler_name, place_of_handler
from modular_api.specs.structure import callback_operations
from modular_api.types import Document


def operation_id_of(route: APIRoute) -> str:
    """Return the handler's name: FastAPI's `generate_unique_id_function` for modules."""
    return handler_name(route.endpoint)


def assign_operation_ids(document: Document, app: FastAPI, *, module: str) -> None:
    """Set the final operationIds in FastAPI's document, in place.

    A route with several methods gets `<id>_<method>` for each. A callback's id is that
    of its operation followed by its own name; a webhook's is the name of its handler.
    An `operation_id` written by hand is kept, also one in `openapi_extra`.

    Raises:
        ShadowedOperation: another handler has the same method and path.
        OperationIdCollision: two operations got the same id.
    """
    owners: dict[str, list[OperationPlace]] = defaultdict(list)
    answering: dict[tuple[str, str], OperationPlace] = {}
    shadowed: list[tuple[OperationPlace, OperationPlace]] = []
    for route, method in _operations(app.routes):
        place = _place(module, route, method)
        first = answering.setdefault((route.path_format or "", method), place)
        if first is not place:
            shadowed.append((first, place))
            continue
        operation = document["paths"][route.path_format][method.lower()]
        _settle(operation, route, method, written_by_fastapi=route.unique_id)
        owners[operation["operationId"]].append(place)
        for id_ in _settle_callbacks(operation, route):
            owners[id_].append(place)
    for route, method in _operations(app.webhooks.routes):
        operation = document["webhooks"][route.path_format][method.lower()]
        unique_id = route.unique_id
        if operation["operationId"] == unique_id and not route.operation_id:
            operation["operationId"] = unique_id = _handler_of(route)
        _settle(operation, route, method, written_by_fastapi=unique_id)
        owners[operation["operationId"]].append(_place(module, route, method))
    if shadowed:
        raise ShadowedOperation(shadowed)
    collisions = {id_: places for id_, places in owners.items() if len(places) > 1}
    if collisions:
        raise OperationIdCollision(dict(sorted(collisions.items())))


def _operations(routes: list[BaseRoute]) -> Iterator[tuple[RouteContext, str]]:
    for route in iter_route_contexts(routes):
        if isinstance(route.original_route, APIRoute) and route.include_in_schema:
            for method in sorted(route.methods or ()):
                yield route, method


def _handler_of(route: RouteContext) -> str:
    assert route.endpoint is not None
    return handler_name(route.endpoint)


def _place(module: str, route: RouteContext, method: str) -> OperationPlace:
    endpoint = route.endpoint
    assert endpoint is not None
    return OperationPlace(
        module=module,
        path=route.path_format or "",
        method=method,
        handler=handler_name(endpoint),
        place=place_of_handler(endpoint),
    )


def _settle(
    operation: dict[str, Any], route: Any, method: str, *, written_by_fastapi: str
) -> None:
    several = len(route.methods) > 1
    if several and operation["operationId"] == written_by_fastapi:
        operation["operationId"] += f"_{method.lower()}"


def _settle_callbacks(operation: dict[str, Any], route: RouteContext) -> Iterator[str]:
    by_hand = {
        callback.name
        for callback in route.callbacks or ()
        if isinstance(callback, APIRoute) and callback.operation_id
    }
    for name, method, callback in callback_operations(operation):
        if name not in by_hand:
            callback["operationId"] = f"{operation['operationId']}_{name}"
            if len(operation["callbacks"][name]) > 1:
                callback["operationId"] += f"_{method}"
        yield callback["operationId"]
