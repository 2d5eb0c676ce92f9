"""Streams: who starts them, who ends them, and what happens when they fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from modular_api.ws.adapter import FastWSAdapter
from modular_api.ws.errors import SocketError
from modular_api.ws.frames import Frame, Position, Request
from modular_api.ws.hub import Member
from modular_api.ws.limits import Limits
from modular_api.ws.runtime import SocketRuntime

Make = Callable[..., Any]


class Room:
    """A running socket without connections, and members that follow its bars."""

    def __init__(self, runtime: SocketRuntime, market: Any) -> None:
        self.runtime = runtime
        self.market = market
        self.router = runtime.routers["bars"]

    def enter(self) -> tuple[Member, list[str]]:
        """Return a new member and what it gets."""
        texts: list[str] = []

        def write(frame: Frame) -> bool:
            texts.append(frame.text)
            return True

        return Member(Limits(), write, lambda: None), texts

    async def subscribe(
        self, member: Member, symbol: str = "A", recover: Position | None = None
    ) -> None:
        """Follow the bars of a symbol."""
        request = Request("bars.subscribe", {"symbol": symbol}, recover=recover)
        await self.runtime.subscribe(member, self.router, request)


@pytest.fixture
def market(sockets: Make) -> Any:
    """The service the streams read from."""
    return sockets().modules_apps[0].declaration.service()


@pytest.fixture
def room(market: Any, bars: Make) -> Make:
    """Open a room whose streams linger and restart as told."""

    @asynccontextmanager
    async def open_room(**options: Any) -> AsyncIterator[Room]:
        options = {"linger_s": 0.0, "restart_delay_s": 0.001} | options
        adapter = FastWSAdapter(routers=[bars("bars", **options)])
        async with adapter.running(market) as runtime:
            yield Room(runtime, market)

    return open_room


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def bar(close: float) -> Any:
    return {"close": close}


async def test_a_stream_is_shared_by_all_its_subscribers(room: Make) -> None:
    """It starts with the first and ends with the last."""
    async with room() as r:
        (one, first), (two, second) = r.enter(), r.enter()
        await r.subscribe(one)
        await r.subscribe(two)
        r.market.put("A", bar(1))
        await until(lambda: len(first) == 2 and len(second) == 2)
        assert r.market.started == ["A"]
        r.runtime.release(one)
        await asyncio.sleep(0.01)
        assert r.market.stopped == []
        r.runtime.release(two)
        await until(lambda: r.market.stopped == ["A"])
        assert first[1] == second[1]
        await until(lambda: not r.runtime.feeds._feeds)


async def test_a_stream_lingers_for_who_comes_back(room: Make) -> None:
    """A reload of a page does not restart it, and the client recovers."""
    async with room(linger_s=5.0) as r:
        member, texts = r.enter()
        await r.subscribe(member)
        r.runtime.release(member)
        r.market.put("A", bar(1))
        await asyncio.sleep(0.01)
        history = await r.runtime.bus.history(next(iter(r.runtime.feeds._feeds)), None)
        back, texts = r.enter()
        await r.subscribe(back, recover=Position(history.position.epoch, 0))
        assert '"recovered":true' in texts[0]
        assert '"offset":1' in texts[1]
        assert r.market.started == ["A"]
        assert r.market.stopped == []


async def test_who_comes_back_too_late_is_told(room: Make) -> None:
    """While no stream ran nobody saw what happened: the silence is no completeness."""
    async with room() as r:
        member, texts = r.enter()
        await r.subscribe(member)
        topic = next(iter(r.runtime.feeds._feeds))
        known = (await r.runtime.bus.history(topic, None)).position
        r.runtime.release(member)
        await until(lambda: topic not in r.runtime.feeds)
        back, texts = r.enter()
        await r.subscribe(back, recover=known)
        assert '"recovered":false' in texts[0]


async def test_a_stream_that_fails_starts_again(
    room: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Its subscribers are told, the gap is announced, and the error is logged."""
    async with room() as r:
        member, texts = r.enter()
        await r.subscribe(member)
        r.market.put("A", bar(1))
        r.market.put("A", RuntimeError("the wire broke"))
        r.market.put("A", bar(2))
        await until(lambda: len(texts) == 5)
        types = [text.split('"')[3] for text in texts[1:]]
        assert types == ["bars.update", "error", "bars.gap", "bars.update"]
        assert '"stream_failed"' in texts[2]
        assert "the wire broke" not in texts[2]
        assert r.market.started == ["A", "A"]
        assert "the wire broke" in caplog.text


async def test_failing_again_and_again_takes_longer_and_longer(
    room: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The delay doubles with each failure in a row, and is short again after success."""
    async with room() as r:
        member, _ = r.enter()
        for _ in range(3):
            r.market.put("A", RuntimeError("again"))
        r.market.put("A", bar(1))
        r.market.put("A", RuntimeError("again"))
        await r.subscribe(member)
        await until(lambda: caplog.text.count("starts again in") == 4)
        delays = [
            record.args[1]  # type: ignore[index] # logged with two
            for record in caplog.records
            if "starts again" in record.getMessage()
        ]
        assert delays == [0.001, 0.002, 0.004, 0.001]


async def test_a_stream_that_gives_up_ends_its_subscriptions(room: Make) -> None:
    """A SocketError is final: subscribers get its code and message, then the end."""
    async with room() as r:
        member, texts = r.enter()
        await r.subscribe(member)
        r.market.put("A", SocketError("Delisted.", code="delisted"))
        await until(lambda: not member.topics)
        assert '"delisted"' in texts[1]
        assert '"stream_ended"' in texts[2]
        await until(lambda: not r.runtime.feeds._feeds)


async def test_an_update_of_the_wrong_kind_is_a_failure_of_the_stream(
    room: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """It is never sent, and the log says what was wrong with it."""
    async with room() as r:
        member, texts = r.enter()
        await r.subscribe(member)
        r.market.put("A", {"close": "not a number"})
        await until(lambda: len(texts) == 2)
        assert '"stream_failed"' in texts[1]
        assert "not a number" in caplog.text


async def test_leaving_at_the_last_moment_keeps_the_stream(room: Make) -> None:
    """Leaving and coming back in a row restarts nothing it need not."""
    async with room(linger_s=0.005) as r:
        for _ in range(20):
            member, _ = r.enter()
            await r.subscribe(member)
            await asyncio.sleep(0)
            r.runtime.release(member)
        member, texts = r.enter()
        await r.subscribe(member)
        await asyncio.sleep(0.03)
        r.market.put("A", bar(1))
        await until(lambda: len(texts) == 2)
        assert r.market.started == ["A"]


async def test_the_end_of_the_lifespan_ends_every_stream(room: Make) -> None:
    """Nothing runs on without its app."""
    async with room(linger_s=60.0) as r:
        member, _ = r.enter()
        for symbol in "ABC":
            await r.subscribe(member, symbol)
        await until(lambda: len(r.market.started) == 3)
        r.runtime.release(member)
    assert sorted(r.market.stopped) == ["A", "B", "C"]
    assert len(asyncio.all_tasks()) == 1


async def test_a_stream_that_never_waits_lets_others_run(room: Make) -> None:
    """A loop of thousands of updates does not stop the event loop."""
    async with room() as r:
        member, texts = r.enter()
        for number in range(10_000):
            r.market.put("A", bar(number))
        await r.subscribe(member)
        turns = 0
        while len(texts) < 10_001:
            await asyncio.sleep(0)
            turns += 1
        assert turns > 50
