"""The AsyncAPI documents of an app's sockets."""

from __future__ import annotations

from collections.abc import Iterable

from modular_api.module.module_app import ModuleApp
from modular_api.specs.merge import ModuleSpec
from modular_api.specs.merge_asyncapi import merge_asyncapi
from modular_api.types import Document, module_prefix
from modular_api.ws.asyncapi import build_asyncapi_document


def socket_versions(module: ModuleApp) -> list[str]:
    """Return the versions of a module that have a socket."""
    return [adapter.describe().version for adapter in module.ws_versions]


def socket_documents(module: ModuleApp) -> dict[str, Document]:
    """Build the canonical document of each version that has a socket."""
    specs = [adapter.describe() for adapter in module.ws_versions]
    return {spec.version: build_asyncapi_document(spec) for spec in specs}


def merged_sockets(
    modules: Iterable[ModuleApp], version: str, *, title: str, description: str
) -> Document:
    """Build the document of all sockets of one version.

    Raises: SpecError: the modules' documents cannot be merged.
    """
    specs = [
        ModuleSpec(module.name, version, module_prefix(module.name, version), document)
        for module in modules
        for name, document in socket_documents(module).items()
        if name == version
    ]
    return merge_asyncapi(specs, title=title, version=version, description=description)
