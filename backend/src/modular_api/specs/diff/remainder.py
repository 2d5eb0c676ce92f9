"""Find differences that no rule has noted, because nothing uses what differs.

Only documents that are equal, or differ only in spelling or in names of components, may
pass without a change.
"""

from __future__ import annotations

from typing import Any

from modular_api.specs.diff.document import Document, Part, escaped
from modular_api.specs.diff.record import DOCUMENT, Record
from modular_api.specs.diff.schema import SchemaComparison
from modular_api.specs.diff.view import PROSE, without_null
from modular_api.specs.structure import NAME_MAPS

_SCHEMAS = "#/components/schemas/"


def renamed_schemas(
    old: Document, new: Document, schemas: SchemaComparison
) -> dict[str, str]:
    """Return the components that were only renamed in the new document."""
    before, after = _components(old), _components(new)
    came = [name for name in sorted(after) if name not in before]
    renamed = {}
    for name in sorted(before.keys() - after.keys()):
        for other in came:
            if schemas.same_shape(before[name], after[other]):
                renamed[name] = other
                came.remove(other)
                break
    return renamed


def note_remainder(
    record: Record, old: Document, new: Document, renamed: dict[str, str]
) -> None:
    """Note the first difference between the documents that is more than spelling."""
    targets = {
        _SCHEMAS + escaped(was): _SCHEMAS + escaped(now) for was, now in renamed.items()
    }
    before = _spelled(old.content, targets)
    schemas = before.get("components", {}).get("schemas", {})
    for was, now in renamed.items():
        schemas[now] = schemas.pop(was)
    pointer = _first_difference(before, _spelled(new.content, {}), "")
    if pointer is not None:
        record.add("document-changed", DOCUMENT, pointer, what=f"#{pointer}")


def _components(document: Document) -> dict[str, Part]:
    components = document.root.child("components")
    return components.named("schemas") if components is not None else {}


def _spelled(value: Any, targets: dict[str, str], *, names: bool = False) -> Any:
    """Return a value in a uniform spelling, with the new names of components.

    Args:
        names: the keys are chosen names, such as that of a field called `title`.
    """
    if isinstance(value, list):
        return [_spelled(item, targets) for item in value]
    if isinstance(value, str):
        return targets.get(value, value)
    if not isinstance(value, dict):
        return value
    if names:
        return {name: _spelled(item, targets) for name, item in value.items()}
    words = {
        word: _spelled(item, targets, names=word in NAME_MAPS)
        for word, item in value.items()
        if word not in PROSE and (word, item) != ("nullable", False)
    }
    words, nullable = without_null(words)
    for word in ("anyOf", "oneOf", "allOf"):
        branches = words.get(word)
        if not isinstance(branches, list) or len(branches) != 1:
            continue
        if isinstance(branches[0], dict):
            rest = {name: item for name, item in words.items() if name != word}
            words = {**branches[0], **rest}
    return {**words, "nullable": True} if nullable else words


def _first_difference(old: Any, new: Any, pointer: str) -> str | None:
    if old == new:
        return None
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key) or (key in old) != (key in new):
                below = f"{pointer}/{escaped(key)}"
                return _first_difference(old.get(key), new.get(key), below)
    return pointer
