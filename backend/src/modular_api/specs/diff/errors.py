"""Why two documents cannot be compared.

DiffError
├── UnknownDocument       neither OpenAPI 3.x nor AsyncAPI 3.x
├── DifferentKinds        one is OpenAPI, the other AsyncAPI
├── MalformedDocument     something has another shape than its format demands
├── UnresolvedReference   a `$ref` to nothing, to another document, or in a circle
└── NestedTooDeeply       more levels than the comparison can follow
"""

from __future__ import annotations

from typing import Any

from modular_api.errors import SpecError

_LONGEST_EXCERPT = 60


class DiffError(SpecError):
    """Two documents cannot be compared.

    Attributes:
        side: `old` or `new`, the document that is wrong; `both` if it is the pair.
        place: a JSON pointer to what is wrong, `#` for the document itself.
    """

    def __init__(self, message: str, *, side: str, place: str) -> None:
        self.side = side
        self.place = place
        super().__init__(message)


class UnknownDocument(DiffError):
    """The version key of a document is missing or of an unknown version."""

    def __init__(self, found: str, *, side: str, place: str = "#") -> None:
        super().__init__(
            f"The {side} document is neither OpenAPI 3.x nor AsyncAPI 3.x: at {place} "
            f"{found}. Pass two whole documents of the same kind.",
            side=side,
            place=place,
        )


class DifferentKinds(DiffError):
    """One document describes HTTP, the other sockets."""

    def __init__(self, old: str, new: str) -> None:
        self.old = old
        self.new = new
        super().__init__(
            f"The old document is {old} and the new one {new}. Compare OpenAPI with "
            "OpenAPI, and AsyncAPI with AsyncAPI.",
            side="both",
            place="#",
        )


class MalformedDocument(DiffError):
    """Something in a document is not what its format requires there.

    Attributes:
        expected: what should be there, in words.
    """

    def __init__(self, expected: str, found: Any, *, side: str, place: str) -> None:
        self.expected = expected
        super().__init__(
            f"The {side} document is damaged at {place}: expected {expected}, found "
            f"{excerpt(found)}. Generate it again, or take it back from version "
            "control.",
            side=side,
            place=place,
        )


class UnresolvedReference(DiffError):
    """A reference cannot be followed.

    Attributes:
        reference: the value of the `$ref`.
    """

    def __init__(self, reference: str, reason: str, *, side: str, place: str) -> None:
        self.reference = reference
        super().__init__(
            f"The {side} document refers to {excerpt(reference)} at {place}, {reason}. "
            "Only references to what the same document holds can be compared.",
            side=side,
            place=place,
        )


class NestedTooDeeply(DiffError):
    """A document is nested deeper than the comparison can follow."""

    def __init__(self) -> None:
        super().__init__(
            "The documents are nested too deeply to be compared. Give the inner "
            "schemas names of their own under `components`.",
            side="both",
            place="#",
        )


def excerpt(value: Any) -> str:
    """Return the beginning of a value, for a message."""
    text = repr(value)
    return text if len(text) <= _LONGEST_EXCERPT else text[: _LONGEST_EXCERPT - 1] + "…"
