"""Deprecation with a date, and stability: whether changes were announced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

STABILITIES = ("draft", "alpha", "beta", "stable")
"""Levels of `x-stability`, the lowest first; the default is stable."""

_Found = tuple[str, Any, Any]


@dataclass(frozen=True)
class Lifecycle:
    """The day of the comparison, and how many days ahead a sunset must be announced."""

    today: date
    notice: timedelta

    @property
    def earliest_sunset(self) -> date:
        """The first day something deprecated today may be removed."""
        return self.today + self.notice


def sunset_of(words: Mapping[str, Any]) -> tuple[str | None, date | None]:
    """Return `x-sunset` as written, and as a date if it is one."""
    found = words.get("x-sunset")
    if found is None:
        return None, None
    text = str(found)
    try:
        return text, datetime.fromisoformat(text).date()
    except ValueError:
        return text, None


def stability_of(words: Mapping[str, Any]) -> str:
    """Return the stated stability, which may be an unknown one."""
    found = words.get("x-stability", words.get("x-stability-level"))
    return "stable" if found is None else str(found)


def removal(words: Mapping[str, Any], lifecycle: Lifecycle) -> str:
    """Return how a removal was announced, as the end of the rule's id."""
    if words.get("deprecated", words.get("x-deprecated")) is not True:
        return "removed-without-deprecation"
    text, sunset = sunset_of(words)
    if text is not None and sunset is None:
        return "sunset-parse"
    if sunset is not None and lifecycle.today < sunset:
        return "removed-before-sunset"
    return "removed-with-deprecation"


def deprecation(
    old: Mapping[str, Any], new: Mapping[str, Any], lifecycle: Lifecycle
) -> Iterator[_Found]:
    """Yield what happened to the deprecation: event, old and new value."""
    was = old.get("deprecated", old.get("x-deprecated")) is True
    now = new.get("deprecated", new.get("x-deprecated")) is True
    before, old_date = sunset_of(old)
    after, new_date = sunset_of(new)
    if was and not now:
        yield "reactivated", None, None
    elif not now or (was and before == after):
        return
    elif after is None:
        if was:
            yield "sunset-deleted", before, None
        elif lifecycle.notice:
            yield "deprecated-sunset-missing", None, None
        else:
            yield "deprecated", None, None
    elif new_date is None:
        yield "deprecated-sunset-invalid", before, after
    elif was and old_date is not None and new_date < old_date:
        yield "sunset-date-changed-too-small", before, after
    elif not (was and old_date) and new_date < lifecycle.earliest_sunset:
        yield "sunset-date-too-small", before, after
    else:
        yield "deprecated-with-sunset", before, after


def stability(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[_Found]:
    """Yield what happened to the stability."""
    before, after = stability_of(old), stability_of(new)
    if before == after:
        return
    if after not in STABILITIES:
        yield "invalid-stability-level", before, after
    elif before not in STABILITIES:
        yield "stability-increased", before, after
    elif STABILITIES.index(after) < STABILITIES.index(before):
        yield "stability-decreased", before, after
    else:
        yield "stability-increased", before, after


def property_lifecycle(
    old: Mapping[str, Any], new: Mapping[str, Any], lifecycle: Lifecycle
) -> Iterator[_Found]:
    """Yield what happened to the deprecation and stability of a field."""
    yield from deprecation(old, new, lifecycle)
    for event, before, after in stability(old, new):
        # An unknown stability promises less than any known one.
        known = event != "invalid-stability-level"
        yield event if known else "stability-decreased", before, after
