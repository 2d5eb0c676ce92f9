"""Describe in words what changed between two documents, OpenAPI or AsyncAPI.

All differences are described, also those of texts, but not whether they break anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from pydantic_core import to_json

from modular_api.specs.structure import METHODS, REF_ROOT, operations_of

_Compare: TypeAlias = Callable[[str, Any, Any], Iterator[str]]

_TYPE_WORDS = ("$ref", "type", "format", "items", "anyOf", "oneOf", "allOf")
_LONGEST_VALUE = 60


def describe_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each difference: operations first, then components.

    The list is empty if, and only if, the documents are equal. Its order depends only
    on the documents.
    """
    if old == new:
        return []
    return list(_at_least_one("document", old, new, _document))


def _document(place: str, old: Any, new: Any) -> Iterator[str]:
    yield from _named("operation ", _by_name(old), _by_name(new), _operation)
    for section, word in (("operations", "operation "), ("channels", "channel ")):
        yield from _named(word, old.get(section, {}), new.get(section, {}), _words)
    yield from _components(old.get("components", {}), new.get("components", {}))
    yield from _words(
        place,
        _rest(old),
        _rest(new),
        leaving={"channels", "components", "operations"},
    )


def _by_name(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, method, operation in operations_of(document.get("paths", {}))
    }


def _rest(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document without operations, but with all else in its paths."""
    paths = {
        path: {word: value for word, value in item.items() if word not in METHODS}
        for path, item in document.get("paths", {}).items()
    }
    others = {path: item for path, item in paths.items() if item}
    return {**document, "paths": others}


def _named(
    place: str, old: Mapping[str, Any], new: Mapping[str, Any], compare: _Compare
) -> Iterator[str]:
    """Compare things that are identified by their names."""
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"{place}{name} removed"
        elif name not in old:
            yield f"{place}{name} added"
        elif old[name] != new[name]:
            yield from _at_least_one(f"{place}{name}", old[name], new[name], compare)


def _at_least_one(place: str, old: Any, new: Any, compare: _Compare) -> Iterator[str]:
    sentences = list(compare(place, old, new))
    yield from sentences or [f"{place} changed from {_short(old)} to {_short(new)}"]


def _operation(place: str, old: Any, new: Any) -> Iterator[str]:
    yield from _named(f"{place}: ", _parameters(old), _parameters(new), _carrier)
    yield from _named(f"{place}: ", _body(old), _body(new), _carrier)
    yield from _named(
        f"{place}: response ",
        old.get("responses", {}),
        new.get("responses", {}),
        _carrier,
    )
    yield from _words(
        place, old, new, leaving={"parameters", "requestBody", "responses"}
    )


def _parameters(operation: Any) -> dict[str, Any]:
    return {
        f"{parameter.get('in')} parameter '{parameter.get('name')}'": parameter
        for parameter in operation.get("parameters", [])
    }


def _body(operation: Any) -> dict[str, Any]:
    return (
        {"request body": operation["requestBody"]} if "requestBody" in operation else {}
    )


def _carrier(place: str, old: Any, new: Any) -> Iterator[str]:
    """Compare two carriers of schemas: parameters, bodies, responses or headers."""
    if bool(old.get("required")) != bool(new.get("required")):
        yield _requiredness(place, bool(new.get("required")))
    for word in ("headers", "content"):
        yield from _named(f"{place}, ", old.get(word, {}), new.get(word, {}), _carrier)
    if old.get("schema") != new.get("schema"):
        yield from _at_least_one(
            place, old.get("schema", {}), new.get("schema", {}), _schema
        )
    yield from _words(
        place, old, new, leaving={"required", "headers", "content", "schema"}
    )


def _components(old: Any, new: Any) -> Iterator[str]:
    for section in sorted(old.keys() | new.keys()):
        place, compare = _SECTIONS.get(section, (f"component {section}/", _words))
        yield from _named(place, old.get(section, {}), new.get(section, {}), compare)


def _message(place: str, old: Any, new: Any) -> Iterator[str]:
    """Compare two messages of a socket."""
    if old.get("payload") != new.get("payload"):
        yield from _at_least_one(place, old.get("payload"), new.get("payload"), _schema)
    yield from _words(place, old, new, leaving={"payload"})


def _schema(place: str, old: Any, new: Any) -> Iterator[str]:
    """Compare two schemas: type, fields, values, then every other keyword."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return
    if _type(old) != _type(new):
        yield f"{place}: type changed from {_type(old)} to {_type(new)}"
    else:
        yield from _below(place, old, new)
    yield from _fields(place, old, new)
    yield from _named(f"{place}: value ", _values(old), _values(new), _words)
    yield from _words(
        place, old, new, leaving={*_TYPE_WORDS, "properties", "required", "enum"}
    )


_SECTIONS: Mapping[str, tuple[str, _Compare]] = {
    "messages": ("message ", _message),
    "schemas": ("component ", _schema),
}


def _values(schema: Any) -> dict[str, Any]:
    return {_short(value): value for value in schema.get("enum", [])}


def _below(place: str, old: Any, new: Any) -> Iterator[str]:
    """Compare the parts of two schemas of the same type."""
    if old.get("items") != new.get("items"):
        yield from _at_least_one(
            f"{place}: each item", old.get("items"), new.get("items"), _schema
        )
    for word in ("anyOf", "oneOf", "allOf"):
        for before, after in zip(old.get(word, []), new.get(word, []), strict=False):
            if before != after:
                yield from _at_least_one(
                    f"{place}: as {_type(after)}", before, after, _schema
                )


def _fields(place: str, old: Any, new: Any) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    was, now = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(before.keys() | after.keys()):
        field = f"field '{name}'"
        if name not in after:
            yield f"{place}: {field} removed"
        elif name not in before:
            word = "required" if name in now else "optional"
            yield f"{place}: {word} {field} added, {_type(after[name])}"
        else:
            if (name in was) != (name in now):
                yield _requiredness(f"{place}: {field}", name in now)
            if before[name] != after[name]:
                yield from _at_least_one(
                    f"{place}: {field}", before[name], after[name], _schema
                )


def _requiredness(place: str, required: bool) -> str:
    return f"{place} became {'required' if required else 'optional'}"


def _words(
    place: str, old: Any, new: Any, leaving: set[str] | frozenset[str] = frozenset()
) -> Iterator[str]:
    """Compare every keyword of two objects except for those in `leaving`."""
    for word in sorted((old.keys() | new.keys()) - leaving):
        if word not in new:
            yield f"{place}: {word} {_short(old[word])} removed"
        elif word not in old:
            yield f"{place}: {word} {_short(new[word])} added"
        elif old[word] != new[word]:
            yield (
                f"{place}: {word} changed from {_short(old[word])} "
                f"to {_short(new[word])}"
            )


def _type(schema: Any) -> str:
    """Return the type of a schema in words: `list of Order or null`."""
    if not isinstance(schema, dict):
        return "anything"
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REF_ROOT + "schemas/")
    for word, joint in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if word in schema:
            return joint.join(_type(alternative) for alternative in schema[word])
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_type(schema.get('items'))}"
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)


def _short(value: Any) -> str:
    text = to_json(value).decode()
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
