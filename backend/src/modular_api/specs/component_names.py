"""Choose names for a document's schemas from class names, never from module paths.

Schemas that are equal, including everything they refer to, become one component.
Different schemas of classes with the same name become `User`, `User2`, … in the order
in which the operations use them, so moving a class to another file changes nothing.
A class that is itself called `User2` keeps that name; the number is skipped.
A class whose schemas for input and output differ becomes `User-Input` and
`User-Output`, as FastAPI calls them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import count
from typing import Any

from pydantic_core import to_json

from modular_api.specs.errors import SchemaNameConflict
from modular_api.specs.handlers import place_of_class
from modular_api.specs.schema_generator import SchemaSource
from modular_api.specs.structure import (
    METHODS,
    REF_ROOT,
    operations_of,
    reference_slots,
)
from modular_api.types import Document

_SCHEMAS = REF_ROOT + "schemas/"
_SUFFIXES = {"validation": "-Input", "serialization": "-Output"}


def name_components(document: Document, sources: Mapping[str, SchemaSource]) -> None:
    """Rename the schemas of a canonical document in place, references included.

    Args:
        sources: the class of each schema that is to be named. Other schemas are
            FastAPI's own and keep their names.

    Raises:
        SchemaNameConflict: a class needs the name `User-Input`, which another one has.
    """
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    if not schemas:
        return
    graph = _Graph(document, schemas)
    names = _Names(graph, sources).choose()
    for slot_holder, slot in graph.all_slots():
        target = slot_holder[slot].removeprefix(_SCHEMAS)
        if target in names:
            slot_holder[slot] = _SCHEMAS + names[target]
    document["components"]["schemas"] = dict(
        sorted((names[key], schema) for key, schema in schemas.items())
    )


class _Graph:
    """Which schema refers to which, and the order in which operations reach them."""

    def __init__(self, document: Document, schemas: dict[str, Any]) -> None:
        self.schemas = schemas
        self.slots = {
            key: list(reference_slots(schema)) for key, schema in schemas.items()
        }
        self.targets = {
            key: [holder[slot].removeprefix(_SCHEMAS) for holder, slot in slots]
            for key, slots in self.slots.items()
        }
        self._outer_slots = [
            slot
            for part in _in_canonical_order(document)
            for slot in reference_slots(part)
        ]

    def all_slots(self) -> Iterable[tuple[dict[str, Any], str]]:
        yield from self._outer_slots
        for slots in self.slots.values():
            yield from slots

    def in_order_of_use(self) -> list[str]:
        """Return every schema: those operations reach, depth-first, then others."""
        starts = [
            holder[slot].removeprefix(_SCHEMAS) for holder, slot in self._outer_slots
        ]
        order: dict[str, None] = {}
        self._visit(starts, order)
        unused = self.schemas.keys() - order.keys()
        self._visit(sorted(unused, key=self.text_without_references), order)
        return list(order)

    def _visit(self, starts: list[str], order: dict[str, None]) -> None:
        stack = starts[::-1]
        while stack:
            key = stack.pop()
            if key in self.schemas and key not in order:
                order[key] = None
                stack.extend(reversed(self.targets[key]))

    def reachable_from(self, keys: Iterable[str]) -> set[str]:
        found: set[str] = set()
        stack = list(keys)
        while stack:
            key = stack.pop()
            if key in self.schemas and key not in found:
                found.add(key)
                stack.extend(self.targets[key])
        return found

    def text_without_references(self, key: str) -> bytes:
        slots = self.slots[key]
        kept = [holder[slot] for holder, slot in slots]
        for holder, slot in slots:
            holder[slot] = ""
        text = to_json(self.schemas[key])
        for (holder, slot), reference in zip(slots, kept, strict=True):
            holder[slot] = reference
        return text


class _Names:
    """The choice of a name for each schema."""

    def __init__(self, graph: _Graph, sources: Mapping[str, SchemaSource]) -> None:
        self._graph = graph
        self._sources = sources
        self._wanted = {
            key: sources[key].name if key in sources else key for key in graph.schemas
        }

    def choose(self) -> dict[str, str]:
        rivals: dict[str, list[str]] = defaultdict(list)
        for key, name in self._wanted.items():
            rivals[name].append(key)
        names = {keys[0]: name for name, keys in rivals.items() if len(keys) == 1}
        contested = {name: keys for name, keys in rivals.items() if len(keys) > 1}
        if contested:
            kinds = self._kinds(key for keys in contested.values() for key in keys)
            position = {
                key: place for place, key in enumerate(self._graph.in_order_of_use())
            }
            taken = set(self._wanted.values())
            for _, keys in sorted(contested.items()):
                keys.sort(key=lambda key: (key in self._sources, position[key]))
                names.update(self._share_out(keys, kinds, taken))
            self._refuse_conflicts(names)
        return names

    def _kinds(self, keys: Iterable[str]) -> dict[str, int]:
        """Give equal schemas equal numbers, with references followed.

        At first, schemas are equal if they want the same name and have the same text
        without references. Then those that refer to unequal schemas become unequal,
        until nothing changes. This also works for cycles (automata are minimised in
        the same way).
        """
        keys = self._graph.reachable_from(keys)
        ids: dict[Any, int] = {}
        kinds = {
            key: ids.setdefault(
                (self._wanted[key], self._graph.text_without_references(key)), len(ids)
            )
            for key in keys
        }
        count = len(ids)
        while True:
            ids = {}
            kinds = {
                key: ids.setdefault(
                    (
                        kinds[key],
                        *(kinds.get(t, t) for t in self._graph.targets[key]),
                    ),
                    len(ids),
                )
                for key in keys
            }
            if len(ids) == count:
                return kinds
            count = len(ids)

    def _share_out(
        self, keys: list[str], kinds: Mapping[str, int], taken: set[str]
    ) -> dict[str, str]:
        """Name the schemas that want the same name; they are given in order of use.

        Args:
            taken: names that cannot be chosen; the chosen ones are added.
        """
        wanted = self._wanted[keys[0]]
        partners = self._partners(keys, kinds)
        by_kind: dict[int, str] = {}
        numbered = _numbered(wanted, taken)
        for key in keys:
            if kinds[key] in by_kind:
                continue
            stem = next(numbered)
            free = [kind for kind in partners[kinds[key]] if kind not in by_kind]
            for kind in (kinds[key], *free[:1]):
                name = stem + self._suffix(kind, keys, kinds, partners)
                if name not in by_kind.values():
                    by_kind[kind] = name
        taken.update(by_kind.values())
        return {key: by_kind[kinds[key]] for key in keys}

    def _partners(
        self, keys: list[str], kinds: Mapping[str, int]
    ) -> dict[int, list[int]]:
        """Map each kind to those that the same classes have in the other direction."""
        partners: dict[int, list[int]] = {kinds[key]: [] for key in keys}
        of_class: dict[str, list[int]] = defaultdict(list)
        for key in keys:
            if key in self._sources:
                of_class[self._sources[key].identity].append(kinds[key])
        for pair in of_class.values():
            for kind in pair:
                partners[kind] += [other for other in pair if other != kind]
        return partners

    def _suffix(
        self,
        kind: int,
        keys: list[str],
        kinds: Mapping[str, int],
        partners: Mapping[int, list[int]],
    ) -> str:
        modes = {
            self._sources[key].mode
            for key in keys
            if kinds[key] == kind and key in self._sources
        }
        return _SUFFIXES[modes.pop()] if partners[kind] and len(modes) == 1 else ""

    def _refuse_conflicts(self, names: Mapping[str, str]) -> None:
        owners: dict[str, str] = {}
        for key in self._graph.in_order_of_use():
            other = owners.setdefault(names[key], key)
            if self._wanted[other] != self._wanted[key]:
                raise SchemaNameConflict(
                    names[key], [self._describe(other), self._describe(key)]
                )

    def _describe(self, key: str) -> str:
        if key not in self._sources:
            return f"FastAPI's {key}"
        return place_of_class(self._sources[key].dotted)


def _numbered(wanted: str, taken: Set[str]) -> Iterator[str]:
    """Yield `User`, `User2`, …, without numbers that would give a taken name."""
    yield wanted
    for number in count(2):
        stem = f"{wanted}{number}"
        if taken.isdisjoint(stem + end for end in ("", *_SUFFIXES.values())):
            yield stem


def _in_canonical_order(document: Document) -> Iterable[Any]:
    """Yield the parts of the document that use schemas, operations first."""
    for section in ("paths", "webhooks"):
        path_items = document.get(section, {})
        for _, _, operation in operations_of(path_items):
            yield operation
        for _, path_item in sorted(path_items.items()):
            yield {k: v for k, v in path_item.items() if k not in METHODS}
    for section, components in sorted(document.get("components", {}).items()):
        if section != "schemas":
            yield {section: components}
