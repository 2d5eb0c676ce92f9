"""Merge the AsyncAPI documents of many modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json, to_json

from modular_api.specs.canonical import canonical
from modular_api.specs.merge import ModuleSpec, refuse_repeated
from modular_api.specs.shared_components import separate_components
from modular_api.types import Document


def merge_asyncapi(
    specs: Sequence[ModuleSpec], *, title: str, version: str, description: str = ""
) -> Document:
    """Merge modules' documents, in any order, into one canonical document.

    Every channel has the name of its module; operations get `<module>_`, like
    operationIds. Components are shared or renamed as in OpenAPI documents. The messages
    on the wire stay the same.

    Raises:
        RepeatedModuleSpec: a module is given twice.
        SchemaNameConflict: `<Module>Quote` is already the name of another component.
    """
    ordered = sorted(specs, key=lambda spec: (spec.module, spec.version))
    refuse_repeated(ordered)
    # A round trip through JSON is the fastest deep copy of plain data.
    parts = {spec.module: from_json(to_json(spec.document)) for spec in ordered}
    separate_components(parts)

    info = {"title": title, "version": version}
    if description:
        info["description"] = description
    merged: Document = {
        "asyncapi": "3.0.0",
        "info": info,
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
    }
    for module, part in parts.items():
        for key, operation in part["operations"].items():
            merged["operations"][f"{module}_{key}"] = operation
        _take_over(merged, part, "channels", "servers")
        components = merged.setdefault("components", {})
        _take_over(components, part["components"], *part["components"])
    return canonical(merged)


def _take_over(target: dict[str, Any], source: dict[str, Any], *sections: str) -> None:
    for section in sections:
        target.setdefault(section, {}).update(source[section])
