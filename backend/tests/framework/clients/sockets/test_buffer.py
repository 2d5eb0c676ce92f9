"""What waits for a reader is bounded, and what gives way is counted."""

from __future__ import annotations

import asyncio

import pytest

from modular_api.clients.sockets.buffer import Buffer, Received
from modular_api.clients.sockets.gaps import Gap, GapReason


def update(n: int, topic: str = "t") -> Received:
    return Received("u", topic, n)


async def test_items_come_in_order() -> None:
    """A reader waits for the next one."""
    buffer = Buffer(3)
    buffer.put(update(1))
    buffer.put(update(2))
    assert [await buffer.get(), await buffer.get()] == [update(1), update(2)]
    waiting = asyncio.create_task(buffer.get())
    await asyncio.sleep(0)
    buffer.put(update(3))
    assert await waiting == update(3)


async def test_the_oldest_give_way_to_a_gap_that_counts_them() -> None:
    """A gap among them counts for what it stands for."""
    buffer = Buffer(2)
    for item in (update(1), Gap("t", 5, GapReason.ANNOUNCED), update(7), update(8)):
        buffer.put(item)
    assert await buffer.get() == Gap("t", 6, GapReason.SLOW_CONSUMER)
    assert [await buffer.get(), await buffer.get()] == [update(7), update(8)]


async def test_each_topic_has_its_own_gap() -> None:
    """Whoever keeps a state for each topic learns of every one that is incomplete."""
    buffer = Buffer(2)
    for item in (update(1, "a"), update(1, "b"), update(2, "a"), *map(update, (1, 2))):
        buffer.put(item)
    assert await buffer.get() == Gap("a", 2, GapReason.SLOW_CONSUMER)
    assert await buffer.get() == Gap("b", 1, GapReason.SLOW_CONSUMER)
    assert [await buffer.get(), await buffer.get()] == [update(1), update(2)]


async def test_a_gap_of_unknown_size_makes_the_sum_unknown() -> None:
    """Nobody knows how many, then."""
    buffer = Buffer(1)
    for item in (Gap("t", None, GapReason.NOT_RECOVERED), update(7), update(8)):
        buffer.put(item)
    assert await buffer.get() == Gap("t", None, GapReason.SLOW_CONSUMER)


async def test_what_waits_is_read_before_the_end() -> None:
    """The error comes once, then the iteration is over; nothing is taken any more."""
    buffer = Buffer(2)
    buffer.put(update(1))
    buffer.end(RuntimeError("because"))
    buffer.end()
    buffer.put(update(2))
    assert await buffer.get() == update(1)
    with pytest.raises(RuntimeError, match="because"):
        await buffer.get()
    with pytest.raises(StopAsyncIteration):
        await buffer.get()


async def test_a_cancelled_reader_loses_nothing() -> None:
    """The item is there for the next one."""
    buffer = Buffer(2)
    waiting = asyncio.create_task(buffer.get())
    await asyncio.sleep(0)
    buffer.put(update(1))
    waiting.cancel()
    await asyncio.wait({waiting})
    assert await asyncio.wait_for(buffer.get(), 1) == update(1)
