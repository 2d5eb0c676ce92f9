"""Every construct of REST interfaces, gathered into one module named `constructs`."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter

from modular_api import Module
from tests.framework.codegen.constructs import (
    answers,
    bodies,
    enums,
    fields,
    names,
    parameters,
    security,
    streams,
    unions,
)
from tests.framework.codegen.constructs.catalogue import Construct

NAME = "constructs"

_THEMES = (
    fields.theme,
    enums.theme,
    unions.theme,
    names.theme,
    parameters.theme,
    bodies.theme,
    answers.theme,
    streams.theme,
    security.theme,
)

CONSTRUCTS: dict[str, Construct] = {
    construct.id: construct for theme in _THEMES for construct in theme.constructs
}
"""By id, in the order of the table."""


def _router() -> APIRouter:
    router = APIRouter()
    for theme in _THEMES:
        router.include_router(theme.router)
    return router


module = Module(routers={"v1": _router()})


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document of the module, its paths without prefix."""
    return module.create_app(NAME).versions["v1"].openapi()
