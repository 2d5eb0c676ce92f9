"""A document to compare, with checked access to its parts, following references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from modular_api.specs.diff.errors import MalformedDocument, UnresolvedReference

Json: TypeAlias = dict[str, Any]


def escaped(name: str) -> str:
    """Return a name as it stands in a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True)
class Part:
    """A value in a document and its place.

    The place is for messages about damaged parts.
    """

    document: Document
    value: Any
    place: str

    def child(self, key: str) -> Part | None:
        """Return the part at a key of this object, or None."""
        value = self.mapping().get(key)
        if value is None:
            return None
        return Part(self.document, value, f"{self.place}/{escaped(key)}")

    def children(self) -> dict[str, Part]:
        """Return the parts of this object, by key."""
        return {
            key: Part(self.document, value, f"{self.place}/{escaped(key)}")
            for key, value in self.mapping().items()
        }

    def named(self, key: str) -> dict[str, Part]:
        """Return the entries of the object at a key, none if it is missing."""
        child = self.child(key)
        return child.children() if child is not None else {}

    def items(self, key: str) -> list[Part]:
        """Return the elements of the list at a key, none if it is missing."""
        child = self.child(key)
        if child is None:
            return []
        if not isinstance(child.value, list):
            raise child.malformed("a list")
        return [
            Part(self.document, value, f"{child.place}/{index}")
            for index, value in enumerate(child.value)
        ]

    def mapping(self) -> Json:
        """Return the value, which must be an object."""
        if not isinstance(self.value, dict):
            raise self.malformed("an object")
        for key in self.value:
            if not isinstance(key, str):
                raise self.malformed(f"keys that are text, not {key!r}")
        return self.value

    def text(self, key: str) -> str | None:
        """Return the text at a key, or None where there is none."""
        value = self.mapping().get(key)
        if value is not None and not isinstance(value, str):
            raise MalformedDocument(
                "text",
                value,
                side=self.document.side,
                place=f"{self.place}/{escaped(key)}",
            )
        return value

    def required_text(self, key: str) -> str:
        """Return the text at a key that must be there."""
        value = self.text(key)
        if value is None:
            raise self.malformed(f"an object with `{key}`")
        return value

    def flag(self, key: str) -> bool:
        """Return whether a key is set to true."""
        value = self.mapping().get(key)
        if value is not None and not isinstance(value, bool):
            raise MalformedDocument(
                "true or false",
                value,
                side=self.document.side,
                place=f"{self.place}/{escaped(key)}",
            )
        return bool(value)

    def resolved(self) -> Part:
        """Return the part itself, or the final target of its `$ref`."""
        return self.route()[-1]

    def route(self) -> list[Part]:
        """Return the part, the target of its `$ref`, the target of that, and so on."""
        route = [self]
        seen: set[str] = set()
        while isinstance(route[-1].value, dict) and "$ref" in route[-1].value:
            reference = route[-1].value["$ref"]
            target = self.document.at(reference, asked_from=route[-1].place)
            if reference in seen:
                raise UnresolvedReference(
                    reference,
                    "which leads back to itself",
                    side=self.document.side,
                    place=self.place,
                )
            seen.add(reference)
            route.append(target)
        return route

    def malformed(self, expected: str) -> MalformedDocument:
        """Return the error that says what was expected here."""
        return MalformedDocument(
            expected, self.value, side=self.document.side, place=self.place
        )


class Document:
    """One of the two documents.

    Args:
        side: `old` or `new`, for messages.
    """

    def __init__(self, content: Json, *, side: str) -> None:
        self.content = content
        self.side = side
        self.root = Part(self, content, "#")
        self._targets: dict[str, Part] = {}

    def at(self, reference: Any, *, asked_from: str) -> Part:
        """Return the target of a reference.

        Raises: UnresolvedReference: it is outside of the document, or does not exist.
        """
        if not isinstance(reference, str):
            raise MalformedDocument(
                "a reference as text",
                reference,
                side=self.side,
                place=f"{asked_from}/$ref",
            )
        if reference not in self._targets:
            self._targets[reference] = self._find(reference, asked_from)
        return self._targets[reference]

    def _find(self, reference: str, asked_from: str) -> Part:
        if reference != "#" and not reference.startswith("#/"):
            raise UnresolvedReference(
                reference,
                "which is not inside the document",
                side=self.side,
                place=asked_from,
            )
        value: Any = self.content
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and name in value:
                value = value[name]
            elif (
                isinstance(value, list) and name.isdecimal() and int(name) < len(value)
            ):
                value = value[int(name)]
            else:
                raise UnresolvedReference(
                    reference,
                    "which does not exist",
                    side=self.side,
                    place=asked_from,
                )
        return Part(self, value, reference)


def references_in(value: Any) -> Iterator[str]:
    """Yield every reference below a value, and perhaps texts that look like one."""
    stack = [value]
    while stack:
        current = stack.pop()
        if type(current) is dict:
            for key, item in current.items():
                if type(item) is str:
                    if key == "$ref" or item.startswith("#/"):
                        yield item
                else:
                    stack.append(item)
        elif type(current) is list:
            stack.extend(current)


class Unchanged:
    """Tells quickly whether values of two documents are equal, references included."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new
        self._touched: set[str] | None = None

    def __call__(self, old: Any, new: Any) -> bool:
        """Tell whether two values are equal, and everything they refer to."""
        return bool(old == new) and not any(map(self._is_touched, references_in(new)))

    def _is_touched(self, reference: str) -> bool:
        if self._touched is None:
            self._touched = self._find_touched()
        if reference in self._touched:
            return True
        # Other references than those to components are rare: compare whole documents.
        return not _is_component(reference) and self._old.content != self._new.content

    def _find_touched(self) -> set[str]:
        """Return the components that differ, or that refer to one that does."""
        old, new = _components(self._old.content), _components(self._new.content)
        users: dict[str, list[str]] = {}
        touched = []
        for name in old.keys() | new.keys():
            if name not in old or name not in new or old[name] != new[name]:
                touched.append(name)
            else:
                for reference in references_in(new[name]):
                    if _is_component(reference):
                        users.setdefault(reference, []).append(name)
                    else:
                        touched.append(name)
        found = set(touched)
        while touched:
            for user in users.get(touched.pop(), ()):
                if user not in found:
                    found.add(user)
                    touched.append(user)
        return found


def _is_component(reference: str) -> bool:
    return reference.startswith("#/components/") and reference.count("/") == 3


def _components(content: Json) -> Json:
    """Return the components by their references."""
    sections = content.get("components")
    if not isinstance(sections, dict):
        return {}
    return {
        f"#/components/{escaped(str(section))}/{escaped(str(name))}": value
        for section, values in sections.items()
        if isinstance(values, dict)
        for name, value in values.items()
    }
