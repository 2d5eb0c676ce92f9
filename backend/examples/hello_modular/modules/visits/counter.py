"""The state behind the module: one counter for each lifespan of the app."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Counter:
    """Counts from zero; made when the app starts, closed when it stops."""

    def __init__(self) -> None:
        self.count = 0
        self.is_open = False

    async def __aenter__(self) -> Self:
        self.is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_open = False

    def add(self) -> int:
        """Count one more and return the sum."""
        self.count += 1
        return self.count
