"""Values that JSON has no word for are written, and read back the same."""

from __future__ import annotations

import datetime
import enum
import io
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from modular_api.clients import values
from modular_api.clients.enums import OpenEnum, OpenIntEnum, OpenStrEnum, OtherValue
from modular_api.clients.types import UNSET, File, Unknown

_DURATIONS = TypeAdapter(datetime.timedelta)


@given(st.timedeltas())
def test_a_duration_comes_back_from_pydantic(duration: datetime.timedelta) -> None:
    """What we write it reads, and the other way round."""
    written = values.write_duration(duration)
    assert values.read_duration(written) == duration
    assert _DURATIONS.validate_python(written) == duration
    assert values.read_duration(_DURATIONS.dump_python(duration, mode="json")) == (
        duration
    )
    assert values.has_format(written, "duration")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT1H30M", 5400), ("P1W", 604_800), ("P1.5D", 129_600), ("-PT0.5S", -0.5)],
)
def test_durations_of_other_writers_are_read(text: str, seconds: float) -> None:
    """Weeks, fractions and signs are in ISO 8601, too."""
    assert values.read_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1 day", "P1X", "P1D "])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """By an error that a call turns into MalformedResponse."""
    with pytest.raises(ValueError, match="ISO 8601") as caught:
        values.read_duration(text)
    assert repr(text) in str(caught.value)
    assert not values.has_format(text, "duration")


@given(st.binary())
def test_bytes_come_back_from_base64(content: bytes) -> None:
    """In either alphabet, padded or not."""
    written = values.write_base64(content)
    assert values.read_base64(written) == content
    other = written.replace("+", "-").replace("/", "_").rstrip("=")
    assert values.read_base64(other) == content


@settings(max_examples=30)
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_comes_back_without_an_exponent(number: Decimal) -> None:
    """JSON Schema's pattern for decimals knows none."""
    written = values.to_json(number)
    assert "E" not in written
    assert values.read_decimal(written) == number


def test_what_is_no_decimal_is_a_value_error() -> None:
    """Not one of the decimal module's own, which nobody expects."""
    with pytest.raises(ValueError, match="'much' is no decimal number"):
        values.read_decimal("much")
    assert values.read_decimal(1.5) == Decimal("1.5")


class Side(OpenStrEnum):
    BUY = "buy"


class Level(OpenIntEnum):
    LOW = 1


class Mixed(OpenEnum):
    ONE = 1
    TEXT = "one"


def test_a_type_alone_decides_what_is_written() -> None:
    """A union needs to know no more."""
    day = datetime.date(2026, 1, 2)
    written = values.to_json(
        {
            "plain": [None, True, 1, 0.5, "a"],
            "tuple": (day, datetime.timedelta(hours=1)),
            "enums": [Side.BUY, Level.LOW, Mixed.TEXT],
            "id": uuid.UUID(int=7),
            "raw": b"\x00",
            "unknown": Unknown(a=1),
        }
    )
    assert written == {
        "plain": [None, True, 1, 0.5, "a"],
        "tuple": ["2026-01-02", "PT1H"],
        "enums": ["buy", 1, "one"],
        "id": "00000000-0000-0000-0000-000000000007",
        "raw": "AA==",
        "unknown": {"a": 1},
    }
    assert [type(value) for value in written["enums"]] == [str, int, str]


@pytest.mark.parametrize(
    ("format_", "good", "bad"),
    [
        ("date", "2026-01-02", "20260102"),
        ("date-time", "2026-01-02T03:04:05Z", "2026-01-02"),
        ("time", "03:04:05.6", "3 o'clock"),
        ("decimal", "-1.50", "1,5"),
        ("uuid", "00000000-0000-0000-0000-000000000007", "7"),
        ("base64", "AAA=", "ä"),
    ],
)
def test_texts_are_told_apart_by_their_format(
    format_: str, good: str, bad: str
) -> None:
    """Stricter than the functions that read them."""
    assert values.has_format(good, format_)
    assert not values.has_format(bad, format_)
    assert not values.has_format(7, format_)


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("date", "2026-99-99"),
        ("date-time", "2026-01-02T25:00:00Z"),
        ("time", "25:61"),
        ("duration", "P9999999999D"),
        ("base64", "abcde"),
    ],
)
def test_a_text_that_only_looks_like_a_format_stays_a_text(
    format_: str, text: str
) -> None:
    """Where a union lets it be one; it must not fail the answer."""
    readers = {
        "date": datetime.date.fromisoformat,
        "date-time": datetime.datetime.fromisoformat,
        "time": datetime.time.fromisoformat,
        "duration": values.read_duration,
        "base64": values.read_base64,
    }
    dated = (lambda value: values.has_format(value, format_), readers[format_])
    plain = (lambda value: isinstance(value, str), values.as_it_is)
    assert values.read_first(text, dated, plain) == text


def test_one_and_true_are_two_values() -> None:
    """In JSON, unlike in Python."""
    assert values.is_same(1, 1) and not values.is_same(True, 1)
    assert values.is_int(1) and not values.is_int(True)
    assert values.is_number(0.5) and not values.is_number(False)
    assert values.is_member(1, Level) and not values.is_member(True, Level)
    assert not values.is_member("sell", Side)


def test_the_parts_of_a_form_are_told_by_type() -> None:
    """Lists repeat the name; what is left out is no part."""
    file = File(io.BytesIO(b"x"), "x.txt", "text/plain")
    found = values.parts(
        {
            "file": file,
            "many": [File(b"1"), File(b"2")],
            "left_out": UNSET,
            "null": None,
            "flag": True,
            "day": datetime.date(2026, 1, 2),
            "map": {"a": [1]},
            "side": Side.BUY,
        }
    )
    assert found == [
        ("file", ("x.txt", file.payload, "text/plain")),
        ("many", ("upload", b"1", None)),
        ("many", ("upload", b"2", None)),
        ("flag", (None, "true", "text/plain")),
        ("day", (None, "2026-01-02", "text/plain")),
        ("map", (None, '{"a": [1]}', "application/json")),
        ("side", (None, "buy", "text/plain")),
    ]


@pytest.mark.parametrize(
    ("known", "value"), [(Side, "hold"), (Level, 9), (Mixed, 0.5), (Mixed, None)]
)
def test_an_enum_takes_values_it_does_not_know(
    known: type[enum.Enum], value: Any
) -> None:
    """They are members that no iteration shows."""
    member = known(value)
    assert isinstance(member, known)
    assert member.value == value
    assert member == known(value)
    assert hash(member) == hash(known(value))
    assert member not in list(known)
    assert value not in known._value2member_map_


@pytest.mark.parametrize(("known", "value"), [(Side, 1), (Side, None), (Level, "a")])
def test_an_enum_takes_no_value_of_another_type(
    known: type[enum.Enum], value: Any
) -> None:
    """A text is no integer, however new the server is."""
    with pytest.raises(ValueError, match="is not a valid"):
        known(value)


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("-1", -1), ("0.5", 0.5), ("high", "high")]
)
def test_a_header_of_numbers_may_hold_a_text(text: str, number: Any) -> None:
    """A newer server's; the enum it is read into takes it as it is."""
    read = values.read_number(text)
    assert (type(read), read) == (type(number), number)
    assert values.read_enum(read, Level).value == number


def test_what_is_no_member_says_what_it_is() -> None:
    """And is another value's equal only where that is the same."""
    other = OtherValue("high")
    assert (repr(other), other.name) == ("OtherValue('high')", "high")
    assert other == "high" and other != OtherValue(1)
    assert hash(other) == hash("high")
    assert values.to_json([other]) == ["high"]
