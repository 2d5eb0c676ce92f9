"""Find what happened to a schema, whoever sends its data.

The result is a graph: each pair of schemas is a node with its own findings, and its
edges lead to the pairs below. A pair of components is one node, however often it is
referred to, so circles are finite. What each finding means is decided later, when it is
known who sends the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from modular_api.specs.diff.document import Json, Part, Unchanged, escaped
from modular_api.specs.diff.lifecycle import Lifecycle, property_lifecycle
from modular_api.specs.diff.shape import Shapes
from modular_api.specs.diff.view import View, Views


@dataclass(frozen=True)
class Finding:
    """One event, at a pointer below the node it belongs to.

    Attributes:
        event: a name of `events.py`, or one known to `rules.property_rule`.
    """

    event: str
    pointer: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class Edge:
    """The edge from a pair of schemas to one below it.

    Attributes:
        mutability: `read-only` or `write-only`, if it is so in both documents.
    """

    pointer: str
    node: Node
    mutability: str | None = None


@dataclass
class Node:
    """What happened to a pair of schemas, and the pairs below it."""

    findings: list[Finding] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def found(
        self, event: str, pointer: str = "", old: Any = None, new: Any = None
    ) -> None:
        """Note an event at a pointer below this node."""
        self.findings.append(Finding(event, pointer, old, new))


UNCHANGED = Node()
"""The node of every pair that is the same."""

_Limits = tuple[tuple[str, str, bool], ...]

# The keyword, the event's first part, and whether a higher limit allows more.
_LIMITS: _Limits = (
    ("maximum", "max", True),
    ("exclusiveMaximum", "exclusive-max", True),
    ("maxLength", "max-length", True),
    ("maxItems", "max-items", True),
    ("maxProperties", "max-properties", True),
    ("maxContains", "max-contains", True),
    ("minimum", "min", False),
    ("exclusiveMinimum", "exclusive-min", False),
    ("minLength", "min-length", False),
    ("minItems", "min-items", False),
    ("minProperties", "min-properties", False),
    ("minContains", "min-contains", False),
)

# Keywords whose value is a schema: adding it demands more, removing it less.
_SCHEMAS = {
    "contains": "contains",
    "contentSchema": "content-schema",
    "items": "items",
    "propertyNames": "property-names",
}

# The same, but inside them narrower and wider are swapped or mean something else.
_CONDITIONS = {"if": "if", "then": "then", "else": "else", "not": "not"}

_SCHEMA_MAPS = {
    "patternProperties": "pattern-property",
    "dependentSchemas": "dependent-schema",
}

_ANY_TEXT = frozenset({"", ".*", "^.*$", "^.*", ".*$"})

_WIDER_FORMATS = {("int32", "int64"), ("float", "double")}

_COMPARED = frozenset(
    {
        *(word for word, _, _ in _LIMITS),
        *_SCHEMAS,
        *_CONDITIONS,
        *_SCHEMA_MAPS,
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "contentEncoding",
        "contentMediaType",
        "dependentRequired",
        "discriminator",
        "enum",
        "format",
        "multipleOf",
        "oneOf",
        "pattern",
        "prefixItems",
        "properties",
        "required",
        "type",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
    }
)


class SchemaComparison:
    """Compares schemas of two documents; each pair only once."""

    def __init__(self, unchanged: Unchanged, lifecycle: Lifecycle) -> None:
        self._unchanged = unchanged
        self._lifecycle = lifecycle
        self._views = Views()
        self._shapes = Shapes(self._views)
        self._nodes: dict[tuple[str, str], Node] = {}

    def compare(self, old: Part, new: Part) -> Node:
        """Return what happened between two schemas, including how they are used."""
        root = Node()
        self._use(root, "", old, new)
        return root

    def view(self, part: Part) -> View:
        """Return what a schema means."""
        return self._views.of(part)

    def same_shape(self, old: Part, new: Part) -> bool:
        """Tell whether two schemas allow the same data, whatever their names."""
        return self._shapes.of(old) == self._shapes.of(new)

    def _use(self, node: Node, pointer: str, old: Part, new: Part) -> None:
        """Compare how a schema below `node` is used, and the schema itself."""
        if self._unchanged(old.value, new.value):
            return
        before, after = self._views.of(old), self._views.of(new)
        self._compare_use(node, pointer, before, after)
        if not (before.is_anything or after.is_anything):
            if before.nullable and not after.nullable:
                node.found("became-not-nullable", pointer)
            if after.nullable and not before.nullable:
                node.found("became-nullable", pointer)
        child = self._node(before, after)
        if child is not UNCHANGED:
            node.edges.append(Edge(pointer, child, _mutability(before, after)))

    def _compare_use(self, node: Node, pointer: str, old: View, new: View) -> None:
        before, after = old.use, new.use
        if before == after:
            return
        if "default" not in before and "default" in after:
            node.found("default-value-added", pointer, None, after["default"])
        elif "default" in before and "default" not in after:
            node.found("default-value-removed", pointer, before["default"], None)
        elif before.get("default") != after.get("default"):
            node.found(
                "default-value-changed", pointer, before["default"], after["default"]
            )
        if "x-extensible-enum" in before and "x-extensible-enum" in after:
            self._values(
                node,
                "x-extensible-enum-value",
                before["x-extensible-enum"],
                after["x-extensible-enum"],
                pointer,
            )

    def _node(self, old: View, new: View) -> Node:
        if old.name is None or new.name is None:
            node = Node()
            self._compare_words(node, old, new)
            return node if node.findings or node.edges else UNCHANGED
        key = (old.name, new.name)
        if key not in self._nodes:
            if old.name == new.name and self._unchanged(old.part.value, new.part.value):
                self._nodes[key] = UNCHANGED
            else:
                # Stored before it is compared, so that a circle finds it and ends.
                self._nodes[key] = Node()
                self._compare_words(self._nodes[key], old, new)
        return self._nodes[key]

    def _compare_words(self, node: Node, old: View, new: View) -> None:
        if old.words == new.words and self._unchanged(old.words, new.words):
            return
        if bool(old.union) != bool(new.union):
            # The partner among the alternatives is compared there.
            self._compare_with_one(node, old, new)
            return
        if old.union and new.union:
            self._compare_alternatives(node, old, new)
        elif not self._compare_types(node, old, new):
            return
        self._compare_values(node, old.words, new.words)
        self._compare_limits(node, old.words, new.words)
        self._compare_text(node, old.words, new.words)
        self._compare_schemas(node, old, new)
        self._compare_fields(node, old, new)
        self._compare_items(node, old, new)
        self._compare_all_of(node, old, new)
        self._compare_discriminators(node, old, new)
        self._compare_others(node, old.words, new.words)

    # Types and alternatives

    def _compare_types(self, node: Node, old: View, new: View) -> bool:
        """Compare types; tell whether the rest is worth comparing."""
        before, after = old.types, new.types
        if before == after:
            self._compare_formats(node, old, new)
            if ("type" in old.words) != ("type" in new.words):
                node.found("type-compatible", "", old.describe(), new.describe())
            return True
        described = (old.describe(), new.describe())
        if before is None or after is None:
            event = "type-specialized" if before is None else "type-generalized"
            node.found(event, "", *described)
            return not (old.is_anything or new.is_anything)
        if _covers(after, before):
            listed = len(before) > 1 or len(after) > 1
            event = "list-of-types-widened" if listed else "type-generalized"
        elif _covers(before, after):
            listed = len(before) > 1 or len(after) > 1
            event = "list-of-types-narrowed" if listed else "type-specialized"
        else:
            node.found("type-changed", "", *described)
            return False
        if listed:
            described = (_listed(before - after), _listed(after - before))
        node.found(event, "", *described)
        return True

    def _compare_formats(self, node: Node, old: View, new: View) -> None:
        before, after = old.words.get("format"), new.words.get("format")
        if before == after:
            return
        event = "type-changed"
        if after is None or (before, after) in _WIDER_FORMATS:
            event = "type-generalized"
        elif before is None or (after, before) in _WIDER_FORMATS:
            event = "type-specialized"
        node.found(event, "", old.describe(), new.describe())

    def _compare_alternatives(self, node: Node, old: View, new: View) -> None:
        assert old.union is not None and new.union is not None
        if old.union != new.union:
            event = "any-of-became-one-of"
            node.found(event if new.union == "oneOf" else "one-of-became-any-of")
        event = "one-of" if new.union == "oneOf" else "any-of"
        self._match(
            node,
            old.union,
            _branches(old, old.union),
            _branches(new, new.union),
            added=f"{event}-added",
            removed=f"{event}-removed",
        )

    def _compare_with_one(self, node: Node, old: View, new: View) -> None:
        """Compare alternatives with a single schema."""
        several, alone = (old, new) if old.union else (new, old)
        described = (old.describe(), new.describe())
        if _plain_types(old) == _plain_types(new) is not None:
            node.found("type-compatible", "", *described)
            return
        if old.is_anything or new.is_anything:
            event = "type-specialized" if old.is_anything else "type-generalized"
            node.found(event, "", *described)
            return
        assert several.union is not None
        branches = _branches(several, several.union)
        index = self._position(branches, alone)
        if index is None:
            node.found("type-changed", "", *described)
            return
        if several is old:
            node.found("type-specialized", "", *described)
            self._use(node, "", branches[index], _whole(alone))
        else:
            is_one_of = several.union == "oneOf"
            event = "wrapped-in-one-of" if is_one_of else "type-generalized"
            node.found(event, "", *described)
            self._use(node, "", _whole(alone), branches[index])

    def _position(self, branches: Sequence[Part], alone: View) -> int | None:
        """Return the index of the branch that a schema is equal to, or most like."""
        part = _whole(alone)
        for test in (self._same_name, self.same_shape, self._alike):
            for index, branch in enumerate(branches):
                if test(branch, part):
                    return index
        return None

    def _match(
        self,
        node: Node,
        word: str,
        old: list[Part],
        new: list[Part],
        *,
        added: str,
        removed: str,
    ) -> None:
        """Compare branches with their partners; note those that have none."""
        left = list(range(len(old)))
        right = list(range(len(new)))
        for test in (self._same_name, self.same_shape, self._alike):
            for before in list(left):
                partner = next((a for a in right if test(old[before], new[a])), None)
                if partner is not None:
                    left.remove(before)
                    right.remove(partner)
                    # By the old position: new ones may change until they are accepted.
                    self._use(node, f"/{word}/{before}", old[before], new[partner])
        for before in left:
            view = self._views.of(old[before])
            node.found(_branch_event(removed, view), "", view.describe(), None)
        for partner in right:
            view = self._views.of(new[partner])
            node.found(_branch_event(added, view), "", None, view.describe())

    def _same_name(self, old: Part, new: Part) -> bool:
        name = self._views.of(old).name
        return name is not None and name == self._views.of(new).name

    def _alike(self, old: Part, new: Part) -> bool:
        """Tell whether a branch is another one changed, and not a new one."""
        before, after = self._views.of(old), self._views.of(new)
        if before.types != after.types or before.union or after.union:
            return False
        if before.types != frozenset({"object"}):
            return before.types is not None
        fields = before.words.get("properties", {}).keys()
        others = after.words.get("properties", {}).keys()
        return 2 * len(fields & others) > len(fields | others)

    # Values and limits

    def _compare_values(self, node: Node, old: Json, new: Json) -> None:
        if "const" in old and "const" in new:
            if old["const"] != new["const"]:
                node.found("const-changed", "", old["const"], new["const"])
            return
        before, after = _allowed(old), _allowed(new)
        if before is None and after is not None:
            constant = "const" in new
            event = "const-added" if constant else "became-enum"
            node.found(event, "", None, new["const"] if constant else after)
        elif before is not None and after is None:
            constant = "const" in old
            event = "const-removed" if constant else "became-not-enum"
            node.found(event, "", old["const"] if constant else before, None)
        elif before is not None and after is not None:
            self._values(node, "enum-value", before, after)

    def _values(
        self,
        node: Node,
        event: str,
        before: Sequence[Any],
        after: Sequence[Any],
        pointer: str = "",
    ) -> None:
        for value in before:
            if value not in after:
                node.found(f"{event}-removed", pointer, value, None)
        for value in after:
            if value not in before:
                node.found(f"{event}-added", pointer, None, value)

    def _compare_limits(self, node: Node, old: Json, new: Json) -> None:
        for word, name, _ in _LIMITS:
            before, after = old.get(word), new.get(word)
            if before == after:
                continue
            if before is None:
                node.found(f"{name}-set", "", None, after)
            elif after is None:
                node.found(f"{name}-unset", "", before, None)
            else:
                rose = after > before
                end = "increased" if rose else "decreased"
                node.found(f"{name}-{end}", "", before, after)
        _compare_presence(node, old, new, "multipleOf", "multiple-of")
        if old.get("uniqueItems") != new.get("uniqueItems"):
            is_set = "uniqueItems" in new
            node.found("unique-items-set" if is_set else "unique-items-unset")

    def _compare_text(self, node: Node, old: Json, new: Json) -> None:
        before, after = old.get("pattern"), new.get("pattern")
        if before != after:
            if before is None:
                event = "pattern-added"
            elif after is None:
                event = "pattern-removed"
            else:
                widest = after in _ANY_TEXT
                event = "pattern-generalized" if widest else "pattern-changed"
            node.found(event, "", before, after)
        for word, event in (
            ("contentEncoding", "content-encoding-changed"),
            ("contentMediaType", "content-media-type-changed"),
        ):
            if old.get(word) != new.get(word):
                node.found(event, "", old.get(word), new.get(word))

    # Schemas below

    def _compare_schemas(self, node: Node, old: View, new: View) -> None:
        for word, name in _SCHEMAS.items():
            if word in old.words and word in new.words:
                self._use(node, f"/{word}", old.below(word), new.below(word))
            else:
                self._compare_existence(node, old, new, word, name)
        for word, name in _CONDITIONS.items():
            if word not in old.words or word not in new.words:
                self._compare_existence(node, old, new, word, name)
            elif not self.same_shape(old.below(word), new.below(word)):
                node.found("condition-changed", "", word, word)
        for word, name in _SCHEMA_MAPS.items():
            self._compare_schema_maps(node, old, new, word, name)
        for word, name in (
            ("unevaluatedItems", "unevaluated-items"),
            ("unevaluatedProperties", "unevaluated-properties"),
        ):
            # True allows everything, as if the word were missing.
            before = old.words.get(word, True)
            after = new.words.get(word, True)
            if before != after:
                event = "changed"
                if before is True or after is True:
                    event = "added" if before is True else "removed"
                node.found(f"{name}-{event}", "", word, word)
            elif not self._unchanged(before, after):
                node.found(f"{name}-changed", "", word, word)

    def _compare_existence(
        self, node: Node, old: View, new: View, word: str, name: str
    ) -> None:
        if word in new.words:
            described = self._views.of(new.below(word)).describe()
            node.found(f"{name}-added", "", None, described)
        elif word in old.words:
            described = self._views.of(old.below(word)).describe()
            node.found(f"{name}-removed", "", described, None)

    def _compare_schema_maps(
        self, node: Node, old: View, new: View, word: str, name: str
    ) -> None:
        before, after = old.words.get(word, {}), new.words.get(word, {})
        for key in sorted(before.keys() | after.keys()):
            if key not in after:
                node.found(f"{name}-removed", "", key, None)
            elif key not in before:
                node.found(f"{name}-added", "", None, key)
            else:
                pointer = f"/{word}/{escaped(key)}"
                self._use(node, pointer, old.branch(word, key), new.branch(word, key))

    def _compare_items(self, node: Node, old: View, new: View) -> None:
        before = old.words.get("prefixItems", [])
        after = new.words.get("prefixItems", [])
        for index in range(max(len(before), len(after))):
            pointer = f"/prefixItems/{index}"
            if index >= len(after):
                item = self._views.of(old.branch("prefixItems", index)).describe()
                node.found("prefix-items-removed", "", f"{index}: {item}", None)
            elif index >= len(before):
                item = self._views.of(new.branch("prefixItems", index)).describe()
                node.found("prefix-items-added", "", None, f"{index}: {item}")
            else:
                self._use(
                    node,
                    pointer,
                    old.branch("prefixItems", index),
                    new.branch("prefixItems", index),
                )

    def _compare_all_of(self, node: Node, old: View, new: View) -> None:
        before, after = _branches(old, "allOf"), _branches(new, "allOf")
        if not before and not after:
            return
        self._match(
            node, "allOf", before, after, added="all-of-added", removed="all-of-removed"
        )

    # Fields

    def _compare_fields(self, node: Node, old: View, new: View) -> None:
        before, after = old.words.get("properties", {}), new.words.get("properties", {})
        was = set(old.words.get("required", ()))
        now = set(new.words.get("required", ()))
        for name in sorted(before.keys() | after.keys() | was | now):
            pointer = f"/properties/{escaped(name)}"
            if name in before and name in after:
                self._compare_field(
                    node,
                    pointer,
                    old.branch("properties", name),
                    new.branch("properties", name),
                    was=name in was,
                    now=name in now,
                )
            elif name in after:
                view = self._views.of(new.branch("properties", name))
                event = _added_event(view, required=name in now)
                self._lone_field(node, event, pointer, None, view)
            elif name in before:
                view = self._views.of(old.branch("properties", name))
                kind = "required" if name in was else "optional"
                event = f"{kind}-property-removed"
                self._lone_field(node, event, pointer, view, None)
            elif (name in was) != (name in now):
                end = "required" if name in now else "optional"
                node.found(f"became-{end}", pointer)
        self._compare_other_fields(node, old, new)

    def _lone_field(
        self, node: Node, event: str, pointer: str, old: View | None, new: View | None
    ) -> None:
        """Note a field that only one of the documents has."""
        view = old or new
        assert view is not None
        found = Node()
        found.found(event, pointer, old and old.describe(), new and new.describe())
        _attach(node, found, _mutability(view, view))

    def _compare_field(
        self, node: Node, pointer: str, old: Part, new: Part, *, was: bool, now: bool
    ) -> None:
        if was == now and self._unchanged(old.value, new.value):
            return
        before, after = self._views.of(old), self._views.of(new)
        # It has its own node, because none of it matters where the field is not sent.
        found = Node()
        if was != now:
            event = "became-required" if now else "became-optional"
            if now and "default" in after.use:
                event = "became-required-with-default"
            found.found(event, pointer)
        for word, name in (("readOnly", "read-only"), ("writeOnly", "write-only")):
            had, has = before.use.get(word, False), after.use.get(word, False)
            if had != has:
                kind = "required" if now else "optional"
                verb = "became" if has else "became-not"
                found.found(f"{kind}-property-{verb}-{name}", pointer)
        for event, earlier, later in property_lifecycle(
            before.use, after.use, self._lifecycle
        ):
            found.found(event, pointer, earlier, later)
        self._use(found, pointer, old, new)
        _attach(node, found, _mutability(before, after))

    def _compare_other_fields(self, node: Node, old: View, new: View) -> None:
        """Compare `additionalProperties`; missing and `{}` mean the same as `true`."""
        word = "additionalProperties"
        before = _normal(old.words.get(word, True))
        after = _normal(new.words.get(word, True))
        pointer = f"/{word}"
        if isinstance(before, dict) and isinstance(after, dict):
            self._use(node, pointer, old.below(word), new.below(word))
        elif before is after:
            return
        elif after is False:
            node.found("additional-properties-closed", "")
        elif before is False:
            node.found("additional-properties-opened", "")
        elif isinstance(after, dict):
            described = self._views.of(new.below(word)).describe()
            node.found("additional-properties-schema-added", "", None, described)
        else:
            described = self._views.of(old.below(word)).describe()
            node.found("additional-properties-schema-removed", "", described, None)

    # The rest

    def _compare_discriminators(self, node: Node, old: View, new: View) -> None:
        before, after = _discriminator(old), _discriminator(new)
        if before is None or after is None:
            if before is not None:
                node.found("discriminator-removed", "", before[0], None)
            elif after is not None:
                node.found("discriminator-added", "", None, after[0])
            return
        if before[0] != after[0]:
            event = "discriminator-property-name-changed"
            node.found(event, "", before[0], after[0])
        was, now = before[1], after[1]
        for tag in sorted(was.keys() | now.keys()):
            if tag not in now:
                node.found("discriminator-mapping-deleted", "", tag, None)
            elif tag not in was:
                node.found("discriminator-mapping-added", "", None, tag)
            elif was[tag] != now[tag] and not self._same_target(
                old, was[tag], new, now[tag]
            ):
                node.found("discriminator-mapping-changed", "", tag, tag)

    def _same_target(self, old: View, was: str, new: View, now: str) -> bool:
        if not (was.startswith("#/") and now.startswith("#/")):
            return False
        before = old.part.document.at(was, asked_from=old.part.place)
        after = new.part.document.at(now, asked_from=new.part.place)
        return self.same_shape(before, after)

    def _compare_others(self, node: Node, old: Json, new: Json) -> None:
        """Note changes without a rule of their own, so that nothing is overlooked."""
        _compare_dependents(
            node, old.get("dependentRequired", {}), new.get("dependentRequired", {})
        )
        for word in sorted((old.keys() | new.keys()) - _COMPARED):
            if old.get(word) != new.get(word):
                node.found("keyword-changed", "", word, word)


def _covers(wider: Iterable[str], narrower: Iterable[str]) -> bool:
    """Tell whether each type is among the wider ones; an integer is a number."""
    types = set(wider)
    if "number" in types:
        types.add("integer")
    return set(narrower) <= types


def _listed(types: Iterable[str]) -> str:
    return " or ".join(sorted(types))


def _branches(view: View, word: str) -> list[Part]:
    return [view.branch(word, index) for index in range(len(view.words.get(word, ())))]


def _whole(view: View) -> Part:
    """Return the schema of a view as a part, with its name."""
    if view.name is None:
        return Part(view.part.document, view.words, view.part.place)
    return Part(view.part.document, {"$ref": view.name}, view.part.place)


def _branch_event(event: str, branch: View) -> str:
    """Return the event of a branch; in `allOf`, one that demands nothing is prose."""
    is_prose = branch.is_anything and event.startswith("all-of")
    return f"{event}-annotation-only" if is_prose else event


def _plain_types(view: View) -> frozenset[str] | None:
    """Return the types of a schema or of alternatives, if they demand nothing else."""
    if view.words.keys() == {"type"}:
        return view.types
    if view.union is None or len(view.words) > 1:
        return None
    types = []
    for branch in view.words[view.union]:
        if not isinstance(branch, dict) or not isinstance(branch.get("type"), str):
            return None
        if branch.keys() - {"type", "title", "description"}:
            return None
        types.append(branch["type"])
    return frozenset(types)


def _allowed(words: Json) -> list[Any] | None:
    """Return the values a schema lists, or None if it lists none."""
    if "const" in words:
        return [words["const"]]
    values: list[Any] | None = words.get("enum")
    return values


def _compare_presence(node: Node, old: Json, new: Json, word: str, name: str) -> None:
    before, after = old.get(word), new.get(word)
    if before != after:
        end = "set" if before is None else "unset" if after is None else "changed"
        node.found(f"{name}-{end}", "", before, after)


def _compare_dependents(node: Node, old: Json, new: Json) -> None:
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            node.found("dependent-required-removed", "", name, None)
        elif name not in old:
            node.found("dependent-required-added", "", None, name)
        elif _as_set(old[name]) != _as_set(new[name]):
            node.found("dependent-required-changed", "", name, name)


def _as_set(names: Any) -> Any:
    return sorted(map(str, names)) if isinstance(names, list) else names


def _mutability(old: View, new: View) -> str | None:
    for word, name in (("readOnly", "read-only"), ("writeOnly", "write-only")):
        if old.use.get(word) and new.use.get(word):
            return name
    return None


def _added_event(view: View, *, required: bool) -> str:
    if not required:
        return "optional-property-added"
    has_default = "default" in view.use
    return f"required-property-{'with-default-' if has_default else ''}added"


def _attach(node: Node, found: Node, mutability: str | None) -> None:
    if found.findings or found.edges:
        node.edges.append(Edge("", found, mutability))


def _normal(schema: Any) -> Any:
    return True if schema == {} else schema


def _discriminator(view: View) -> tuple[str, dict[str, str]] | None:
    """Return the field that tells alternatives apart, and the target of each tag."""
    found = view.words.get("discriminator")
    if found is None:
        return None
    if isinstance(found, str):  # AsyncAPI only names the field
        return found, {}
    part = view.below("discriminator")
    name = part.required_text("propertyName")
    tags = part.named("mapping")
    return name, {tag: part.children()["mapping"].text(tag) or "" for tag in tags}
