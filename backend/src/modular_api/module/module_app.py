"""The applications made from a declaration: one FastAPI per module and version."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from modular_api.clients.context import module_name
from modular_api.clients.errors import ClientTimeout, PeerMissing, PeerUnavailable
from modular_api.module.builtin_routes import builtin_router
from modular_api.module.declaration import BadDeclaration, Module
from modular_api.module.idempotency import (
    IdempotencyLayer,
    has_idempotent_routes,
    misplaced_marks,
)
from modular_api.module.memory_store import MemoryStore
from modular_api.module.peer_problems import answer_peer_error
from modular_api.module.service import VERSION_STATES_KEY
from modular_api.module.socket import serve_socket
from modular_api.problems import answer_http_exception, answer_validation_error
from modular_api.specs.openapi import build_document
from modular_api.specs.operation_ids import operation_id_of
from modular_api.types import MODULE_KEY, Document, module_prefix

_PEER_ERRORS = (PeerMissing, PeerUnavailable, ClientTimeout)


class VersionApp(FastAPI):
    """One version of one module, mounted at `prefix` of a ModularApp.

    It is an ordinary FastAPI app, but for its middleware stack: the app it is mounted
    in already guards against unhandled exceptions and reports telemetry, so those
    layers are left out here.

    Attributes:
        socket: the adapter that serves its socket; None if it declares none.
    """

    def __init__(
        self, module: Module, name: str, version: str, *, description: str
    ) -> None:
        self.module_name = name
        self.version_name = version
        self.prefix = module_prefix(name, version)
        self._idempotency_store = module.idempotency_store
        super().__init__(
            title=name,
            version=version,
            description=description,
            docs_url=None,
            redoc_url=None,
            middleware=list(module.middleware),
            exception_handlers={
                HTTPException: answer_http_exception,
                RequestValidationError: answer_validation_error,
                **dict.fromkeys(_PEER_ERRORS, answer_peer_error),
                **module.exception_handlers,
            },
            generate_unique_id_function=operation_id_of,
        )
        router = module.routers.get(version, APIRouter())
        self.include_router(
            builtin_router(name, version, module.version_names, beside=router)
        )
        self.socket = serve_socket(self, module)
        self.include_router(
            router,
            tags=[name] if module.tags is None else list(module.tags),
            dependencies=list(module.dependencies),
        )
        if misplaced := misplaced_marks(self.routes):
            raise BadDeclaration(
                f"Module(...): @idempotent does nothing above the decorator of a route; "
                f"put it below, next to the handler: {', '.join(misplaced)}"
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        scope[MODULE_KEY] = self.module_name
        # `url_for` looks here: without it, a neighbour's route of the same name answers.
        scope["router"] = self.router
        scope["app_root_path"] = scope.get("root_path", "")
        self._add_own_state(scope)
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        before = module_name.set(self.module_name)
        try:
            await self.middleware_stack(scope, receive, send)
        finally:
            module_name.reset(before)

    def _add_own_state(self, scope: Scope) -> None:
        """Let the request see what the version's own lifespan yielded, and no other's."""
        state = scope.get("state")
        if state:
            states = state.get(VERSION_STATES_KEY, {})
            state.update(states.get((self.module_name, self.version_name), {}))

    def build_middleware_stack(self) -> ASGIApp:
        handlers = dict(self.exception_handlers)
        by_code = handlers.pop(500, None)
        catch_all = handlers.pop(Exception, by_code)
        stack = [
            *self.user_middleware,
            Middleware(ExceptionMiddleware, handlers=handlers),
            Middleware(AsyncExitStackMiddleware),
        ]
        if has_idempotent_routes(self.routes):
            store = self._idempotency_store or MemoryStore()
            stack.append(Middleware(IdempotencyLayer, store=store))
        if catch_all is not None:
            stack.insert(0, Middleware(ServerErrorMiddleware, handler=catch_all))
        app: ASGIApp = self.router
        for layer in reversed(stack):
            app = layer.cls(app, *layer.args, **layer.kwargs)
        return app

    def openapi(self) -> Document:
        """Return the canonical document, built at the first call and then kept."""
        if self.openapi_schema is None:
            self.openapi_schema = build_document(
                self,
                module=self.module_name,
                version=self.version_name,
                prefix=self.prefix,
            )
        return self.openapi_schema


class ModuleApp:
    """A module bound to an app: its versions and what the factory knows of it.

    Attributes:
        declaration: what the author wrote.
        name: the folder's name.
        description: the docstring of the package.
        directory: the module's folder; None for a module made without one.
        versions: the FastAPI app of each version, oldest first.
        ws_versions: the socket adapters of each version, oldest first.
    """

    def __init__(
        self,
        declaration: Module,
        name: str,
        *,
        description: str = "",
        directory: Path | None = None,
    ) -> None:
        self.declaration = declaration
        self.name = name
        self.description = description
        self.directory = directory
        self.versions = {
            version: VersionApp(declaration, name, version, description=description)
            for version in declaration.version_names
        }
        self.ws_versions = [
            app.socket for app in self.versions.values() if app.socket is not None
        ]

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the modules this one calls."""
        return tuple(self.declaration.uses)

    def __repr__(self) -> str:
        return f"ModuleApp({self.name!r}, versions={list(self.versions)})"
