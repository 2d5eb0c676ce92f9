"""Decide which components modules share, and how the others are renamed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic_core import to_json

from modular_api.specs.canonical import canonical
from modular_api.specs.errors import SchemaNameConflict
from modular_api.specs.structure import (
    REF_ROOT,
    callback_operations,
    operations_of,
    reference_slots,
)
from modular_api.types import Document

Component: TypeAlias = tuple[str, str]
"""Section and name: `("schemas", "Order")`."""


def separate_components(parts: Mapping[str, Document]) -> None:
    """Rename components in place, so that each name has one meaning in all documents.

    Args:
        parts: the document of each module, by the module's name.

    Raises:
        SchemaNameConflict: a name with the module's name in front is already taken.
    """
    divided = _divided(parts)
    _refuse_conflicts(parts, divided)
    for module, part in parts.items():
        _rename(part, module, divided)


def _divided(parts: Mapping[str, Document]) -> set[Component]:
    """Return the components that differ between modules, or refer to one that does.

    A component refers to others by name. So it is the same everywhere if its text is,
    and the text of everything it refers to.
    """
    texts: dict[Component, list[bytes]] = defaultdict(list)
    referrers: dict[Component, set[Component]] = defaultdict(set)
    for part in parts.values():
        for section, name, component in _components(part):
            texts[section, name].append(to_json(canonical({"schema": component})))
            for holder, slot in reference_slots(component):
                referrers[_target(holder[slot])].add((section, name))
    divided = {key for key, variants in texts.items() if len(set(variants)) > 1}
    spreading = list(divided)
    while spreading:
        for referrer in referrers[spreading.pop()]:
            # With one owner there is only one copy, which may refer to anything.
            if referrer not in divided and len(texts[referrer]) > 1:
                divided.add(referrer)
                spreading.append(referrer)
    return divided


def _refuse_conflicts(parts: Mapping[str, Document], divided: set[Component]) -> None:
    owners: dict[Component, dict[tuple[str, ...], str]] = defaultdict(dict)
    for module, part in parts.items():
        for section, name, _ in _components(part):
            final = _final_name(module, (section, name), divided)
            meaning = (name, module) if (section, name) in divided else (name,)
            owners[section, final].setdefault(meaning, f"'{name}' of module '{module}'")
    for (_, final), meanings in sorted(owners.items()):
        if len(meanings) > 1:
            raise SchemaNameConflict(final, list(meanings.values()))


def _rename(part: Document, module: str, divided: set[Component]) -> None:
    for holder, slot in list(reference_slots(part)):
        _rename_reference(holder, slot, module, divided)
    for items in (part.get("paths", {}), part.get("webhooks", {})):
        for _, _, operation in operations_of(items):
            _rename_security(operation, module, divided)
            for _, _, callback in callback_operations(operation):
                _rename_security(callback, module, divided)
    for operation in part.get("operations", {}).values():
        for requirement in operation.get("security", []):
            _rename_reference(requirement, "$ref", module, divided)
    for section, components in part.get("components", {}).items():
        part["components"][section] = {
            _final_name(module, (section, name), divided): component
            for name, component in components.items()
        }


def _rename_reference(
    holder: dict[str, Any], slot: str, module: str, divided: set[Component]
) -> None:
    section, name = target = _target(holder[slot])
    if target in divided:
        rest = holder[slot].removeprefix(f"{REF_ROOT}{section}/{name}")
        final = _final_name(module, target, divided)
        holder[slot] = f"{REF_ROOT}{section}/{final}{rest}"


def _rename_security(
    operation: dict[str, Any], module: str, divided: set[Component]
) -> None:
    """Rename schemes in security requirements, which name them without a `$ref`."""
    if "security" in operation:
        operation["security"] = [
            {
                _final_name(module, ("securitySchemes", name), divided): scopes
                for name, scopes in requirement.items()
            }
            for requirement in operation["security"]
        ]


def _components(part: Document) -> list[tuple[str, str, Any]]:
    return [
        (section, name, component)
        for section, components in part.get("components", {}).items()
        for name, component in components.items()
    ]


def _target(reference: str) -> Component:
    section, _, rest = reference.removeprefix(REF_ROOT).partition("/")
    return section, rest.partition("/")[0]


def _final_name(module: str, component: Component, divided: set[Component]) -> str:
    name = component[1]
    return _pascal_case(module) + name if component in divided else name


def _pascal_case(module: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in module.split("_"))
