"""What an app answers itself below `/api/<version>/`, as files.

A gateway serves them where no process has all modules: the same bytes, with the same
headers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

from modular_api.app import asyncapi_page, docs_page
from modular_api.app.modular_app import ModularApp
from modular_api.specs.canonical import canonical_bytes

_JSON = "application/json"
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Page:
    """One answer.

    Attributes:
        path: `/api/v1/openapi.json`.
        headers: besides those every answer has.
    """

    path: str
    media_type: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Assets:
    """Files of the framework.

    Attributes:
        path: below which they are served: `/api/v1/docs/assets`.
    """

    path: str
    folder: Path


@dataclass(frozen=True)
class AppPages:
    """Everything an app answers itself, of all versions."""

    pages: tuple[Page, ...] = ()
    assets: tuple[Assets, ...] = ()


def pages_of(app: ModularApp, modules: Collection[str] | None = None) -> AppPages:
    """Return the merged documents of an app, its pages of them, and their assets.

    Args:
        modules: as if the app had only these; all when left out.

    Raises: SpecError: the modules' documents cannot be merged.
    """
    if modules is not None:
        app = _reduced(app, modules)
    pages: list[Page] = []
    assets: list[Assets] = []
    for version in app.version_names:
        base = f"/api/{version}"
        openapi = canonical_bytes(app.merged_openapi(version)).decode()
        asyncapi = canonical_bytes(app.merged_asyncapi(version)).decode()
        docs = bytes(docs_page.docs_html(app.title, version).body).decode()
        pages += [
            Page(f"{base}/openapi.json", _JSON, openapi),
            Page(f"{base}/asyncapi.json", _JSON, asyncapi),
            Page(f"{base}/docs", _HTML, docs),
            Page(
                f"{base}/asyncapi",
                _HTML,
                asyncapi_page.asyncapi_html(),
                asyncapi_page.HEADERS,
            ),
        ]
        assets += [
            Assets(f"{base}/docs/assets", docs_page.ASSETS),
            Assets(f"{base}/asyncapi/assets", asyncapi_page.ASSETS),
        ]
    return AppPages(tuple(pages), tuple(assets))


def _reduced(app: ModularApp, modules: Collection[str]) -> ModularApp:
    """Return an app to take documents from, as of one with fewer modules."""
    reduced = copy(app)
    reduced.modules_apps = [m for m in app.modules_apps if m.name in modules]
    return reduced
