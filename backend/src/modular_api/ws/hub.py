"""Who gets which message, and what happens to those who read too slowly.

Pure logic: the hub knows no socket, no clock and no event loop. It writes through a
function each member brings, and never waits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from modular_api.ws.bus import Event
from modular_api.ws.frames import (
    Frame,
    Position,
    gap_frame,
    update_frame,
    update_head,
)
from modular_api.ws.limits import Limits


class Policy(StrEnum):
    """What happens to updates that wait for a client, once they would be too many."""

    DISCONNECT = "disconnect"
    """The client is cut off with code 4008. Nothing is ever left out in between."""
    CONFLATE = "conflate"
    """A newer update replaces a waiting one of the same key; it tells `missed`."""
    DROP_OLDEST = "drop_oldest"
    """The oldest waiting updates give way; a gap message stands in their place."""


_MOST_HELD = 1_000
"""How many updates are held back for a member while a bus looks up its history."""

Write: TypeAlias = Callable[[Frame], bool]
"""Sends a frame if that is possible without waiting; False means it was not taken."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A place in a queue: a frame, or the gap that updates have left (no frame)."""

    frame: Frame | None
    topic: _Topic | None = None
    key: str | None = None
    position: Position | None = None
    missed: int = 0


@dataclass(eq=False, slots=True)
class _Topic:
    name: str
    policy: Policy
    gap_type: str
    heads: dict[str, str] = field(default_factory=dict)
    members: dict[Member, None] = field(default_factory=dict)
    joining: dict[Member, list[tuple[Event, Frame]]] = field(default_factory=dict)
    position: Position | None = None


class Member:
    """One connection as the hub sees it: its topics, and what waits for it.

    Args:
        write: tries to send at once; used only while nothing waits.
        wake: called when something begins to wait, and when the member was cut.
    """

    def __init__(self, limits: Limits, write: Write, wake: Callable[[], None]) -> None:
        self.topics: dict[str, None] = {}
        self.too_slow = False
        self._limits = limits
        self._write = write
        self._wake = wake
        self._waiting: OrderedDict[_Waiting, None] = OrderedDict()
        self._count = 0
        self._bytes = 0
        self._draining = False
        self._by_key: dict[tuple[str, str | None], _Waiting] = {}
        self._droppable: OrderedDict[_Waiting, None] = OrderedDict()
        self._gaps: dict[str, _Waiting] = {}

    @property
    def waiting(self) -> tuple[int, int]:
        """How many messages wait, and their bytes; announced gaps apart."""
        return self._count, self._bytes

    def send(self, frame: Frame) -> None:
        """Send what must not be left out: answers, errors, events."""
        if not (self.too_slow or self._goes_at_once(frame)):
            self._append(_Waiting(frame), frame)

    def update(self, topic: _Topic, event: Event, frame: Frame) -> None:
        """Send an update, or let it wait as the topic's policy says."""
        if self.too_slow or self._goes_at_once(frame):
            return
        position = Position(event.epoch, event.offset)
        waiting = _Waiting(frame, topic, event.key, position)
        if topic.policy is Policy.CONFLATE:
            self._replace_older(waiting)
        elif topic.policy is Policy.DROP_OLDEST:
            self._make_room(frame.size)
            self._droppable[waiting] = None
        self._append(waiting, frame)

    def take(self) -> Frame | None:
        """Hand over what waits longest; None if nothing does.

        From the first frame to the None, everything new waits behind it.
        """
        self._draining = bool(self._waiting)
        if not self._waiting:
            return None
        oldest, _ = self._waiting.popitem(last=False)
        topic = oldest.topic
        if oldest.frame is None:
            return self._gap_left_by(oldest)
        self._count -= 1
        self._bytes -= oldest.frame.size
        self._droppable.pop(oldest, None)
        if topic is not None and topic.policy is Policy.CONFLATE:
            del self._by_key[topic.name, oldest.key]
        if oldest.missed:
            return oldest.frame.with_missed(oldest.missed)
        return oldest.frame

    def cut(self) -> None:
        """Give the member up: nothing more is sent, and nothing kept."""
        self.too_slow = True
        for kept in (self._waiting, self._by_key, self._droppable, self._gaps):
            kept.clear()
        self._count = self._bytes = 0
        self._wake()

    def _goes_at_once(self, frame: Frame) -> bool:
        return not self._waiting and not self._draining and self._write(frame)

    def _append(self, waiting: _Waiting, frame: Frame) -> None:
        begins = not self._waiting and not self._draining
        self._waiting[waiting] = None
        self._count += 1
        self._bytes += frame.size
        if self._exceeds(self._count, self._bytes):
            self.cut()
        elif begins:
            self._wake()

    def _exceeds(self, count: int, size: int) -> bool:
        limits = self._limits
        return count > limits.queue_messages or size > limits.queue_bytes

    def _replace_older(self, newer: _Waiting) -> None:
        """Replace an older update of the same key, and go to the end of the queue.

        At the older one's place the offsets of a topic would not rise.
        """
        assert newer.topic is not None
        name = (newer.topic.name, newer.key)
        older = self._by_key.get(name)
        if older is not None:
            newer.missed = older.missed + 1
            del self._waiting[older]
            self._forget_frame(older)
        self._by_key[name] = newer

    def _make_room(self, size: int) -> None:
        while self._droppable and self._exceeds(self._count + 1, self._bytes + size):
            oldest, _ = self._droppable.popitem(last=False)
            self._turn_into_gap(oldest)

    def _turn_into_gap(self, waiting: _Waiting) -> None:
        """Announce a dropped update at its place, or with one before it."""
        assert waiting.topic is not None
        self._forget_frame(waiting)
        gap = self._gaps.setdefault(waiting.topic.name, waiting)
        gap.missed += 1
        gap.position = waiting.position
        if gap is not waiting:
            del self._waiting[waiting]

    def _forget_frame(self, waiting: _Waiting) -> None:
        assert waiting.frame is not None
        self._count -= 1
        self._bytes -= waiting.frame.size
        waiting.frame = None

    def _gap_left_by(self, waiting: _Waiting) -> Frame:
        topic = waiting.topic
        assert topic is not None and waiting.position is not None
        del self._gaps[topic.name]
        return gap_frame(topic.gap_type, topic.name, waiting.position, waiting.missed)


class Hub:
    """The topics, and the members that follow them."""

    def __init__(self) -> None:
        self._topics: dict[str, _Topic] = {}

    def followers(self, topic: str) -> int:
        """Count the members that follow a topic, those just joining included."""
        known = self._topics.get(topic)
        return len(known.members) + len(known.joining) if known else 0

    @property
    def topics(self) -> Iterable[str]:
        """The topics somebody follows."""
        return self._topics.keys()

    def join(
        self,
        member: Member,
        name: str,
        *,
        policy: Policy = Policy.DISCONNECT,
        gap_type: str = "gap",
    ) -> bool:
        """Hold a topic's updates back for a member until `settle`.

        So its answer and its history come first, and nothing is lost in between.
        Returns whether the member is the first to follow the topic.
        """
        first = name not in self._topics
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = _Topic(name, policy, gap_type)
        member.topics[name] = None
        if member not in topic.members:
            topic.joining.setdefault(member, [])
        return first

    def settle(
        self, member: Member, name: str, position: Position, missed: Iterable[Event]
    ) -> None:
        """Send what a member missed and what was held back; then it follows live.

        Args:
            position: where the missed events end.
        """
        topic = self._topics.get(name)
        if topic is None or member not in topic.joining:
            return  # it has left meanwhile
        held = topic.joining.pop(member)
        topic.members[member] = None
        for event in missed:
            member.update(topic, event, _frame_of(topic, event))
        for event, frame in held:
            if not _is_old(event, position):
                _announce_gap(topic, [member], position, event)
                member.update(topic, event, frame)
                position = Position(event.epoch, event.offset)

    def leave(self, member: Member, name: str) -> bool:
        """End a subscription; tell whether nobody follows the topic any more."""
        if name not in member.topics:
            return False
        del member.topics[name]
        topic = self._topics[name]
        topic.members.pop(member, None)
        topic.joining.pop(member, None)
        if topic.members or topic.joining:
            return False
        del self._topics[name]
        return True

    def align(self, name: str, position: Position) -> None:
        """Learn where a topic is now; a new epoch is announced to its followers."""
        topic = self._topics.get(name)
        if topic is None:
            return
        before = topic.position
        if before is not None and before.epoch != position.epoch:
            for member in tuple(topic.members):
                member.send(gap_frame(topic.gap_type, name, position))
        if before is None or before.epoch != position.epoch:
            topic.position = position

    def deliver(self, event: Event) -> None:
        """Give an event to all who follow its topic; old ones are ignored."""
        topic = self._topics.get(event.topic)
        if topic is None or _is_old(event, topic.position):
            return
        # Copies: a write that fails may make a member leave in the midst of it.
        members = tuple(topic.members)
        if topic.position is not None:
            _announce_gap(topic, members, topic.position, event)
        topic.position = Position(event.epoch, event.offset)
        frame = _frame_of(topic, event)
        for member in members:
            member.update(topic, event, frame)
        for member, held in tuple(topic.joining.items()):
            if len(held) < _MOST_HELD:
                held.append((event, frame))
            else:
                member.cut()

    def tell(self, name: str, frame: Frame) -> None:
        """Send a message about a topic to all who follow it."""
        topic = self._topics.get(name)
        if topic is not None:
            for member in (*topic.members, *topic.joining):
                member.send(frame)

    def members_of(self, name: str) -> list[Member]:
        """List who follows a topic, those just joining included."""
        topic = self._topics.get(name)
        return [*topic.members, *topic.joining] if topic else []


def _frame_of(topic: _Topic, event: Event) -> Frame:
    head = topic.heads.get(event.type)
    if head is None:
        head = topic.heads[event.type] = update_head(event.type, topic.name)
    return update_frame(head, event.epoch, event.offset, event.payload)


def _is_old(event: Event, known: Position | None) -> bool:
    return (
        known is not None
        and event.epoch == known.epoch
        and event.offset <= known.offset
    )


def _announce_gap(
    topic: _Topic, members: Iterable[Member], before: Position, event: Event
) -> None:
    """Tell members of the updates between a position and an event, if there are any."""
    if event.epoch == before.epoch and event.offset == before.offset + 1:
        return
    last = Position(event.epoch, event.offset - 1)
    missed = last.offset - before.offset if event.epoch == before.epoch else None
    frame = gap_frame(topic.gap_type, topic.name, last, missed)
    for member in members:
        member.send(frame)
