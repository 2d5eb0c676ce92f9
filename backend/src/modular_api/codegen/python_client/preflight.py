"""Check a document before the generator sees it.

The generator trusts a document: it follows circular references for ever, lets the
second of two operations with the same name overwrite the first, and strips characters
from names until they are identifiers. What it would silently get wrong is refused here,
by name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from modular_api.codegen.python_client.document import (
    Node,
    component_schemas,
    operations,
    pointer,
    walk,
)
from modular_api.codegen.python_client.errors import Finding
from modular_api.codegen.references import resolve
from modular_api.types import Document

MAX_DEPTH = 100
MAX_SIZE = 8_000_000
MAX_OPERATIONS = 1_000
MAX_COMPONENTS = 3_000

_COMPONENT_NAME = re.compile(r"[A-Za-z0-9._-]*[A-Za-z][A-Za-z0-9._-]*")
_PATH = re.compile(r"(/([^{}]|\{[A-Za-z_][A-Za-z0-9_-]*\})*)")
_PATH_PARAMETER = re.compile(r"\{([^{}]*)\}")


def faults(document: Document) -> list[Finding]:
    """Return everything that makes a document unfit for a client, in a stable order.

    If it is too large, or not OpenAPI 3, nothing else is checked.
    """
    found = list(_size_faults(document)) or list(_shape_faults(document))
    if found:
        return found
    checks: tuple[Callable[[Document], Iterable[Finding]], ...] = (
        _count_faults,
        _reference_faults,
        _name_faults,
        _operation_faults,
    )
    return sorted({finding for check in checks for finding in check(document)})


def _size_faults(document: Document) -> Iterator[Finding]:
    size = 0
    pending: list[tuple[Any, int]] = [(document, 0)]
    while pending:
        value, depth = pending.pop()
        size += len(value) if isinstance(value, str) else 4
        if depth > MAX_DEPTH:
            yield Finding("#", f"is nested deeper than {MAX_DEPTH} levels")
            return
        if size > MAX_SIZE:
            yield Finding(
                "#", f"is larger than {MAX_SIZE:,} characters; split the module"
            )
            return
        if isinstance(value, dict):
            size += sum(len(key) if isinstance(key, str) else 4 for key in value)
            pending += [(child, depth + 1) for child in value.values()]
        elif isinstance(value, list):
            pending += [(child, depth + 1) for child in value]


def _shape_faults(document: Document) -> Iterator[Finding]:
    stated = document.get("openapi")
    if not (isinstance(stated, str) and stated.startswith("3.")):
        yield Finding("#/openapi", f"is {stated!r}, expected OpenAPI 3")
    for path, kind in ((("paths",), dict), (("components", "schemas"), dict)):
        value: Any = document
        for part in path:
            value = value.get(part, {}) if isinstance(value, dict) else value
        if not isinstance(value, kind):
            yield Finding(pointer(path), f"is a {type(value).__name__}, not an object")


def _count_faults(document: Document) -> Iterator[Finding]:
    for what, count, limit in (
        ("operations", sum(1 for _ in operations(document)), MAX_OPERATIONS),
        ("component schemas", len(component_schemas(document)), MAX_COMPONENTS),
    ):
        if count > limit:
            yield Finding("#", f"has {count:,} {what}, at most {limit:,}; split it")


def _reference_faults(document: Document) -> Iterator[Finding]:
    for node in walk(document):
        reference = node.value.get("$ref")
        if node.named or not isinstance(reference, str):
            continue
        if not reference.startswith("#/components/"):
            yield Finding(
                node.pointer, f"refers to {reference!r}; only '#/components/…' can be"
            )
            continue
        try:
            resolve(document, reference)
        except KeyError:
            yield Finding(node.pointer, f"refers to {reference!r}, which is not there")
    yield from _circle_faults(document)


def _circle_faults(document: Document) -> Iterator[Finding]:
    """Find components that `$ref` or `allOf` define only by themselves."""
    components = document.get("components", {})
    bases = {
        f"#/components/{kind}/{name}": _bases(component)
        for kind, named in components.items()
        if isinstance(named, dict)
        for name, component in named.items()
    }
    settled: set[str] = set()
    for start in bases:
        if start not in settled:
            circle = _circle_from(start, bases, settled)
            if circle is not None:
                shown = " → ".join(circle)
                yield Finding(circle[0], f"is defined by itself: {shown}")


def _circle_from(
    start: str, bases: Mapping[str, Sequence[str]], settled: set[str]
) -> list[str] | None:
    """Return the first circle that can be reached, ending with its first member.

    Depth-first without recursion; all calls together visit each component once.
    """
    chain = [start]
    branches = [iter(bases[start])]
    while branches:
        base = next(branches[-1], None)
        if base is None:
            branches.pop()
            settled.add(chain.pop())
        elif base in chain:
            settled.update(chain)
            return [*chain[chain.index(base) :], base]
        elif base in bases and base not in settled:
            chain.append(base)
            branches.append(iter(bases[base]))
    return None


def _bases(component: Any) -> list[str]:
    if not isinstance(component, dict):
        return []
    parts = [component, *(component.get("allOf") or [])]
    references = (part.get("$ref") for part in parts if isinstance(part, dict))
    return [reference for reference in references if isinstance(reference, str)]


def _name_faults(document: Document) -> Iterator[Finding]:
    for node in walk(document):
        yield from _unprintable_keys(node)
        for key in ("name", "operationId", "const"):
            yield from _unprintable(node, key, node.value.get(key))
        values = node.value.get("enum")
        for value in values if isinstance(values, list) else ():
            yield from _unprintable(node, "enum", value)
        yield from _lone_surrogates(node)
    for name in component_schemas(document):
        if not _COMPONENT_NAME.fullmatch(name):
            yield Finding(
                pointer(("components", "schemas", name)),
                "is no component name: letters, digits, '.', '_' and '-' are",
            )


def _unprintable_keys(node: Node) -> Iterator[Finding]:
    for key in node.value:
        if not isinstance(key, str):
            yield Finding(node.pointer, f"has the key {key!r}, expected a string")
        elif _is_unprintable(key):
            yield Finding(node.pointer, f"has control characters in the key {key!a}")


def _unprintable(node: Node, key: str, value: object) -> Iterator[Finding]:
    if not node.named and isinstance(value, str) and _is_unprintable(value):
        yield Finding(node.pointer, f"has control characters in its {key}: {value!a}")


def _lone_surrogates(node: Node) -> Iterator[Finding]:
    for key, value in node.value.items():
        if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
            yield Finding(node.pointer, f"has a lone surrogate in its {key}")


def _is_unprintable(text: str) -> bool:
    """Whether a name holds control, formatting, surrogate or line characters."""
    return any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        for character in text
    )


def _operation_faults(document: Document) -> Iterator[Finding]:
    names: dict[str, list[str]] = defaultdict(list)
    for operation in operations(document):
        if not _PATH.fullmatch(operation.path):
            yield Finding(
                ascii(operation.name),
                "has an impossible path: it begins with '/', and braces enclose names",
            )
        parameters = _PATH_PARAMETER.findall(operation.path)
        if len(parameters) != len(set(parameters)):
            yield Finding(operation.name, "names a path parameter twice")
        operation_id = operation.value.get("operationId")
        if not isinstance(operation_id, str) or not _is_identifier_like(operation_id):
            yield Finding(
                operation.name,
                f"has the operationId {operation_id!a}, which cannot name a function",
            )
        else:
            names[operation_id].append(operation.name)
    for operation_id, places in names.items():
        if len(places) > 1:
            yield Finding(
                " and ".join(places), f"share the operationId '{operation_id}'"
            )


def _is_identifier_like(text: str) -> bool:
    return re.sub(r"[ .-]", "_", text).isidentifier() and text.strip("_ .-") != ""
