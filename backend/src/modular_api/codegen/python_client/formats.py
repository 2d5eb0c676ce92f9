"""String formats that Python has a type for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """How values of one format are annotated, read and written.

    Attributes:
        name: of the format, as in JSON Schema.
        type: of the Python value, as an expression.
        imports: what the expressions need.
        read: the function that reads a text, as an expression.
        write: the expression of the text, with `{}` for the value; `{name}` is that of
            the field, for the error of a value of another type.
    """

    name: str
    type: str
    imports: tuple[str, ...]
    read: str
    write: str


_VALUES = "from modular_api.clients import values as _values"
_DATETIME = "import datetime"

FORMATS = {
    form.name: form
    for form in (
        Format(
            "date",
            "datetime.date",
            (_DATETIME, _VALUES),
            "datetime.date.fromisoformat",
            "_values.typed({name}, {}, datetime.date).isoformat()",
        ),
        Format(
            "date-time",
            "datetime.datetime",
            (_DATETIME, _VALUES),
            "datetime.datetime.fromisoformat",
            "_values.typed({name}, {}, datetime.datetime).isoformat()",
        ),
        Format(
            "time",
            "datetime.time",
            (_DATETIME, _VALUES),
            "datetime.time.fromisoformat",
            "_values.typed({name}, {}, datetime.time).isoformat()",
        ),
        Format(
            "duration",
            "datetime.timedelta",
            (_DATETIME, _VALUES),
            "_values.read_duration",
            "_values.write_duration(_values.typed({name}, {}, datetime.timedelta))",
        ),
        Format(
            "decimal",
            "Decimal",
            ("from decimal import Decimal", _VALUES),
            "_values.read_decimal",
            "_values.write_decimal({name}, {})",
        ),
        Format("uuid", "UUID", ("from uuid import UUID", _VALUES), "UUID", "str({})"),
        Format(
            "base64",
            "bytes",
            (_VALUES,),
            "_values.read_base64",
            "_values.write_base64(_values.typed({name}, {}, bytes))",
        ),
    )
}
"""Formats by name; strings of other formats stay strings."""
