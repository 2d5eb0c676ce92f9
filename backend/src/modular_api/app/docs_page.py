"""Swagger UI from package data: works without internet."""

from __future__ import annotations

from pathlib import Path

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

ASSETS = Path(__file__).parent.parent / "static" / "swagger_ui"


def docs_html(title: str, version: str) -> HTMLResponse:
    """Return the page of one version.

    It names its files relative to itself, so it works behind any prefix.
    """
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title=f"{title} {version}",
        swagger_js_url="docs/assets/swagger-ui-bundle.js",
        swagger_css_url="docs/assets/swagger-ui.css",
        swagger_favicon_url="docs/assets/favicon-32x32.png",
    )


def docs_routes(title: str, version: str) -> list[BaseRoute]:
    """Return the routes of one version's page, `/api/v1/docs`, and of its assets."""
    page = docs_html(title, version)

    async def show(request: Request) -> HTMLResponse:
        return page

    path = f"/api/{version}/docs"
    assets = StaticFiles(directory=ASSETS)
    return [Route(path, show), Mount(f"{path}/assets", assets)]
