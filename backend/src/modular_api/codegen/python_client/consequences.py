"""Fold what is lost only because something else is into the finding of its cause.

One enum that cannot be expressed takes the models with it that hold it, and the
operations that need those. The generator warns of each by itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from modular_api.codegen.python_client.document import operations, walk
from modular_api.codegen.python_client.errors import Finding
from modular_api.types import Document

_SCHEMAS = "#/components/schemas/"
_UNRESOLVED = re.compile(
    r"Could not find reference in parsed models or enums"
    r"|there is no class of component"
    r"|Reference \S+ (not found|in allOf was not processed)"
)
_PLACE = re.compile(r"(parameter '.*?'|body|answer \w+)(?=: )")


def folded(document: Document, findings: Sequence[Finding]) -> list[Finding]:
    """Return a finding for each cause, with what is lost by it, in a stable order.

    Args:
        document: the one that the generator read.
    """
    unresolved = {f for f in findings if _UNRESOLVED.search(f.reason)}
    if not unresolved:
        return list(findings)
    needs = _needs(document)
    causes = [finding for finding in findings if finding not in unresolved]
    # What refers to itself alone is its own cause: a list of itself.
    known = {cause.where for cause in causes}
    for finding in sorted(unresolved):
        reached = _reached(finding.where, needs)
        if finding.where in reached and not reached & known:
            causes.append(finding)
    lost: dict[Finding, set[Finding]] = defaultdict(set)
    alone = []
    for finding in unresolved.difference(causes):
        reached = _reached(finding.where, needs)
        found = [cause for cause in causes if cause.where in reached]
        for cause in found:
            lost[cause] |= {_consequence(finding), *finding.lost}
        if not found:
            alone.append(finding)
    return sorted([*(_with(cause, lost[cause]) for cause in causes), *alone])


def _with(cause: Finding, lost: set[Finding]) -> Finding:
    others = {one for one in {*cause.lost, *lost} if one.where != cause.where}
    return replace(cause, lost=tuple(sorted(others)))


def _consequence(finding: Finding) -> Finding:
    named = _PLACE.match(finding.reason)
    return Finding(finding.where, named[0] if named else "")


def _needs(document: Document) -> Mapping[str, set[str]]:
    """Return what each operation and each component refers to itself."""
    found = {
        operation.name: set(_references(operation.value))
        for operation in operations(document)
    }
    for kind, components in document.get("components", {}).items():
        for name, component in components.items():
            found[_place(f"#/components/{kind}/{name}")] = set(_references(component))
    return found


def _references(node: Any) -> Iterator[str]:
    for each in walk(node):
        reference = each.value.get("$ref")
        if not each.named and isinstance(reference, str):
            yield _place(reference)


def _place(reference: str) -> str:
    """Return what findings call a component; of other kinds than schemas, itself."""
    if reference.startswith(_SCHEMAS):
        return f"component {reference.removeprefix(_SCHEMAS)}"
    return reference


def _reached(start: str, needs: Mapping[str, set[str]]) -> set[str]:
    """Return all that a place refers to, itself only where it does so."""
    found: set[str] = set()
    pending = [start]
    while pending:
        new = needs.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found
