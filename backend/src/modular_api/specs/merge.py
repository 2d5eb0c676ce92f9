"""Merge the OpenAPI documents of many modules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from modular_api.specs.canonical import canonical
from modular_api.specs.errors import (
    OperationIdCollision,
    OperationPlace,
    RepeatedModuleSpec,
)
from modular_api.specs.shared_components import separate_components
from modular_api.specs.structure import callback_operations, operations_of
from modular_api.types import Document


@dataclass(frozen=True)
class ModuleSpec:
    """A module's document and where the module is mounted.

    Attributes:
        prefix: `/api/v1/broker`; the document's own paths do not have it.
    """

    module: str
    version: str
    prefix: str
    document: Mapping[str, Any]


def merge(
    specs: Sequence[ModuleSpec], *, title: str, version: str, description: str = ""
) -> Document:
    """Merge modules' documents, in any order, into one canonical document.

    Paths get the module's prefix; operationIds and webhooks get `<module>_`. A component
    that is equal in every module that has it, including everything it refers to, is
    shared. Otherwise each module's becomes `<Module>User`, and references are changed.

    Raises:
        RepeatedModuleSpec: a module is given twice.
        SchemaNameConflict: `<Module>User` is already the name of another component.
        OperationIdCollision: operations of two modules would get the same id.
    """
    ordered = sorted(specs, key=lambda spec: (spec.module, spec.version))
    refuse_repeated(ordered)
    # A round trip through JSON is the fastest deep copy of plain data.
    parts = {spec.module: from_json(to_json(spec.document)) for spec in ordered}
    separate_components(parts)

    info = {"title": title, "version": version}
    if description:
        info["description"] = description
    merged: Document = {"openapi": "3.1.0", "info": info, "paths": {}}
    owners: dict[str, list[OperationPlace]] = defaultdict(list)
    for spec in ordered:
        part = parts[spec.module]
        for operation_place, operation in _operations(spec, part):
            id_ = operation.get("operationId")
            if id_ is not None:
                operation["operationId"] = f"{spec.module}_{id_}"
                owners[operation["operationId"]].append(operation_place)
        for path, item in part.get("paths", {}).items():
            merged["paths"][spec.prefix + path] = item
        for name, item in part.get("webhooks", {}).items():
            merged.setdefault("webhooks", {})[f"{spec.module}_{name}"] = item
        for section, components in part.get("components", {}).items():
            merged.setdefault("components", {}).setdefault(section, {}).update(
                components
            )
    collisions = {id_: places for id_, places in owners.items() if len(places) > 1}
    if collisions:
        raise OperationIdCollision(dict(sorted(collisions.items())))
    if tags := _tags(parts.values()):
        merged["tags"] = tags
    return canonical(merged)


def refuse_repeated(ordered: Sequence[ModuleSpec]) -> None:
    """Refuse two documents of one module.

    Raises: RepeatedModuleSpec
    """
    versions: dict[str, list[str]] = defaultdict(list)
    for spec in ordered:
        versions[spec.module].append(spec.version)
    for module, given in versions.items():
        if len(given) > 1:
            raise RepeatedModuleSpec(module, given)


def _operations(
    spec: ModuleSpec, part: Document
) -> Iterator[tuple[OperationPlace, dict[str, Any]]]:
    """Yield every operation of a document: of paths, webhooks and callbacks."""
    for section, prefix in (("paths", spec.prefix), ("webhooks", "")):
        for path, method, operation in operations_of(part.get(section, {})):
            place = OperationPlace(
                module=spec.module,
                path=prefix + path,
                method=method.upper(),
                handler=operation.get("operationId", "an unnamed operation"),
                place=f"version {spec.version}",
            )
            yield place, operation
            for _, _, callback in callback_operations(operation):
                yield place, callback


def _tags(parts: Any) -> list[dict[str, Any]]:
    """Return every tag declared or used, by name; the first description counts."""
    tags: dict[str, dict[str, Any]] = {}
    for part in parts:
        for tag in part.get("tags", []):
            tags[tag["name"]] = {**tag, **tags.get(tag["name"], {})}
        for _, _, operation in operations_of(part.get("paths", {})):
            for name in operation.get("tags", []):
                tags.setdefault(name, {"name": name})
    return [tags[name] for name in sorted(tags)]
