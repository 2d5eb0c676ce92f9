"""The socket of one version of a module: its adapter, mounted at `/ws`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from modular_api.module.declaration import BadDeclaration, Module
from modular_api.ws.errors import BadSocketDeclaration

if TYPE_CHECKING:
    from modular_api.module.module_app import VersionApp
    from modular_api.ws.adapter import FastWSAdapter

SOCKET_PATH = "/ws"


def serve_socket(app: VersionApp, module: Module) -> FastWSAdapter | None:
    """Mount the socket a module declares for this version; None if it declares none.

    Raises: BadDeclaration: its routers contradict each other. FastwsMissing.
    """
    routers = module.ws.get(app.version_name)
    if not routers:
        return None
    # fastws is needed by whoever has a socket, and by nobody else.
    from modular_api.ws.adapter import FastWSAdapter

    guard = _guard(app, module) if module.dependencies else None

    def security() -> Mapping[str, Any]:
        components = guard.openapi().get("components", {}) if guard is not None else {}
        schemes: Mapping[str, Any] = components.get("securitySchemes", {})
        return schemes

    try:
        adapter = FastWSAdapter(
            title=app.module_name,
            version=app.version_name,
            description=app.description,
            address=f"{app.prefix}{SOCKET_PATH}",
            routers=routers,
            limits=module.ws_limits,
            guard=guard,
            security=security,
        )
    except BadSocketDeclaration as error:
        raise BadDeclaration(
            f"Module(...): ws[{app.version_name!r}]: {error}"
        ) from error
    app.router.routes.append(WebSocketRoute(SOCKET_PATH, adapter.asgi))
    return adapter


def _guard(app: VersionApp, module: Module) -> FastAPI:
    """Build the app that answers 204 to whom the module's dependencies let in."""
    guard = FastAPI(
        dependencies=list(module.dependencies),
        exception_handlers=dict(app.exception_handlers),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )

    @guard.get(SOCKET_PATH, status_code=204)
    async def let_in() -> Response:
        return Response(status_code=204)

    return guard
