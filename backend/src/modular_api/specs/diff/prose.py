"""Find what changed only for readers: descriptions, examples, extensions, order."""

from __future__ import annotations

from collections import Counter
from typing import Any

from modular_api.specs.diff.document import escaped
from modular_api.specs.diff.record import DOCUMENT, Record, Site
from modular_api.specs.diff.view import PROSE
from modular_api.specs.structure import METHODS, NAME_MAPS, is_data

_PROSE = PROSE | {"bearerFormat", "summary", "openapi", "asyncapi", "info"}

_NAME_MAPS = NAME_MAPS | {"channels", "messages", "operations", "replies", "servers"}

# Extensions about the lifecycle; without a deprecation, a date is prose.
_LIFECYCLE = frozenset({"x-deprecated", "x-stability", "x-stability-level"})

# Lists whose order has a meaning.
_ORDERED = frozenset({"prefixItems"})


def compare_prose(record: Record, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Note every difference in prose, once for each place where it is written."""
    _Walk(record).object(old, new, DOCUMENT, "", names=False)


class _Walk:
    def __init__(self, record: Record) -> None:
        self._record = record

    def any(self, old: Any, new: Any, site: Site, pointer: str, key: str) -> None:
        if old == new:
            return
        if isinstance(old, dict) and isinstance(new, dict):
            self.object(old, new, site, pointer, names=key in _NAME_MAPS)
        elif isinstance(old, list) and isinstance(new, list):
            self.list(old, new, site, pointer, key)

    def object(
        self,
        old: dict[str, Any],
        new: dict[str, Any],
        site: Site,
        pointer: str,
        *,
        names: bool,
    ) -> None:
        for key in sorted(old.keys() | new.keys(), key=str):
            before, after = old.get(key), new.get(key)
            if before == after:
                continue
            below = f"{pointer}/{escaped(str(key))}"
            if names:
                self.any(before, after, *self._enter(site, below, after), key="")
            elif _is_prose(key, old, new):
                self._add("description-changed", site, below, key)
            elif key in ("enum", "security") or not is_data(key):
                self.any(before, after, *self._enter(site, below, after), key=key)

    def list(
        self, old: list[Any], new: list[Any], site: Site, pointer: str, key: str
    ) -> None:
        if key not in _ORDERED and _counted(old) == _counted(new):
            self._add("order-changed", site, pointer, key)
            return
        if is_data(key):
            return
        before, after = _by_identity(old), _by_identity(new)
        if before and after:
            for name in before.keys() & after.keys():
                self.any(before[name], after[name], site, f"{pointer}/{name}", "")
        elif len(old) == len(new):
            for index, (one, other) in enumerate(zip(old, new, strict=True)):
                self.any(one, other, site, f"{pointer}/{index}", "")

    def _enter(self, site: Site, pointer: str, value: Any) -> tuple[Site, str]:
        """Return site and pointer; each operation is its own site."""
        steps = pointer.split("/")
        is_below_path = len(steps) == 4 and steps[1] == "paths"
        if not (is_below_path and steps[3] in METHODS and isinstance(value, dict)):
            return site, pointer
        path = steps[2].replace("~1", "/").replace("~0", "~")
        method = steps[3].upper()
        return Site(f"{method} {path}", value.get("operationId"), method, path), ""

    def _add(self, rule: str, site: Site, pointer: str, key: str) -> None:
        what = f"{site.label}#{pointer}" if site.label else f"#{pointer}"
        self._record.add(rule, site, pointer, key, key, what=what)


def _is_prose(key: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    if key in _PROSE:
        return True
    if key in ("x-sunset", "x-extensible-enum"):
        return not (old.get("deprecated") or new.get("deprecated")) and not (
            key in old and key in new and key == "x-extensible-enum"
        )
    return key.startswith("x-") and key not in _LIFECYCLE


def _counted(values: list[Any]) -> Counter[str]:
    return Counter(map(repr, values))


def _by_identity(values: list[Any]) -> dict[str, Any]:
    """Return parameters or tags by what identifies them; empty for anything else."""
    named = {
        f"{value.get('in', '')}{value['name']}": value
        for value in values
        if isinstance(value, dict) and isinstance(value.get("name"), str)
    }
    return named if len(named) == len(values) else {}
