"""Changes of fields: that they exist, must be there, are seen, and how long.

The words of the rows are those of `schema_rows.py`; names here are whole rule ids, for
both who writes the data and who reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}


@dataclass(frozen=True)
class FieldRow:
    """Two objects, and what is expected where they are sent and where they are read.

    Attributes:
        sent: from old to new, and back, in a request; several are parted by commas.
        read: the same in an answer.
    """

    name: str
    old: Json
    new: Json
    sent: tuple[str, str]
    read: tuple[str, str]


def an_object(required: bool = False, **fields: Any) -> Json:
    """An object with these fields, `x` required or not."""
    found = {"type": "object", "properties": {"id": TEXT, **fields}}
    return {**found, "required": ["x"]} if required else found


def with_words(name: str, words: Json, other: Json, forth: str, back: str) -> FieldRow:
    """A row of words of a field that mean the same in both directions."""
    return FieldRow(
        name,
        an_object(x={**TEXT, **words}),
        an_object(x={**TEXT, **other}),
        (
            _each("request-property", forth),
            _each("request-property", back),
        ),
        (
            _each("response-property", forth),
            _each("response-property", back),
        ),
    )


def _each(start: str, names: str) -> str:
    return ", ".join(f"{start}-{name}" for name in names.split(", "))


READ_ONLY = {**TEXT, "readOnly": True}
WRITE_ONLY = {**TEXT, "writeOnly": True}
SUNSET = {"deprecated": True, "x-sunset": "2030-06-01"}

FIELD_ROWS: list[FieldRow] = [
    FieldRow(
        "an optional field",
        an_object(),
        an_object(x=TEXT),
        ("new-optional-request-property C", "request-property-removed W"),
        ("response-optional-property-added C", "response-optional-property-removed W"),
    ),
    FieldRow(
        "a required field",
        an_object(),
        an_object(True, x=TEXT),
        ("new-required-request-property B", "request-property-removed W"),
        ("response-required-property-added C", "response-required-property-removed B"),
    ),
    FieldRow(
        "a required field with a default",
        an_object(),
        an_object(True, x={**TEXT, "default": "a"}),
        ("new-required-request-property-with-default B", "request-property-removed W"),
        ("response-required-property-added C", "response-required-property-removed B"),
    ),
    FieldRow(
        "a field becomes required",
        an_object(x=TEXT),
        an_object(True, x=TEXT),
        ("request-property-became-required B", "request-property-became-optional C"),
        ("response-property-became-required C", "response-property-became-optional B"),
    ),
    FieldRow(
        "a field with a default becomes required",
        an_object(x={**TEXT, "default": "a"}),
        an_object(True, x={**TEXT, "default": "a"}),
        (
            "request-property-became-required-with-default B",
            "request-property-became-optional C",
        ),
        ("response-property-became-required C", "response-property-became-optional B"),
    ),
    FieldRow(
        "a field only servers write becomes required",
        an_object(x=READ_ONLY),
        an_object(True, x=READ_ONLY),
        (
            "request-read-only-property-became-required C",
            "request-read-only-property-became-optional C",
        ),
        ("response-property-became-required C", "response-property-became-optional B"),
    ),
    FieldRow(
        "a field only clients write becomes required",
        an_object(x=WRITE_ONLY),
        an_object(True, x=WRITE_ONLY),
        ("request-property-became-required B", "request-property-became-optional C"),
        (
            "response-write-only-property-became-required C",
            "response-write-only-property-became-optional C",
        ),
    ),
    FieldRow(
        "an optional field only clients write",
        an_object(),
        an_object(x=WRITE_ONLY),
        ("new-optional-request-property C", "request-property-removed W"),
        (
            "response-optional-write-only-property-added C",
            "response-optional-write-only-property-removed C",
        ),
    ),
    FieldRow(
        "a required field only clients write",
        an_object(),
        an_object(True, x=WRITE_ONLY),
        ("new-required-request-property B", "request-property-removed W"),
        (
            "response-required-write-only-property-added C",
            "response-required-write-only-property-removed C",
        ),
    ),
    FieldRow(
        "a required field only servers write",
        an_object(),
        an_object(True, x=READ_ONLY),
        (
            "new-required-request-read-only-property C",
            "request-read-only-property-removed C",
        ),
        ("response-required-property-added C", "response-required-property-removed B"),
    ),
    *(
        FieldRow(
            f"{kind} becomes {word}",
            an_object(required, x=TEXT),
            an_object(required, x={**TEXT, keyword: True}),
            (
                f"request-{kind}-property-became-{word} C",
                f"request-{kind}-property-became-not-{word} C",
            ),
            (
                f"response-{kind}-property-became-{word} C",
                f"response-{kind}-property-became-not-{word} {back}",
            ),
        )
        for kind, required, keyword, word, back in (
            ("optional", False, "readOnly", "read-only", "C"),
            ("optional", False, "writeOnly", "write-only", "C"),
            ("required", True, "readOnly", "read-only", "C"),
            ("required", True, "writeOnly", "write-only", "W"),
        )
    ),
    *(
        FieldRow(
            f"{word} of a field only servers write",
            an_object(x={**READ_ONLY, "type": kind, word: old}),
            an_object(x={**READ_ONLY, "type": kind, word: new}),
            (
                f"request-read-only-property-{name}-{forth} C",
                f"request-read-only-property-{name}-{back} C",
            ),
            (
                f"response-property-{name}-{forth} C",
                f"response-property-{name}-{back} B",
            ),
        )
        for word, name, kind, old, new, forth, back in (
            ("maximum", "max", "integer", 9, 5, "decreased", "increased"),
            (
                "exclusiveMaximum",
                "exclusive-max",
                "integer",
                9,
                5,
                "decreased",
                "increased",
            ),
            ("maxLength", "max-length", "string", 9, 5, "decreased", "increased"),
            ("minimum", "min", "integer", 5, 9, "increased", "decreased"),
            (
                "exclusiveMinimum",
                "exclusive-min",
                "integer",
                5,
                9,
                "increased",
                "decreased",
            ),
        )
    ),
    FieldRow(
        "a value of a field only servers write",
        an_object(x={**READ_ONLY, "enum": ["a", "b"]}),
        an_object(x={**READ_ONLY, "enum": ["a"]}),
        (
            "request-read-only-property-enum-value-removed C",
            "request-read-only-property-enum-value-added C",
        ),
        (
            "response-property-enum-value-removed C",
            "response-property-enum-value-added W",
        ),
    ),
    FieldRow(
        "a value of a field only clients write",
        an_object(x={**WRITE_ONLY, "enum": ["a"]}),
        an_object(x={**WRITE_ONLY, "enum": ["a", "b"]}),
        (
            "request-property-enum-value-added C",
            "request-property-enum-value-removed B",
        ),
        (
            "response-write-only-property-enum-value-added C",
            "response-write-only-property-enum-value-removed C",
        ),
    ),
    with_words("deprecated", {}, {"deprecated": True}, "deprecated C", "reactivated C"),
    with_words("a sunset", {}, SUNSET, "deprecated-with-sunset C", "reactivated C"),
    with_words(
        "a sunset that is no date",
        {},
        {"deprecated": True, "x-sunset": "soon"},
        "deprecated-sunset-invalid B",
        "reactivated C",
    ),
    with_words(
        "a sunset in the past",
        {},
        {"deprecated": True, "x-sunset": "2020-01-01"},
        "sunset-date-too-small B",
        "reactivated C",
    ),
    with_words(
        "an earlier sunset",
        SUNSET,
        {**SUNSET, "x-sunset": "2030-05-01"},
        "sunset-date-changed-too-small B",
        "deprecated-with-sunset C",
    ),
    with_words(
        "no sunset any more",
        SUNSET,
        {"deprecated": True},
        "sunset-deleted B",
        "deprecated-with-sunset C",
    ),
    with_words(
        "less stability",
        {},
        {"x-stability": "beta"},
        "stability-decreased B",
        "stability-increased C",
    ),
]
"""Compared on 2030-01-01."""
