"""The app made of modules. It is a FastAPI app; what is special stands here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Lifespan

from modular_api.app.about import add_about
from modular_api.app.asyncapi_page import asyncapi_routes
from modular_api.app.contract_check import ContractCheck
from modular_api.app.description import describe_app
from modular_api.app.docs_page import docs_routes
from modular_api.app.event_streams import EventStreams
from modular_api.app.generation import Generation
from modular_api.app.health import health_routes
from modular_api.app.lifespan import run_modules
from modular_api.app.peers import run_peers
from modular_api.app.request_context import RequestContextMiddleware
from modular_api.app.socket_documents import merged_sockets
from modular_api.app.unhandled import answer_unhandled
from modular_api.errors import ConfigurationError
from modular_api.model import AppModel
from modular_api.module.module_app import ModuleApp, VersionApp
from modular_api.problems import answer_http_exception
from modular_api.specs.canonical import canonical_bytes
from modular_api.specs.errors import MissingResponseModels
from modular_api.specs.merge import ModuleSpec, merge
from modular_api.specs.response_models import validate_response_models
from modular_api.types import Document

log = logging.getLogger(__name__)


class ModularApp(FastAPI):
    """Modules mounted side by side, with one lifespan and one merged specification.

    Attributes:
        modules_apps: the mounted modules, sorted by name.
        generation: what a start does about their generated files; None for nothing.
        contracts: what a start does about the promise; None for nothing.

    Args:
        modules: the modules in the order they start.
        peer_urls: where modules are that are not mounted here, by name: called by
            `module_client` as `http://host:port`.
        generation: brings the modules' files up to date at start; None leaves them.
        contracts: compares the documents with what was promised, at start.
        lifespan: entered before the modules and left after them.
        fastapi_options: everything else FastAPI takes, but for what could not reach
            the modules, or would be answered twice.

    Raises: ConfigurationError: an option cannot be used here.
    """

    def __init__(
        self,
        modules: Sequence[ModuleApp],
        *,
        peer_urls: Mapping[str, str] = MappingProxyType({}),
        generation: Generation | None = None,
        contracts: ContractCheck | None = None,
        lifespan: Lifespan[Any] | None = None,
        middleware: Sequence[Middleware] = (),
        exception_handlers: dict[Any, Any] | None = None,
        **fastapi_options: Any,
    ) -> None:
        self._start_order = tuple(modules)
        self._merged_by_version: dict[str, bytes] = {}
        self._described: AppModel | None = None
        self._peer_urls = dict(peer_urls)
        self.generation = generation
        self.contracts = contracts
        self._own_lifespan = lifespan
        self.modules_apps = sorted(modules, key=lambda module: module.name)
        _refuse(fastapi_options)
        super().__init__(
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            lifespan=_lifespan,
            middleware=list(middleware),
            exception_handlers={
                HTTPException: answer_http_exception,
                Exception: answer_unhandled,
                **(exception_handlers or {}),
            },
            **fastapi_options,
        )
        self.router.routes += health_routes(self)
        for version in self.version_names:
            self._mount(version)

    def build_middleware_stack(self) -> ASGIApp:
        # Around everything, the error guard too: whatever answers, and whatever is
        # logged, has the request's id.
        inner = EventStreams(super().build_middleware_stack())
        return RequestContextMiddleware(inner)

    @property
    def version_names(self) -> list[str]:
        """Versions any module has, oldest first; `["v1"]` for an app of none."""
        names = {version for module in self.modules_apps for version in module.versions}
        return sorted(names or {"v1"}, key=lambda name: int(name[1:]))

    def _mount(self, version: str) -> None:
        # Before the modules' own apps, which answer everything below their paths.
        self.router.routes += asyncapi_routes(
            version, self.modules_apps, merged=self.merged_asyncapi
        )
        for app in self._apps_of(version):
            app.dependency_overrides = self.dependency_overrides
            self.mount(app.prefix, app)
        self.router.routes += docs_routes(self.title, version)

        async def merged_openapi(request: Request) -> Response:
            body = self._merged_bytes(version)
            return Response(body, media_type="application/json")

        self.add_route(
            f"/api/{version}/openapi.json", merged_openapi, include_in_schema=False
        )

    def _apps_of(self, version: str) -> list[VersionApp]:
        return [
            module.versions[version]
            for module in self.modules_apps
            if version in module.versions
        ]

    def add_peers(self, urls: Mapping[str, str]) -> None:
        """Say where modules are that are not mounted here, before the app starts."""
        self._peer_urls.update(urls)

    def merged_openapi(self, version: str = "v1") -> Document:
        """Return the OpenAPI document of all modules that have this version."""
        specs = [
            ModuleSpec(app.module_name, version, app.prefix, app.openapi())
            for app in self._apps_of(version)
        ]
        document = merge(
            specs, title=self.title, version=version, description=self.description
        )
        add_about(document, self)
        return document

    def merged_asyncapi(self, version: str = "v1") -> Document:
        """Return the AsyncAPI document of all sockets of this version."""
        return merged_sockets(
            self.modules_apps,
            version,
            title=self.title,
            description=self.description,
        )

    def openapi(self) -> Document:
        """Return the merged document of the oldest version, for FastAPI's own tools."""
        return self.merged_openapi(self.version_names[0])

    def _merged_bytes(self, version: str) -> bytes:
        if version not in self._merged_by_version:
            document = self.merged_openapi(version)
            self._merged_by_version[version] = canonical_bytes(document)
        return self._merged_by_version[version]

    def check_interfaces(self) -> None:
        """Merge the modules' documents now, and log which routes have no model.

        Raises: SpecError: the documents cannot be merged.
        """
        for version in self.version_names:
            self._merged_bytes(version)
            self.merged_asyncapi(version)
        try:
            validate_response_models(self)
        except MissingResponseModels as missing:
            log.warning("%s", missing)

    def spec_hashes(self) -> Mapping[str, Mapping[str, str]]:
        """Return the hash of each OpenAPI document, by module and version."""
        return {m.name: m.spec_hashes for m in self._described_once().modules}

    def socket_hashes(self) -> Mapping[str, Mapping[str, str]]:
        """Return the hash of each AsyncAPI document, by module and version."""
        return {m.name: m.socket_hashes for m in self._described_once().modules}

    def _described_once(self) -> AppModel:
        if self._described is None:
            self._described = self.describe()
        return self._described

    def describe(self) -> AppModel:
        """Return the static model of the app; needs no lifespan."""
        return describe_app(self.title, self.version, self.modules_apps)


_REFUSED = {
    "dependencies": "it would not guard the modules; declare it in each Module(...)",
    "docs_url": "the page is at /api/<version>/docs",
    "openapi_url": "the document is at /api/<version>/openapi.json",
    "redoc_url": "only Swagger UI is shipped, at /api/<version>/docs",
}


def _refuse(options: Mapping[str, Any]) -> None:
    faults = [f"{name}: {why}" for name, why in _REFUSED.items() if name in options]
    if faults:
        raise ConfigurationError(
            "An app of modules does not take these options; leave them out. "
            + "; ".join(faults)
        )


@asynccontextmanager
async def _lifespan(app: ModularApp) -> AsyncIterator[dict[str, Any]]:
    if app.generation is not None:
        await app.generation.bring_up_to_date(
            app.modules_apps, check=app.check_interfaces
        )
    if app.contracts is not None:
        await asyncio.to_thread(app.contracts.at_start, app.modules_apps)
    outer = app._own_lifespan or _no_lifespan
    async with outer(app) as own_state:
        state: dict[str, Any] = {**(own_state or {})}
        async with (
            run_peers(app, app.modules_apps, app._peer_urls, state),
            run_modules(app._start_order, state),
        ):
            yield state


@asynccontextmanager
async def _no_lifespan(app: Any) -> AsyncIterator[None]:
    yield
