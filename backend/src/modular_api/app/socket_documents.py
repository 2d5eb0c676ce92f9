"""The AsyncAPI documents of an app's sockets."""

from __future__ import annotations

from collections.abc import Iterable

from modular_api.module.module_app import ModuleApp
from modular_api.specs.merge import ModuleSpec
from modular_api.types import Document, module_prefix
from modular_api.ws.asyncapi import build_asyncapi_document


def socket_versions(module: ModuleApp) -> list[str]:
    """Return the versions of a module that have a socket."""
    return [adapter.describe().version for adapter in module.ws_versions]


def socket_documents(module: ModuleApp) -> dict[str, Document]:
    """Build the canonical document of each version that has a socket."""
    specs = [adapter.describe() for adapter in module.ws_versions]
    return {spec.version: build_asyncapi_document(spec) for spec in specs}


def socket_specs(modules: Iterable[ModuleApp], version: str) -> list[ModuleSpec]:
    """Build the documents of one version of all modules, to be merged."""
    return [
        ModuleSpec(module.name, version, module_prefix(module.name, version), document)
        for module in modules
        for name, document in socket_documents(module).items()
        if name == version
    ]
