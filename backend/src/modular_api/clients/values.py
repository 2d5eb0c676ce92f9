"""How generated code reads and writes values that JSON has no type for."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from json import dumps
from typing import Any, ClassVar, Protocol, Self, TypeVar, cast
from uuid import UUID

from modular_api.clients.enums import OtherValue
from modular_api.clients.errors import InvalidArgument
from modular_api.clients.types import File, FileTypes, RequestFiles, Unknown
from modular_api.clients.wire import sent_items

Value = TypeVar("Value")
EnumType = TypeVar("EnumType", bound=Enum)


class Model(Protocol):
    """A generated model that can be told from others of its union."""

    known: ClassVar[frozenset[str]]

    @classmethod
    def fits(cls, data: Any) -> bool: ...

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self: ...


class ReadableModel(Protocol):
    """Any generated model."""

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self: ...


def read_tagged(value: Any, tag: str, models: Mapping[str, type[ReadableModel]]) -> Any:
    """Read the member of a discriminated union that its tag names.

    A tag that is not among them is a newer server's: its object arrives as `Unknown`.
    """
    told = value.get(tag)
    # The keys of a mapping are texts, whatever type the tag has.
    key = told if isinstance(told, str) else dumps(told)
    model = models.get(key)
    return Unknown(value) if model is None else model.from_dict(value)


def read_best(value: Any, *models: type[Model]) -> Any:
    """Read the member of a union that fits and knows the most of an object's fields.

    The first one wins a draw. Where none fits the object arrives as `Unknown`.
    """
    fitting = [model for model in models if model.fits(value)]
    if not fitting:
        return Unknown(value)
    best = max(fitting, key=lambda model: len(model.known & value.keys()))
    return best.from_dict(value)


def read_first(
    value: Any, *members: tuple[Callable[[Any], bool], Callable[[Any], Any]]
) -> Any:
    """Read the first member of a union that fits; where none does, leave it as it is."""
    for fits, read in members:
        if fits(value):
            return read(value)
    return Unknown(value) if isinstance(value, dict) else value


def read_enum(value: Any, enum: type[EnumType]) -> EnumType:
    """Read a member of an enum, known or not.

    A value of a JSON type that the enum cannot hold is a newer server's, and arrives as
    an `OtherValue`. The types do not say so: nobody's `match` has to reckon with it.
    """
    if issubclass(enum, str):
        holds = isinstance(value, str)
    elif issubclass(enum, int):
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON has one type of numbers
        holds = is_int(value)
    else:
        # `Enum` takes 1 and True for one another.
        equal = [member.value for member in enum if member.value == value]
        holds = all(is_same(value, known) for known in equal)
    return enum(value) if holds else cast(EnumType, OtherValue(value))


def as_it_is(value: Any) -> Any:
    """Read what is the same in JSON and in Python."""
    return value


def to_json(value: Any) -> Any:
    """Return what a typed value is in JSON; its type alone decides."""
    if value is None or isinstance(value, bool | int | float | str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum | OtherValue):
        return value.value
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, bytes):
        return write_base64(value)
    if isinstance(value, UUID):
        return str(value)
    for method in ("to_dict", "isoformat"):
        convert = getattr(value, method, None)
        if convert is not None:
            return convert()
    return value


def write_enum(name: str, value: Any, enum: type[Enum]) -> Any:
    """Return the value of a member, or a plain value the enum knows as it is.

    Raises: InvalidArgument: it is neither.
    """
    if isinstance(value, enum | OtherValue):
        return value.value
    if is_member(value, enum):
        return value
    known = ", ".join(repr(member.value) for member in enum)
    reason = f"is no {enum.__name__}, which knows {known}"
    raise InvalidArgument(name, _shown(value), reason)


def write_model(name: str, value: Any, model: str) -> dict[str, Any]:
    """Return the object of a model. Raises: InvalidArgument: it is no model."""
    to_dict = getattr(value, "to_dict", None)
    if to_dict is None:
        raise not_of_type(name, value, model)
    written: dict[str, Any] = to_dict()
    return written


def typed(name: str, value: Value, type_: type) -> Value:
    """Return a value that is of a type. Raises: InvalidArgument: it is not."""
    if not isinstance(value, type_):
        raise not_of_type(name, value, type_.__name__)
    return value


def not_of_type(name: str, value: object, expected: str) -> InvalidArgument:
    """Return the error of a value that is not of the expected type."""
    reason = f"is of type {type(value).__name__}, expected {expected}"
    return InvalidArgument(name, _shown(value), reason)


def _shown(value: object) -> str:
    """Return a text as it is and anything else as its representation, for an error."""
    return value if isinstance(value, str) else repr(value)


def places(value: Sequence[Any], count: int) -> Sequence[Any]:
    """Return a tuple that has exactly `count` places. Raises: InvalidArgument."""
    if len(value) != count:
        reason = f"has {len(value)} places, not {count}"
        raise InvalidArgument("tuple", repr(value), reason)
    return value


def parts(fields: Mapping[str, Any]) -> RequestFiles:
    """Return the parts of a multipart body; lists repeat the name.

    Raises: InvalidArgument: a list holds a null.
    """
    return [
        (name, _part(item))
        for name, value in fields.items()
        for item in sent_items("form", name, value)
    ]


def _part(value: Any) -> FileTypes:
    if isinstance(value, File):
        return value.to_tuple()
    value = to_json(value)
    if isinstance(value, bool | dict | list):
        kind = "text/plain" if isinstance(value, bool) else "application/json"
        return None, dumps(value), kind
    return None, str(value), "text/plain"


def is_int(value: Any) -> bool:
    """Whether a value is a JSON number without a fraction; `True` is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether a value is a JSON number; `True` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_same(value: Any, constant: Any) -> bool:
    """Whether two JSON values are equal; `1` and `true` are not."""
    return bool(value == constant) and isinstance(value, bool) == isinstance(
        constant, bool
    )


def is_member(value: Any, enum: type[Enum]) -> bool:
    """Whether an enum knows a value."""
    return any(is_same(value, member.value) for member in enum)


_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"
_DURATION = (
    r"(?P<sign>[-+]?)P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?"
    r"(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?"
    r"(?:(?P<seconds>\d+)(?:\.(?P<fraction>\d+))?S)?)?"
)
_FORMATS = {
    "date": re.compile(_DATE),
    "date-time": re.compile(rf"{_DATE}[Tt ]{_TIME}", re.IGNORECASE),
    "time": re.compile(_TIME, re.IGNORECASE),
    "duration": re.compile(rf"(?=.*\d){_DURATION}"),
    "decimal": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}"),
    "base64": re.compile(r"(?:[A-Za-z0-9+/_-]{4})*[A-Za-z0-9+/_-]{0,4}={0,2}"),
}


def has_format(value: Any, name: str) -> bool:
    """Whether a text is written in a format of JSON Schema, and can be read."""
    if not isinstance(value, str) or _FORMATS[name].fullmatch(value) is None:
        return False
    try:
        _READERS[name](value)
    except ValueError:
        return False
    return True


def write_duration(value: timedelta) -> str:
    """Write an ISO 8601 duration, `-P1DT2H3M4.5S`; days are the largest unit."""
    sign = "-" if value < timedelta() else ""
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    units = ((hours, "H"), (minutes, "M"))
    clock = "".join(f"{count}{unit}" for count, unit in units if count)
    if seconds or fraction:
        clock += f"{seconds}{fraction}S"
    days = f"{value.days}D" if value.days else ""
    if not days and not clock:
        return "PT0S"
    return f"{sign}P{days}T{clock}".removesuffix("T")


_DURATION_PATTERN = _FORMATS["duration"]


def read_duration(text: str) -> timedelta:
    """Read an ISO 8601 duration. Raises: ValueError: it is none.

    A year has 365 days and a month 30, as pydantic writes them.
    """
    match = _DURATION_PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no ISO 8601 duration")
    microseconds = (match["fraction"] or "0")[:6].ljust(6, "0")
    units = ("weeks", "days", "hours", "minutes", "seconds")
    lengths = {unit: float(match[unit] or 0) for unit in units}
    lengths["days"] += 365 * int(match["years"] or 0) + 30 * int(match["months"] or 0)
    try:
        duration = timedelta(microseconds=int(microseconds), **lengths)
    except OverflowError:
        raise ValueError(f"{text!r} is longer than a timedelta can be") from None
    return -duration if match["sign"] == "-" else duration


def read_decimal(value: Any) -> Decimal:
    """Read a number, or a text that is one. Raises: ValueError: it is none."""
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise ValueError(f"{value!r} is no decimal number") from None


def write_decimal(name: str, value: Any) -> str:
    """Write a number without an exponent. Raises: InvalidArgument: it is none."""
    if not isinstance(value, Decimal | int | float) or isinstance(value, bool):
        raise not_of_type(name, value, "Decimal")
    return format(value, "f")


def write_base64(value: bytes) -> str:
    """Write bytes as base64."""
    return b64encode(value).decode("ascii")


def read_base64(text: str) -> bytes:
    """Read base64 of either alphabet, padded or not. Raises: ValueError: it is none."""
    standard = text.translate(_STANDARD_ALPHABET)
    return b64decode(standard + "=" * (-len(standard) % 4), validate=True)


_STANDARD_ALPHABET = str.maketrans("-_", "+/")


_READERS: Mapping[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
    "time": time.fromisoformat,
    "duration": read_duration,
    "decimal": read_decimal,
    "uuid": UUID,
    "base64": read_base64,
}


def read_number(text: str) -> int | float | str:
    """Read a number that stands in a header; what is none stays a text."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def read_bool(text: str) -> bool:
    """Read a boolean that stands in a header."""
    return text.strip().lower() in ("true", "1", "yes", "on")
