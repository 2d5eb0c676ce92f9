"""Build the static model of an app from its modules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi.routing import iter_route_contexts

from modular_api.model import AppModel, ModuleModel, RouteModel, VersionModel
from modular_api.module.module_app import ModuleApp, VersionApp
from modular_api.specs.canonical import canonical_bytes, sha256_hex
from modular_api.specs.handlers import place_of_handler


def describe_app(title: str, version: str, modules: Sequence[ModuleApp]) -> AppModel:
    """Return the model of an app made of these modules, in their order."""
    described = tuple(_describe_module(module) for module in modules)
    return AppModel(title=title, version=version, modules=described)


def _describe_module(module: ModuleApp) -> ModuleModel:
    return ModuleModel(
        name=module.name,
        description=module.description,
        directory=str(module.directory) if module.directory else None,
        uses=module.uses,
        stateful=module.declaration.stateful,
        versions=tuple(_describe_version(app) for app in module.versions.values()),
    )


def _describe_version(app: VersionApp) -> VersionModel:
    return VersionModel(
        name=app.version_name,
        prefix=app.prefix,
        routes=tuple(_describe_routes(app)),
        spec_sha256=sha256_hex(canonical_bytes(app.openapi())),
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
            )
