"""Collect changes, each judged by its rule."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from modular_api.specs.diff.change import Change, Direction, Level, fingerprint_of
from modular_api.specs.diff.rules import rules
from modular_api.specs.diff.schema import Edge, Node
from modular_api.specs.diff.subjects import Subject, schema_rule_id

_LONGEST_VALUE = 80

# Steps of a pointer that lead to alternatives of a schema, not to its fields.
_SPELLING = frozenset({"anyOf", "oneOf", "allOf"})


@dataclass(frozen=True)
class Site:
    """Where changes are found: in an operation, or in the rest of the document.

    Attributes:
        label: the beginning of the changes' places: `POST /orders`.
        draft: nothing here is promised to anybody.
    """

    label: str = ""
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    draft: bool = False


DOCUMENT = Site()


class Record:
    """Collects the changes of one comparison."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._rules = rules()

    def add(
        self,
        rule_id: str,
        site: Site,
        pointer: str = "",
        old: Any = None,
        new: Any = None,
        *,
        what: str | None = None,
        direction: Direction | None = None,
    ) -> None:
        """Note a change.

        Args:
            pointer: the place below the site; begins with a slash.
            what: what changed, for the sentence; the site by default.
            direction: if it differs from the rule's.
        """
        rule = self._rules[rule_id]
        place = f"{site.label}#{pointer}" if pointer or not site.label else site.label
        level = rule.level
        if site.draft and level in (Level.BREAKING, Level.WARNING):
            level = Level.COMPATIBLE
        sentence = rule.sentence.format(
            what=what or site.label or "the document", old=_short(old), new=_short(new)
        )
        where = f"{site.label}: " if site.label and what is not None else ""
        self.changes.append(
            Change(
                rule=rule_id,
                level=level,
                tier=rule.tier,
                place=place,
                text=f"{where}{sentence}.",
                advice=rule.instruction,
                fingerprint=fingerprint_of(rule_id, place, old, new),
                pointer=pointer,
                operation=site.operation,
                method=site.method,
                path=site.path,
                direction=direction or rule.direction,
                old=old,
                new=new,
                draft=site.draft,
            )
        )

    def add_schema(
        self, node: Node, site: Site, pointer: str, subject: Subject, label: str
    ) -> None:
        """Note what happened to a schema and to everything below it.

        Each pair of schemas is noted once, at the end of the shortest path to it.
        """
        queue = deque([(Edge("", node), False)])
        seen: set[tuple[int, bool]] = set()
        while queue:
            edge, silent = queue.popleft()
            if (id(edge.node), silent) in seen:
                continue
            seen.add((id(edge.node), silent))
            for finding in edge.node.findings:
                self._add_finding(
                    finding.event,
                    f"{edge.pointer}{finding.pointer}",
                    finding.old,
                    finding.new,
                    site=site,
                    base=pointer,
                    subject=subject,
                    label=label,
                    silent=silent,
                )
            for below in edge.node.edges:
                further = Edge(f"{edge.pointer}{below.pointer}", below.node)
                queue.append((further, silent or below.mutability == subject.silent))

    def _add_finding(
        self,
        event: str,
        pointer: str,
        old: Any,
        new: Any,
        *,
        site: Site,
        base: str,
        subject: Subject,
        label: str,
        silent: bool,
    ) -> None:
        inner = _is_inner(pointer)
        if event == "type-changed" and subject.textual and not inner:
            event = _textual_event(old, new)
        self.add(
            schema_rule_id(subject, event, inner=inner, silent=silent),
            site,
            f"{base}{pointer}",
            old,
            new,
            what=f"{label} {_field(pointer)}" if inner else label,
            direction=subject.direction,
        )


def _is_inner(pointer: str) -> bool:
    steps = pointer.split("/")[1:]
    return any(step not in _SPELLING and not step.isdecimal() for step in steps)


def _textual_event(old: str, new: str) -> str:
    """Return the event for a value sent as text, where a string includes numbers."""
    if new == "string":
        return "type-generalized"
    return "type-specialized" if old == "string" else "type-changed"


def _field(pointer: str) -> str:
    """Return a pointer in a readable form: `'order.legs[].price'`."""
    name = ""
    steps = iter(pointer.split("/")[1:])
    for step in steps:
        if step == "properties":
            following = next(steps, "").replace("~1", "/").replace("~0", "~")
            name += f".{following}" if name else following
        elif step in ("items", "contains"):
            name += "[]"
        elif step in ("prefixItems", "patternProperties"):
            name += f"[{next(steps, '')}]"
        elif step == "additionalProperties":
            name += "[*]"
    return f"field '{name}'"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
