"""The page of the sockets, from package data: works without internet."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

ASSETS = Path(__file__).parent.parent / "static" / "asyncapi"

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
}


def asyncapi_page_routes(version: str) -> list[BaseRoute]:
    """Return the routes of one version's page, `/api/v1/asyncapi`, and of its assets.

    The page names its files relative to itself, so it works behind any prefix. What it
    shows it reads from `asyncapi.json` beside it.
    """
    page = (ASSETS / "page.html").read_text(encoding="utf-8")

    async def show(request: Request) -> HTMLResponse:
        return HTMLResponse(page, headers=_HEADERS)

    path = f"/api/{version}/asyncapi"
    assets = StaticFiles(directory=ASSETS)
    return [Route(path, show), Mount(f"{path}/assets", assets)]
