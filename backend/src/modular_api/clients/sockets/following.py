"""One subscription, without its reader and without the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from modular_api.clients.sockets.backoff import ReconnectDelay
from modular_api.clients.sockets.buffer import Buffer, Received
from modular_api.clients.sockets.gaps import Gap, GapReason
from modular_api.clients.sockets.operations import Follow
from modular_api.clients.sockets.positions import Position, TopicTrack


@dataclass(frozen=True, slots=True)
class Start:
    """Where a topic begins, as the answer to a subscription says."""

    topic: str
    position: Position
    recovered: bool


class Following:
    """What one subscription follows, and how far it has got.

    Attributes:
        payload: of the request, as JSON; None where there is none.
        buffer: what waits for the reader.
        was_asked: whether it was ever asked for, on any connection.
        is_live: whether the server has answered on the current one.
        has_begun: whether the server has ever answered.
        answered: set once the server has answered for the first time, or it has ended.
        error: what ended it.
        delay: before it is asked for again at a server that could not resume it.
    """

    def __init__(
        self, operation: Follow[Any, Any], payload: Any, *, buffer_size: int
    ) -> None:
        self.operation = operation
        self.payload = payload
        self.buffer = Buffer(buffer_size)
        self.was_asked = False
        self.is_live = False
        self.has_begun = False
        self.answered = asyncio.Event()
        self.error: Exception | None = None
        self.delay = ReconnectDelay()
        self._tracks: dict[str, TopicTrack] = {}
        self._recovering: set[str] = set()
        self._limit: asyncio.TimerHandle | None = None

    @property
    def topics(self) -> Iterable[str]:
        """The topics the server named."""
        return self._tracks.keys()

    def recovery(self, topics: Iterable[str] | None = None) -> dict[str, Any]:
        """Note that topics are to be recovered; return their positions.

        Args:
            topics: all of them where None is given.
        """
        wanted = self._tracks.keys() if topics is None else topics
        known = {
            topic: track.position
            for topic in wanted
            if (track := self._tracks.get(topic)) is not None
            and track.position is not None
        }
        self._recovering = set(known)
        return {
            topic: {"epoch": position.epoch, "offset": position.offset}
            for topic, position in known.items()
        }

    def limit(self, timer: asyncio.TimerHandle) -> None:
        """Let this timer run until it begins or ends, in place of the one before."""
        self._unlimit()
        self._limit = timer

    def started(self, starts: Iterable[Start]) -> None:
        """Take the server's answer, which names every topic there is now.

        A topic that came or went while the connection was lost yields a gap, because
        nothing says what was missed in it.
        """
        is_first, self.has_begun = not self.has_begun, True
        self.is_live = True
        self.delay = ReconnectDelay()
        self._unlimit()
        self.answered.set()
        for start in starts:
            track = self._tracks.get(start.topic)
            if track is None:
                self._tracks[start.topic] = TopicTrack(
                    start.topic, start.position, conflates=self.operation.conflates
                )
                if not is_first:
                    self._put([Gap(start.topic, None, GapReason.NOT_RECOVERED)])
            elif start.topic in self._recovering:
                self._put(track.resumed(start.position, recovered=start.recovered))
            self._recovering.discard(start.topic)
        for topic in self._recovering:
            del self._tracks[topic]
            self._put([Gap(topic, None, GapReason.NOT_RECOVERED)])
        self._recovering = set()

    def update(self, topic: str, position: Position, missed: int, payload: Any) -> None:
        """Take an update of one of the topics."""
        gaps = self._tracks[topic].update(position, missed)
        if gaps is not None:
            self._put(gaps)
            self.buffer.put(Received(self.operation.update.type, topic, payload))

    def gap(self, topic: str, position: Position, missed: int | None) -> None:
        """Take an announced gap."""
        self._put(self._tracks[topic].announced(position, missed))

    def stream_failed(self, topic: str) -> None:
        """Note that the source of a topic was started again."""
        self._put([Gap(topic, None, GapReason.STREAM_FAILED)])

    def lost(self) -> None:
        """Note that the connection is lost."""
        self.is_live = False
        for track in self._tracks.values():
            self._put(track.lost())

    def end(self, error: Exception | None = None) -> None:
        """Take nothing more; the reader gets what waits, then the error."""
        self.error = error
        self.buffer.end(error)
        self._unlimit()
        self.answered.set()

    def _unlimit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()

    def _put(self, gaps: Iterable[Gap]) -> None:
        for gap in gaps:
            self.buffer.put(gap)


class Listening:
    """One reader of messages that the server sends unasked.

    Attributes:
        has_begun: whether there has been a connection since it listens.
    """

    def __init__(self, type_: str, *, buffer_size: int) -> None:
        self.type = type_
        self.has_begun = False
        self.buffer = Buffer(buffer_size)
        self._tracks: dict[str, TopicTrack] = {}

    def event(
        self, topic: str, position: Position | None, missed: int, payload: Any
    ) -> None:
        """Take a message of the type."""
        gaps: list[Gap] | None = []
        if position is not None:
            track = self._tracks.setdefault(topic, TopicTrack(topic, None))
            gaps = track.update(position, missed)
        if gaps is not None:
            for gap in gaps:
                self.buffer.put(gap)
            self.buffer.put(Received(self.type, topic, payload))

    def gap(self, topic: str, position: Position, missed: int | None) -> None:
        """Take an announced gap, where it is of a topic heard of before."""
        track = self._tracks.get(topic)
        for gap in track.announced(position, missed) if track is not None else ():
            self.buffer.put(gap)

    def reconnected(self) -> None:
        """Note that a new connection begins; the server knows nothing of the last."""
        self._tracks.clear()
        self.buffer.put(Gap("", None, GapReason.RECONNECTED))
