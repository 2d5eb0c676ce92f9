"""Differences in parts of a document that nothing in it uses."""

from __future__ import annotations

from typing import Any

from modular_api.specs.diff.document import Document, Part, escaped
from modular_api.specs.diff.record import DOCUMENT, Record
from modular_api.specs.diff.schema import Node, SchemaComparison

_COMPARED = frozenset(
    {"asyncapi", "channels", "components", "info", "openapi", "operations", "paths"}
)


def note_unused(
    record: Record, old: Document, new: Document, schemas: SchemaComparison
) -> None:
    """Note what differs though no operation does; spelling and names do not count."""
    for word in sorted(old.content.keys() | new.content.keys()):
        before, after = old.content.get(word), new.content.get(word)
        if word not in _COMPARED and before != after:
            _note(record, f"/{escaped(word)}")
    before, after = _sections(old), _sections(new)
    for section in sorted(before.keys() | after.keys()):
        was, now = before.get(section), after.get(section)
        if section == "schemas" and was is not None and now is not None:
            _compare_schemas(record, was, now, schemas)
        elif _value(was) != _value(now):
            _note(record, f"/components/{escaped(section)}")


def _sections(document: Document) -> dict[str, Part]:
    return document.root.named("components")


def _value(part: Part | None) -> Any:
    return part.value if part is not None else {}


def _compare_schemas(
    record: Record, old: Part, new: Part, schemas: SchemaComparison
) -> None:
    before, after = old.children(), new.children()
    for name in sorted(before.keys() & after.keys()):
        if _has_findings(schemas.compare(before[name], after[name])):
            _note(record, f"/components/schemas/{escaped(name)}")


def _has_findings(node: Node) -> bool:
    stack, seen = [node], set()
    while stack:
        current = stack.pop()
        if current.findings:
            return True
        if id(current) not in seen:
            seen.add(id(current))
            stack += [edge.node for edge in current.edges]
    return False


def _note(record: Record, pointer: str) -> None:
    record.add("document-changed", DOCUMENT, pointer, what=f"#{pointer}")
