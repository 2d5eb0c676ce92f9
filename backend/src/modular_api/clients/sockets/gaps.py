"""What a subscription says in place of updates that did not reach it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class GapReason(StrEnum):
    """Why updates are missing."""

    NOT_RECOVERED = "not_recovered"
    """After a reconnect the server had forgotten where the client was.

    Or the topic came or went meanwhile; one that went has no further updates.
    """
    ANNOUNCED = "announced"
    """The server left some out for this client, or missed them itself."""
    REPLACED = "replaced"
    """A newer update of the same key took the place of some."""
    HOLE = "hole"
    """The offsets of two updates do not follow each other."""
    SLOW_CONSUMER = "slow_consumer"
    """The subscription was not read in time, and its buffer is full."""
    STREAM_FAILED = "stream_failed"
    """The source of the topic failed at the server and was started again."""
    RECONNECTED = "reconnected"
    """The server had chosen this client's topics; ask it for them again."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Updates that did not and will not arrive; ask for the state anew.

    Attributes:
        topic: the server's name for what is followed; empty where it is not known.
        missed: how many; None where nobody knows.
    """

    topic: str
    missed: int | None
    reason: GapReason
