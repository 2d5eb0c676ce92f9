"""Who gets which message, and what happens to those who read too slowly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modular_api.ws.bus import Event
from modular_api.ws.frames import Frame, Position
from modular_api.ws.hub import Hub, Member, Policy
from modular_api.ws.limits import Limits


class Inbox:
    """A client that reads or does not."""

    def __init__(self, *, reads: bool = True, **limits: int) -> None:
        self.reads = reads
        self.texts: list[str] = []
        self.woken = 0
        self.member = Member(Limits(**limits), self._write, self._wake)

    def _write(self, frame: Frame) -> bool:
        if self.reads:
            self.texts.append(frame.text)
        return self.reads

    def _wake(self) -> None:
        self.woken += 1

    def drain(self) -> None:
        """Read everything that waits."""
        while (frame := self.member.take()) is not None:
            self.texts.append(frame.text)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was read."""
        return [json.loads(text) for text in self.texts]

    @property
    def offsets(self) -> list[int]:
        """The offsets of the updates that were read."""
        return [m["offset"] for m in self.messages if m["type"] == "bars.update"]


def follow(
    hub: Hub, inbox: Inbox, topic: str = "t", policy: Policy = Policy.DISCONNECT
) -> None:
    hub.join(inbox.member, topic, policy=policy, gap_type="bars.gap")
    hub.settle(inbox.member, topic, Position("e", 0), ())


def event(
    offset: int, topic: str = "t", *, key: str | None = None, epoch: str = "e"
) -> Event:
    return Event(topic, epoch, offset, "bars.update", str(offset), key)


def test_an_update_reaches_the_followers_of_its_topic_alone() -> None:
    """A topic is found by its name, not by asking every member."""
    hub, follower, other = Hub(), Inbox(), Inbox()
    follow(hub, follower)
    follow(hub, other, "another")
    hub.deliver(event(1))
    assert follower.messages == [
        {"type": "bars.update", "topic": "t", "epoch": "e", "offset": 1, "payload": 1}
    ]
    assert other.messages == []


def test_an_update_is_written_once_for_all() -> None:
    """Every follower gets the very same text."""
    hub, inboxes = Hub(), [Inbox() for _ in range(3)]
    for inbox in inboxes:
        follow(hub, inbox)
    hub.deliver(event(1))
    assert len({id(inbox.texts[0]) for inbox in inboxes}) == 1


def test_who_left_gets_nothing_more_and_disturbs_nobody() -> None:
    """Only the last to leave ends the topic; a foreign subscription stays."""
    hub, first, second = Hub(), Inbox(), Inbox()
    follow(hub, first)
    follow(hub, second)
    assert hub.leave(first.member, "t") is False
    assert hub.leave(first.member, "t") is False
    hub.deliver(event(1))
    assert (first.offsets, second.offsets) == ([], [1])
    assert hub.leave(second.member, "t") is True
    assert hub.followers("t") == 0
    assert list(hub.topics) == []


def test_updates_wait_for_a_slow_client_in_order() -> None:
    """While something waits nothing goes past it, even if the client reads again."""
    hub, inbox = Hub(), Inbox(reads=False)
    follow(hub, inbox)
    hub.deliver(event(1))
    inbox.reads = True
    hub.deliver(event(2))
    assert inbox.texts == []
    assert inbox.woken == 1
    assert inbox.member.take() is not None
    hub.deliver(event(3))  # while the queue is being emptied
    inbox.drain()
    hub.deliver(event(4))
    assert inbox.offsets == [2, 3, 4]


def test_disconnect_cuts_a_client_whose_queue_is_full() -> None:
    """What waited is let go at once; others are not touched."""
    hub, slow, fast = Hub(), Inbox(reads=False, queue_messages=3), Inbox()
    follow(hub, slow)
    follow(hub, fast)
    for offset in range(1, 6):
        hub.deliver(event(offset))
    assert slow.member.too_slow
    assert slow.member.waiting == (0, 0)
    assert slow.member.take() is None
    assert fast.offsets == [1, 2, 3, 4, 5]


def test_the_queue_is_bounded_in_bytes_too() -> None:
    """Few long messages count as much as many short ones."""
    hub, slow = Hub(), Inbox(reads=False, queue_bytes=10_000)
    follow(hub, slow)
    hub.deliver(Event("t", "e", 1, "bars.update", f'"{"x" * 9_000}"'))
    assert not slow.member.too_slow
    hub.deliver(Event("t", "e", 2, "bars.update", f'"{"x" * 9_000}"'))
    assert slow.member.too_slow


def test_conflate_keeps_the_newest_of_each_key() -> None:
    """The newer one tells how many it replaced; offsets still rise."""
    hub, inbox = Hub(), Inbox(reads=False)
    follow(hub, inbox, policy=Policy.CONFLATE)
    for offset, key in enumerate("abaab", start=1):
        hub.deliver(event(offset, key=key))
    assert inbox.member.waiting[0] == 2
    inbox.drain()
    told = [(m["offset"], m.get("missed")) for m in inbox.messages]
    assert told == [(4, 2), (5, 1)]


def test_conflating_for_ever_costs_no_memory() -> None:
    """A hot key with a client that never reads leaves nothing behind."""
    hub, inbox = Hub(), Inbox(reads=False)
    follow(hub, inbox, policy=Policy.CONFLATE)
    for offset in range(1, 10_001):
        hub.deliver(event(offset, key="a"))
    assert len(inbox.member._waiting) == 1
    assert len(inbox.member._by_key) == 1


def test_conflate_with_too_many_keys_disconnects() -> None:
    """The queue stays bounded whatever the policy."""
    hub, inbox = Hub(), Inbox(reads=False, queue_messages=3)
    follow(hub, inbox, policy=Policy.CONFLATE)
    for offset in range(1, 6):
        hub.deliver(event(offset, key=str(offset)))
    assert inbox.member.too_slow


def test_drop_oldest_announces_the_gap_at_its_place() -> None:
    """The gap tells how many are missing, and where it ends."""
    hub, inbox = Hub(), Inbox(reads=False, queue_messages=2)
    follow(hub, inbox, policy=Policy.DROP_OLDEST)
    for offset in range(1, 6):
        hub.deliver(event(offset))
    inbox.drain()
    assert inbox.messages[0] == {
        "type": "bars.gap",
        "topic": "t",
        "epoch": "e",
        "offset": 3,
        "payload": {"missed": 3},
    }
    assert inbox.offsets == [4, 5]


def test_drop_oldest_never_drops_an_answer() -> None:
    """If answers alone fill the queue, the client is cut."""
    hub, inbox = Hub(), Inbox(reads=False, queue_messages=2)
    follow(hub, inbox, policy=Policy.DROP_OLDEST)
    inbox.member.send(Frame("1"))
    inbox.member.send(Frame("2"))
    hub.deliver(event(1))
    assert inbox.member.too_slow


def test_two_topics_announce_their_own_gaps() -> None:
    """What one topic lost is not told as the other's."""
    hub, inbox = Hub(), Inbox(reads=False, queue_messages=2)
    for topic in "ab":
        follow(hub, inbox, topic, Policy.DROP_OLDEST)
    for offset in (1, 2, 3):
        hub.deliver(event(offset, "a"))
        hub.deliver(event(offset, "b"))
    inbox.drain()
    gaps = {
        m["topic"]: m["payload"]["missed"]
        for m in inbox.messages
        if m["type"] == "bars.gap"
    }
    assert gaps == {"a": 2, "b": 2}


@given(
    st.lists(st.sampled_from(["deliver", "read one", "read all"]), max_size=80),
    st.integers(1, 5),
)
def test_every_gap_is_announced(steps: list[str], room: int) -> None:
    """However a client reads: what came and what was announced as lost is everything."""
    hub, inbox = Hub(), Inbox(reads=False, queue_messages=room)
    follow(hub, inbox, policy=Policy.DROP_OLDEST)
    offset = 0
    for step in steps:
        if step == "deliver":
            offset += 1
            hub.deliver(event(offset))
        elif step == "read all":
            inbox.drain()
        elif (frame := inbox.member.take()) is not None:
            inbox.texts.append(frame.text)
    inbox.drain()
    known = 0
    for message in inbox.messages:
        lost = message["payload"]["missed"] if message["type"] == "bars.gap" else 1
        assert message["offset"] == known + lost
        known = message["offset"]
    assert known == offset


def test_a_joining_member_gets_history_before_what_is_new() -> None:
    """Nothing is lost or doubled while its history is looked up."""
    hub, inbox = Hub(), Inbox()
    hub.join(inbox.member, "t")
    hub.deliver(event(3))
    hub.deliver(event(4))
    assert inbox.texts == []
    history = [event(2), event(3)]
    hub.settle(inbox.member, "t", Position("e", 3), history)
    hub.deliver(event(5))
    assert inbox.offsets == [2, 3, 4, 5]
    assert not any(m["type"] == "gap" for m in inbox.messages)


def test_a_member_that_joins_for_ever_is_cut() -> None:
    """What is held back for it is bounded."""
    hub, inbox = Hub(), Inbox()
    hub.join(inbox.member, "t")
    for offset in range(1, 1_100):
        hub.deliver(event(offset))
    assert inbox.member.too_slow


def test_events_that_come_twice_or_late_are_left_aside() -> None:
    """A bus may repeat itself."""
    hub, inbox = Hub(), Inbox()
    follow(hub, inbox)
    for offset in (1, 2, 2, 1, 3):
        hub.deliver(event(offset))
    assert inbox.offsets == [1, 2, 3]


@pytest.mark.parametrize(
    ("later", "missed"), [(event(5), 3), (event(4, epoch="new"), None)]
)
def test_what_a_bus_lost_is_announced(later: Event, missed: int | None) -> None:
    """Offsets that jump are counted; a new epoch leaves the number open."""
    hub, inbox = Hub(), Inbox()
    follow(hub, inbox)
    hub.deliver(event(1))
    hub.deliver(later)
    gap = inbox.messages[1]
    assert (gap["type"], gap["payload"]) == ("bars.gap", {"missed": missed})
    assert (gap["epoch"], gap["offset"]) == (later.epoch, later.offset - 1)


def test_a_new_epoch_is_announced_before_its_first_event() -> None:
    """A newcomer's history tells the hub of it."""
    hub, inbox = Hub(), Inbox()
    follow(hub, inbox)
    hub.deliver(event(1))
    hub.align("t", Position("new", 0))
    hub.deliver(event(1, epoch="new"))
    types = [message["type"] for message in inbox.messages]
    assert types == ["bars.update", "bars.gap", "bars.update"]
