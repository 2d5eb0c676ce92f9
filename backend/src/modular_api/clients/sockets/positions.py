"""Where a subscription has got to in a topic. Pure logic, knows no socket."""

from __future__ import annotations

from dataclasses import dataclass

from modular_api.clients.sockets.gaps import Gap, GapReason


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the history of a topic; see `docs/SOCKETS.md`."""

    epoch: str
    offset: int

    def is_at_or_before(self, other: Position | None) -> bool:
        """Whether a reader that has got to `other` has seen it."""
        return (
            other is not None
            and other.epoch == self.epoch
            and self.offset <= other.offset
        )


class TopicTrack:
    """Follows the offsets of one topic, and finds what is missing between them.

    Args:
        position: where the server says it begins; None if it does not say.
        conflates: whether newer updates replace older ones of their key. Then an
            offset may be left out before the update that tells of it has come.
    """

    __slots__ = ("_conflates", "_owed", "position", "topic")

    def __init__(
        self, topic: str, position: Position | None, *, conflates: bool = False
    ) -> None:
        self.topic = topic
        self.position = position
        self._conflates = conflates
        self._owed = 0

    def update(self, position: Position, missed: int) -> list[Gap] | None:
        """Go on to an update; return the gaps before it, or None if it is old.

        Args:
            missed: how many the update says it replaces.
        """
        known = self.position
        if position.is_at_or_before(known):
            return None
        self.position = position
        gaps = [self._gap(missed, GapReason.REPLACED)] if missed else []
        if known is None:
            return gaps
        if known.epoch != position.epoch:
            self._owed = 0
            return [self._gap(None, GapReason.HOLE)]
        unexplained = position.offset - known.offset - 1 - missed
        if self._conflates:
            self._owed = max(0, self._owed + unexplained)
        elif unexplained > 0:
            gaps.append(self._gap(unexplained, GapReason.HOLE))
        return gaps

    def announced(self, position: Position, missed: int | None) -> list[Gap]:
        """Go on to where the server says a gap ends."""
        if position.is_at_or_before(self.position):
            return []
        self.position = position
        return [self._gap(missed, GapReason.ANNOUNCED)]

    def lost(self) -> list[Gap]:
        """Return the gap that can no longer be filled, as the connection is lost."""
        owed, self._owed = self._owed, 0
        return [self._gap(owed, GapReason.HOLE)] if owed else []

    def resumed(self, position: Position, *, recovered: bool) -> list[Gap]:
        """Go on after the server was asked to recover what came since `position`."""
        if recovered:
            return []
        self.position = position
        return [self._gap(None, GapReason.NOT_RECOVERED)]

    def _gap(self, missed: int | None, reason: GapReason) -> Gap:
        return Gap(self.topic, missed, reason)
