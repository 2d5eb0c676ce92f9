"""Where a module gets the time from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Tells the time, aware and in UTC. Tests pass their own."""


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)
