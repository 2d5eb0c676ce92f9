"""What the answers to a subscription say of its topics."""

from __future__ import annotations

import asyncio
from typing import Any

from modular_api.clients.sockets.following import Following, Start
from modular_api.clients.sockets.gaps import Gap, GapReason
from modular_api.clients.sockets.operations import Follow, Receiving, Sending
from modular_api.clients.sockets.positions import Position

FOLLOW: Follow[None, Any] = Follow(
    subscribe=Sending("u.subscribe", None, check=lambda payload: None),
    unsubscribe="u.unsubscribe",
    update=Receiving("u", lambda payload: payload),
    gap="gap",
    conflates=False,
)


def start(topic: str, *, recovered: bool = False) -> Start:
    return Start(topic, Position("e", 5), recovered)


def after_a_reconnect(*starts: Start) -> Following:
    """Follow `a` and `b`, lose the connection, and get the answer on the next."""
    following = Following(FOLLOW, None, buffer_size=10)
    following.started([start("a"), start("b")])
    following.lost()
    following.recovery()
    following.started(starts)
    following.end()
    return following


async def waiting(following: Following) -> list[object]:
    items: list[object] = []
    while True:
        try:
            items.append(await asyncio.wait_for(following.buffer.get(), 1))
        except StopAsyncIteration:
            return items


async def test_recovered_topics_have_no_gap() -> None:
    following = after_a_reconnect(
        start("a", recovered=True), start("b", recovered=True)
    )
    assert await waiting(following) == []


async def test_a_topic_that_the_server_names_no_more_yields_a_gap() -> None:
    """Nothing more comes of it, and its reader would wait in silence."""
    following = after_a_reconnect(start("a", recovered=True))
    assert await waiting(following) == [Gap("b", None, GapReason.NOT_RECOVERED)]
    assert [*following.topics] == ["a"]


async def test_a_topic_that_is_new_after_a_reconnect_yields_a_gap() -> None:
    """What was told of it meanwhile did not arrive."""
    both = start("a", recovered=True), start("b", recovered=True)
    following = after_a_reconnect(*both, start("c"))
    assert await waiting(following) == [Gap("c", None, GapReason.NOT_RECOVERED)]


async def test_a_subscription_without_topics_has_begun_all_the_same() -> None:
    """A server that is busy after the next reconnect is asked again."""
    assert after_a_reconnect().has_begun
