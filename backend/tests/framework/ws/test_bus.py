"""The bus inside of a process."""

from __future__ import annotations

from modular_api.ws.bus import Event, InMemoryBus
from modular_api.ws.frames import Position


def publish(bus: InMemoryBus, topic: str, count: int) -> None:
    for number in range(count):
        bus.publish(topic, "a.update", str(number))


async def test_events_are_numbered_and_delivered() -> None:
    """Offsets rise by one, also while nobody listens."""
    bus, got = InMemoryBus(), list[Event]()
    publish(bus, "t", 2)
    await bus.subscribe("t", got.append)
    publish(bus, "t", 2)
    await bus.unsubscribe("t")
    publish(bus, "t", 1)
    assert [event.offset for event in got] == [3, 4]


async def test_history_returns_what_came_after_a_position() -> None:
    """From the newest position back to the oldest that is remembered."""
    bus = InMemoryBus(history=3)
    publish(bus, "t", 5)
    now = (await bus.history("t", None)).position
    assert now.offset == 5
    for offset, expected in ((5, []), (4, [5]), (2, [3, 4, 5])):
        history = await bus.history("t", Position(now.epoch, offset))
        assert history.events is not None
        assert [event.offset for event in history.events] == expected


async def test_history_says_what_it_cannot_tell() -> None:
    """Too long ago, from the future, or of another epoch."""
    bus = InMemoryBus(history=3)
    publish(bus, "t", 5)
    epoch = (await bus.history("t", None)).position.epoch
    for position in (Position(epoch, 1), Position(epoch, 6), Position("other", 4)):
        assert (await bus.history("t", position)).events is None


async def test_a_reset_begins_a_new_epoch() -> None:
    """No position of before can be recovered from."""
    bus = InMemoryBus()
    publish(bus, "t", 1)
    before = (await bus.history("t", None)).position
    bus.reset("t")
    history = await bus.history("t", before)
    assert history.events is None
    assert history.position.epoch != before.epoch
    assert history.position.offset == 0


async def test_memory_is_bounded_by_topics_and_bytes() -> None:
    """What was quiet longest goes first."""
    bus = InMemoryBus(topics=3, history_bytes=200)
    for number in range(10):
        bus.publish(str(number), "a.update", "x" * 60)
    assert list(bus._logs) == ["7", "8", "9"]
    assert bus._bytes == 180
    bus.publish("9", "a.update", "x" * 60)
    assert list(bus._logs) == ["8", "9"]


async def test_a_topic_in_use_keeps_its_numbers() -> None:
    """It loses its history to the bounds, but its followers see no gap."""
    bus, got = InMemoryBus(topics=1, history_bytes=100), list[Event]()
    await bus.subscribe("used", got.append)
    publish(bus, "used", 1)
    for number in range(5):
        bus.publish(str(number), "a.update", "x" * 90)
    publish(bus, "used", 1)
    assert [event.offset for event in got] == [1, 2]
    assert len({event.epoch for event in got}) == 1


async def test_it_is_healthy() -> None:
    """It lives as long as the process."""
    assert (await InMemoryBus().health()).ok
