"""Build the static model of an app from its modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi.routing import iter_route_contexts

from modular_api.app.process_state import process_state
from modular_api.app.socket_documents import socket_documents
from modular_api.model import AppModel, ModuleModel, RouteModel, VersionModel
from modular_api.module.module_app import ModuleApp, VersionApp
from modular_api.module.socket import SOCKET_PATH
from modular_api.specs.canonical import canonical_bytes, sha256_hex
from modular_api.specs.handlers import place_of_handler
from modular_api.specs.structure import STREAM_ITEM
from modular_api.types import Document

_STREAMED = frozenset(
    {"application/jsonl", "application/x-ndjson", "text/event-stream"}
)
"""Media types whose answers come item by item, with or without a schema."""


def describe_app(title: str, version: str, modules: Sequence[ModuleApp]) -> AppModel:
    """Return the model of an app made of these modules, in their order."""
    described = tuple(_describe_module(module) for module in modules)
    return AppModel(title=title, version=version, modules=described)


def _describe_module(module: ModuleApp) -> ModuleModel:
    sockets = socket_documents(module)
    return ModuleModel(
        name=module.name,
        description=module.description,
        directory=str(module.directory) if module.directory else None,
        uses=module.uses,
        process_state=process_state(module),
        versions=tuple(
            _describe_version(app, sockets.get(name))
            for name, app in module.versions.items()
        ),
    )


def _describe_version(app: VersionApp, socket: Document | None) -> VersionModel:
    return VersionModel(
        name=app.version_name,
        prefix=app.prefix,
        routes=tuple(_describe_routes(app)),
        spec_sha256=sha256_hex(canonical_bytes(app.openapi())),
        socket=f"{app.prefix}{SOCKET_PATH}" if socket else None,
        socket_sha256=sha256_hex(canonical_bytes(socket)) if socket else None,
    )


def _describe_routes(app: VersionApp) -> Iterator[RouteModel]:
    """Yield the operations the document has, in its order."""
    handlers = {
        (context.path_format, method): context.endpoint
        for context in iter_route_contexts(app.routes)
        for method in context.methods or ()
        if context.endpoint is not None
    }
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            yield RouteModel(
                method=method.upper(),
                path=path,
                operation_id=operation["operationId"],
                handler=place_of_handler(handlers[path, method.upper()]),
                streams=any(map(_streams, operation["responses"].values())),
            )


def _streams(response: Mapping[str, Any]) -> bool:
    return any(
        media_type in _STREAMED or STREAM_ITEM in content
        for media_type, content in response.get("content", {}).items()
    )
