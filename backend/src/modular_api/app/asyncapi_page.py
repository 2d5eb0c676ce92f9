"""What an app shows of its sockets: documents, and a page from package data.

The page works without internet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from modular_api.app.socket_documents import socket_documents, socket_versions
from modular_api.module.module_app import ModuleApp
from modular_api.specs.canonical import canonical_bytes
from modular_api.types import Document, module_prefix

ASSETS = Path(__file__).parent.parent / "static" / "asyncapi"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
}


def asyncapi_routes(
    version: str, modules: Iterable[ModuleApp], *, merged: Callable[[str], Document]
) -> list[BaseRoute]:
    """Return the routes of one version's documents, its page, and the page's assets.

    The page names its files relative to itself, so it works behind any prefix. What it
    shows it reads from `asyncapi.json` beside it.

    Args:
        merged: builds the document of all modules.
    """
    page = asyncapi_html()

    async def show(request: Request) -> HTMLResponse:
        return HTMLResponse(page, headers=HEADERS)

    path = f"/api/{version}/asyncapi"
    routes: list[BaseRoute] = [
        Route(path, show),
        Mount(f"{path}/assets", StaticFiles(directory=ASSETS)),
        _document(f"{path}.json", lambda: merged(version)),
    ]
    for module in modules:
        if version in socket_versions(module):
            address = f"{module_prefix(module.name, version)}/asyncapi.json"
            routes.append(_document(address, partial(_of_module, module, version)))
    return routes


def asyncapi_html() -> str:
    """Return the page, the same for every version."""
    return (ASSETS / "page.html").read_text(encoding="utf-8")


def _of_module(module: ModuleApp, version: str) -> Document:
    return socket_documents(module)[version]


def _document(path: str, build: Callable[[], Document]) -> Route:
    """Return the route of a document, built at the first request and then kept."""
    body = cache(lambda: canonical_bytes(build()))

    async def answer(request: Request) -> Response:
        return Response(body(), media_type="application/json")

    return Route(path, answer)
