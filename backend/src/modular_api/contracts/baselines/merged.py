"""A module's part of the merged document of an app."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from modular_api.contracts.names import ContractName
from modular_api.specs.structure import (
    REF_ROOT,
    callback_operations,
    operations_of,
    reference_slots,
)
from modular_api.types import Document, module_prefix


def split_by_module(
    document: Document, name: ContractName, *, like: Document | None
) -> Document:
    """Return what a merged document says of one module, as the module would say it.

    Paths lose the prefix, operationIds the module's name, and components that nothing
    of the module refers to are left out. Components keep the names they have.

    Args:
        like: the module's document now; what a merged document does not tell of a
            module, its description, is taken from there.
    """
    prefix = module_prefix(name.module, name.version)
    paths = {
        path.removeprefix(prefix): item
        for path, item in document["paths"].items()
        if path.startswith(f"{prefix}/")
    }
    own = from_json(to_json({"paths": paths}))
    for _, _, operation in operations_of(own["paths"]):
        _strip(operation, name.module)
        for _, _, callback in callback_operations(operation):
            _strip(callback, name.module)
    part = {
        **document,
        "info": {"title": name.module, "version": name.version},
        "servers": [{"url": prefix}],
        "paths": own["paths"],
        "components": _used(document.get("components", {}), own["paths"]),
    }
    part.pop("tags", None)
    part.pop("webhooks", None)
    if like is not None:
        kept = ("info", "tags", "webhooks")
        part.update({word: like[word] for word in kept if word in like})
    return part


def _strip(operation: dict[str, Any], module: str) -> None:
    if isinstance(id_ := operation.get("operationId"), str):
        operation["operationId"] = id_.removeprefix(f"{module}_")


def _used(components: dict[str, Any], paths: dict[str, Any]) -> dict[str, Any]:
    """Return the components the paths refer to, and those these refer to."""
    # Security requirements name their schemes without a reference, so all are kept.
    used: dict[str, Any] = {}
    if "securitySchemes" in components:
        used["securitySchemes"] = components["securitySchemes"]
    waiting = [holder[slot] for holder, slot in reference_slots(paths)]
    seen: set[str] = set()
    while waiting:
        reference = waiting.pop()
        if reference in seen:
            continue
        seen.add(reference)
        section, _, rest = reference.removeprefix(REF_ROOT).partition("/")
        key = rest.partition("/")[0]
        component = components.get(section, {}).get(key)
        if component is not None:
            used.setdefault(section, {})[key] = component
            waiting += [holder[slot] for holder, slot in reference_slots(component)]
    return used
