"""Compare who may call: alternatives of credentials, their scopes, and the schemes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from modular_api.specs.diff.document import Part, escaped
from modular_api.specs.diff.record import DOCUMENT, Record, Site

# Keywords that are compared by their parts, noted with operations, or prose.
_COMPARED = frozenset({"bearerFormat", "description", "flows", "scopes"})

Alternative: TypeAlias = dict[str, tuple[str, ...]]
"""Schemes that are required together, each with its scopes; empty to allow anybody."""


def alternatives_of(requirements: Sequence[Part]) -> list[Alternative]:
    """Return a `security` list of OpenAPI as plain data."""
    found = []
    for requirement in requirements:
        schemes = {}
        for name, scopes in requirement.children().items():
            if not isinstance(scopes.value, list):
                raise scopes.malformed("a list of scopes")
            schemes[name] = tuple(sorted(map(str, scopes.value)))
        found.append(schemes)
    return found


def compare_alternatives(
    record: Record,
    site: Site,
    old: list[Alternative],
    new: list[Alternative],
    *,
    start: str = "api-security",
    pointer: str = "/security",
) -> None:
    """Note what changed between alternatives of credentials."""
    was, now = _by_schemes(old), _by_schemes(new)
    # Without alternatives, or with an empty one, no credentials are needed.
    was_open, is_open = not was or "" in was, not now or "" in now
    if was_open and not is_open:
        named = " or ".join(sorted(now))
        record.add(f"{start}-became-required", site, pointer, None, named)
    elif is_open and not was_open:
        named = " or ".join(sorted(was))
        record.add(f"{start}-removed", site, pointer, named, None)
    for schemes in sorted(was.keys() | now.keys()):
        below = f"{pointer}/{escaped(schemes)}"
        if schemes in was and schemes in now:
            _compare_scopes(record, site, was[schemes], now[schemes], start, below)
        elif schemes == "" or is_open or was_open:
            if schemes in now and was_open and is_open and schemes:
                record.add(f"{start}-added", site, below, None, schemes)
            elif schemes in was and was_open and schemes:
                record.add(f"{start}-alternative-removed", site, below, schemes, None)
        elif schemes in now:
            record.add(f"{start}-added", site, below, None, schemes)
        else:
            record.add(f"{start}-alternative-removed", site, below, schemes, None)


def _by_schemes(alternatives: list[Alternative]) -> dict[str, Alternative]:
    return {" and ".join(sorted(schemes)): schemes for schemes in alternatives}


def _compare_scopes(
    record: Record,
    site: Site,
    old: Alternative,
    new: Alternative,
    start: str,
    pointer: str,
) -> None:
    for scheme in sorted(old.keys() & new.keys()):
        for scope in sorted(set(old[scheme]) ^ set(new[scheme])):
            added = scope in new[scheme]
            event = f"{start}-scope-{'added' if added else 'removed'}"
            values = (None, scope) if added else (scope, None)
            record.add(event, site, f"{pointer}/{escaped(scope)}", *values)


def compare_schemes(record: Record, old: dict[str, Part], new: dict[str, Part]) -> None:
    """Note what changed between the documents' security schemes."""
    for name in sorted(old.keys() | new.keys()):
        pointer = f"/components/securitySchemes/{escaped(name)}"
        what = f"security scheme '{name}'"
        start = "api-security-component"
        if name not in new:
            record.add(f"{start}-removed", DOCUMENT, pointer, name, None, what=what)
        elif name not in old:
            record.add(f"{start}-added", DOCUMENT, pointer, None, name, what=what)
        else:
            before, after = old[name].resolved(), new[name].resolved()
            _compare_scheme(record, before, after, pointer, what)


def _compare_scheme(
    record: Record, old: Part, new: Part, pointer: str, what: str
) -> None:
    start = "api-security-component"
    before, after = old.mapping(), new.mapping()
    kinds = (old.text("type"), new.text("type"))
    if kinds[0] != kinds[1]:
        rule = f"{start}-type-changed"
        record.add(rule, DOCUMENT, f"{pointer}/type", *kinds, what=what)
        return
    for word in sorted(before.keys() | after.keys()):
        known = word in _COMPARED or word[:2] == "x-"
        if not known and before.get(word) != after.get(word):
            rule = f"{start}-keyword-changed"
            record.add(rule, DOCUMENT, f"{pointer}/{word}", word, word, what=what)
    was, now = old.named("flows"), new.named("flows")
    for flow in sorted(was.keys() | now.keys()):
        below = f"{pointer}/flows/{flow}"
        if flow not in was or flow not in now:
            rule = f"{start}-keyword-changed"
            record.add(rule, DOCUMENT, below, f"flow {flow}", flow, what=what)
        else:
            _compare_flow(record, was[flow], now[flow], below, what)


def _compare_flow(record: Record, old: Part, new: Part, place: str, what: str) -> None:
    start = "api-security-component-oauth"
    for word, name in (("authorizationUrl", "url"), ("tokenUrl", "token-url")):
        urls = (old.text(word), new.text(word))
        if urls[0] != urls[1]:
            rule = f"{start}-{name}-changed"
            record.add(rule, DOCUMENT, f"{place}/{word}", *urls, what=what)
    # AsyncAPI calls them available, because an operation names those it requires.
    before, after = _scopes(old), _scopes(new)
    for scope in sorted(before.keys() | after.keys()):
        below = f"{place}/scopes/{escaped(scope)}"
        if scope not in after:
            rule = f"{start}-scope-removed"
            record.add(rule, DOCUMENT, below, scope, None, what=what)
        elif scope not in before:
            rule = f"{start}-scope-added"
            record.add(rule, DOCUMENT, below, None, scope, what=what)
        elif before[scope] != after[scope]:
            rule = f"{start}-scope-changed"
            record.add(rule, DOCUMENT, below, scope, scope, what=what)


def _scopes(flow: Part) -> dict[str, Any]:
    return {
        name: part.value
        for word in ("scopes", "availableScopes")
        for name, part in flow.named(word).items()
    }
