"""One connection, whatever carries it."""

from __future__ import annotations

from typing import Protocol


class Disconnected(Exception):
    """The connection is closed, by whichever side.

    Attributes:
        code: the close code; 1006 if it broke.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code} {reason}".rstrip())


class Channel(Protocol):
    """A connection that is open.

    `send` waits while the other side does not read. Both raise Disconnected.
    """

    async def send(self, text: str) -> None: ...

    async def receive(self) -> str: ...

    def abort(self) -> None:
        """Give the connection up at once; `receive` raises then."""

    async def aclose(self) -> None:
        """Close it with 1000, within a few seconds."""
