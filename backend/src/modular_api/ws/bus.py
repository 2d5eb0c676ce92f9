"""Where updates go and come from: the protocol, and a bus inside of this process."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from modular_api.ws.frames import Position


@dataclass(frozen=True, slots=True)
class Event:
    """One update of a topic, numbered by the bus.

    Attributes:
        type: the message's: `bars.update`.
        payload: JSON text.
        key: updates of one key replace each other; None for those of the whole topic.
    """

    topic: str
    epoch: str
    offset: int
    type: str
    payload: str
    key: str | None = None


Deliver: TypeAlias = Callable[[Event], None]
"""Takes an event; never blocks and never raises."""


@dataclass(frozen=True, slots=True)
class History:
    """What a bus remembers of a topic.

    Attributes:
        position: of the newest event.
        events: those after the position asked for, oldest first; None if some of them
            are forgotten, or belong to another epoch.
    """

    position: Position
    events: Sequence[Event] | None


@dataclass(frozen=True, slots=True)
class BusHealth:
    """Whether a bus works, and if not, why."""

    ok: bool
    detail: str = ""


class Bus(Protocol):
    """Numbers updates, remembers some, and carries them to all who subscribed.

    Events may come twice or out of order; whoever gets them goes by their offsets.
    """

    def publish(
        self, topic: str, type_: str, payload: str, key: str | None = None
    ) -> None:
        """Send an update; never block.

        A driver that sends over a network queues it, within a bound. What it drops
        shows as a gap in the offsets, or as a new epoch.
        """

    def reset(self, topic: str) -> None:
        """Begin a new epoch: later updates do not continue the earlier ones."""

    async def subscribe(self, topic: str, deliver: Deliver) -> None:
        """Deliver the topic's events from now on; there is one subscriber a topic."""

    async def unsubscribe(self, topic: str) -> None:
        """Deliver them no longer."""

    async def history(self, topic: str, after: Position | None) -> History:
        """Return the newest position, and what came after a known one."""

    async def health(self) -> BusHealth:
        """Tell whether events get through."""


@dataclass(slots=True)
class _Log:
    events: deque[Event]
    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    offset: int = 0
    bytes: int = 0


class InMemoryBus:
    """A bus inside of one process; it remembers until it is full or ends.

    Args:
        history: how many events of a topic are remembered at most.
        history_bytes: how many bytes of all topics; what was quiet longest goes first.
        topics: how many topics are remembered at most, not counting those in use.
    """

    def __init__(
        self,
        *,
        history: int = 256,
        history_bytes: int = 64 * 1024 * 1024,
        topics: int = 10_000,
    ) -> None:
        self._history = history
        self._history_bytes = history_bytes
        self._topics = topics
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._bytes = 0
        self._deliver: dict[str, Deliver] = {}

    def publish(
        self, topic: str, type_: str, payload: str, key: str | None = None
    ) -> None:
        """Number, remember and deliver an update, all at once."""
        log = self._log(topic)
        log.offset += 1
        event = Event(topic, log.epoch, log.offset, type_, payload, key)
        self._remember(log, event)
        self._forget_the_quiet(topic)
        deliver = self._deliver.get(topic)
        if deliver is not None:
            deliver(event)

    def reset(self, topic: str) -> None:
        """Forget a topic; it begins anew with its next event."""
        log = self._logs.pop(topic, None)
        if log is not None:
            self._bytes -= log.bytes

    async def subscribe(self, topic: str, deliver: Deliver) -> None:
        """Deliver a topic's events from now on."""
        self._deliver[topic] = deliver

    async def unsubscribe(self, topic: str) -> None:
        """Deliver them no longer."""
        self._deliver.pop(topic, None)

    async def history(self, topic: str, after: Position | None) -> History:
        """Return what is remembered; never waits."""
        log = self._log(topic)
        position = Position(log.epoch, log.offset)
        if after is None:
            return History(position, ())
        missed = log.offset - after.offset
        if after.epoch != log.epoch or not 0 <= missed <= len(log.events):
            return History(position, None)
        start = len(log.events) - missed
        return History(position, tuple(log.events)[start:])

    async def health(self) -> BusHealth:
        """It works as long as the process does."""
        return BusHealth(ok=True)

    def _log(self, topic: str) -> _Log:
        log = self._logs.get(topic)
        if log is None:
            log = self._logs[topic] = _Log(deque())
        else:
            self._logs.move_to_end(topic)
        return log

    def _remember(self, log: _Log, event: Event) -> None:
        log.events.append(event)
        change = len(event.payload)
        if len(log.events) > self._history:
            change -= len(log.events.popleft().payload)
        log.bytes += change
        self._bytes += change

    def _forget_the_quiet(self, current: str) -> None:
        """Keep the bounds: what is quiet longest loses its history.

        A topic in use keeps its numbers, so that none of its subscribers sees a gap;
        another one is forgotten and would go on in a new epoch.
        """
        while self._bytes > self._history_bytes or self._has_too_many_topics():
            quietest, log = next(iter(self._logs.items()))
            if quietest == current:
                break
            if quietest in self._deliver:
                self._bytes -= log.bytes
                log.bytes = 0
                log.events.clear()
                self._logs.move_to_end(quietest)
            else:
                self.reset(quietest)

    def _has_too_many_topics(self) -> bool:
        return len(self._logs) > self._topics + len(self._deliver)
