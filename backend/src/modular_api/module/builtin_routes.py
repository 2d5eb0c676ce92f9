"""The three routes every module answers: `health`, `version`, `versions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class ModuleHealth(_Answer):
    """A module that answers is alive."""

    status: Literal["ok"] = "ok"
    module: str
    version: str


class ModuleVersion(_Answer):
    """The version of the interface that answers."""

    module: str
    version: str


class ModuleVersions(_Answer):
    """Every version of the module's interface, oldest first."""

    module: str
    versions: list[str]


def builtin_router(
    module: str, version: str, versions: Sequence[str], *, beside: APIRouter
) -> APIRouter:
    """Build the routes of one version, but for paths the module's own router has."""
    router = APIRouter(tags=[module])
    taken = {
        context.path
        for context in iter_route_contexts(beside.routes)
        if "GET" in (context.methods or ())
    }

    async def health() -> ModuleHealth:
        """Tell that the module is alive."""
        return ModuleHealth(module=module, version=version)

    async def version_of_module() -> ModuleVersion:
        """Tell which version of the module's interface this is."""
        return ModuleVersion(module=module, version=version)

    async def versions_of_module() -> ModuleVersions:
        """List the versions of the module's interface, oldest first."""
        return ModuleVersions(module=module, versions=list(versions))

    for name, endpoint in (
        ("health", health),
        ("version", version_of_module),
        ("versions", versions_of_module),
    ):
        if f"/{name}" not in taken:
            router.add_api_route(f"/{name}", endpoint, name=name, operation_id=name)
    return router
