"""Mark the path parameters that may hold slashes.

OpenAPI cannot say that `{file:path}` takes `a/b` and `{symbol}` does not (3.1.0, section
4.8.12.1, allows no `/` at all), so documents lose the difference. Clients need it:
servers decode `%2F` before they look for a route, and a slash in any other parameter
leads to another one.
"""

from __future__ import annotations

import re

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from modular_api.specs.structure import WHOLE_PATH
from modular_api.types import Document


def mark_whole_paths(document: Document, app: FastAPI) -> None:
    """Add `x-path: true` to the parameters whose converter accepts slashes."""
    for route in iter_route_contexts(app.routes):
        if route.path is None or route.path_format is None:
            continue
        _, _, converters = compile_path(route.path)
        whole = {
            name
            for name, converter in converters.items()
            if re.fullmatch(converter.regex, "a/b")
        }
        methods = document["paths"].get(route.path_format, {}) if whole else {}
        for method in route.methods or ():
            for parameter in methods.get(method.lower(), {}).get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in whole:
                    parameter[WHOLE_PATH] = True
