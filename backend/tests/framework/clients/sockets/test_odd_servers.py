"""A client against a server that says what ours never would: a scripted one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

from modular_api.clients.errors import ClientTimeout, PeerUnavailable
from modular_api.clients.sockets import (
    Gap,
    GapReason,
    LinkState,
    MalformedMessage,
    SocketClosed,
    SocketErrorAnswer,
)
from modular_api.clients.sockets.backoff import ReconnectDelay

Script = Callable[[ServerConnection], Awaitable[None]]
START = {"topic": "t", "epoch": "e", "offset": 1}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect again at once."""
    monkeypatch.setattr(ReconnectDelay, "delay_s", lambda *_: 0.01)


@asynccontextmanager
async def scripted(
    market: ModuleType, *scripts: Script, **options: Any
) -> AsyncIterator[Any]:
    """Serve one script a connection, the last for all that follow."""
    left = [*scripts]

    async def handle(connection: ServerConnection) -> None:
        script = left.pop(0) if len(left) > 1 else left[0]
        await script(connection)

    async with serve(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        base_url = f"ws://127.0.0.1:{port}"
        async with market.MarketSocket(base_url=base_url, **options) as socket:
            yield socket


async def answered(connection: ServerConnection, **beside: Any) -> dict[str, Any]:
    """Answer the next message of a client, and return it."""
    message: dict[str, Any] = json.loads(await connection.recv())
    answer = {"type": f"{message['type']}.response", "id": message["id"], **beside}
    await connection.send(json.dumps(answer))
    return message


async def tell(connection: ServerConnection, offset: int, **beside: Any) -> None:
    payload = {"name": "a", "value": offset}
    message = {"type": "numbers.update", **START, "offset": offset, "payload": payload}
    await connection.send(json.dumps({**message, **beside}))


async def items(market: ModuleType, socket: Any, count: int) -> list[Any]:
    """Return the next items of a new subscription: values, gaps, kinds of errors."""
    numbers = socket.numbers(market.NumbersRequest(names=["a"]))
    found: list[Any] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            try:
                item = await anext(numbers)
            except (MalformedMessage, SocketErrorAnswer) as error:
                found.append(error)
            else:
                found.append(item if isinstance(item, Gap) else item.value)
    return found


async def test_a_hole_between_offsets_is_told(market: ModuleType) -> None:
    """A repeated one is dropped, another epoch is a hole, too."""

    async def script(connection: ServerConnection) -> None:
        await answered(connection, **START)
        for offset in (2, 2, 5, 4):
            await tell(connection, offset)
        await tell(connection, 9, epoch="f")
        await connection.wait_closed()

    async with scripted(market, script) as socket:
        assert await items(market, socket, 5) == [
            2,
            Gap("t", 2, GapReason.HOLE),
            5,
            Gap("t", None, GapReason.HOLE),
            9,
        ]


async def test_what_a_client_does_not_know_is_left_aside(market: ModuleType) -> None:
    """Newer servers say more: types, members, topics, nonsense."""

    async def script(connection: ServerConnection) -> None:
        await answered(connection, **START, news={"of": 2030})
        for text in (
            '{"type": "numbers.rumour", "topic": "t"}',
            '{"type": "numbers.update", "topic": "elsewhere"}',
            '{"type": "numbers.update", "topic": "t"}',
            '{"type": "other.response", "id": "77"}',
            "[1]",
            "no json",
            '{"type": 3}',
            '{"type": "error"}',
        ):
            await connection.send(text)
        await connection.send(b"binary")
        await tell(connection, 2, news=1, payload={"name": "a", "value": 2, "new": [1]})
        await connection.wait_closed()

    async with scripted(market, script) as socket:
        assert await items(market, socket, 1) == [2]


async def test_a_payload_that_does_not_fit_is_an_error_and_not_the_end(
    market: ModuleType,
) -> None:
    """The message is known, and cannot be read; the next one can."""

    async def script(connection: ServerConnection) -> None:
        await answered(connection, **START)
        await tell(connection, 2, payload={"name": "a"})
        await tell(connection, 3)
        await connection.wait_closed()

    async with scripted(market, script) as socket:
        error, value = await items(market, socket, 2)
        assert isinstance(error, MalformedMessage)
        assert "numbers.update" in str(error)
        assert value == 3


async def test_news_of_a_topics_source_are_told(market: ModuleType) -> None:
    """One that failed begins anew; one that ended ends the subscription."""

    async def script(connection: ServerConnection) -> None:
        await answered(connection, **START)
        for code in ("stream_failed", "stream_ended"):
            payload = {"code": code, "message": "because", "ref": None}
            error = {"type": "error", "topic": "t", "payload": payload}
            await connection.send(json.dumps(error))
        await connection.wait_closed()

    async with scripted(market, script) as socket:
        gap, error = await items(market, socket, 2)
        assert gap == Gap("t", None, GapReason.STREAM_FAILED)
        assert isinstance(error, SocketErrorAnswer) and error.code == "stream_ended"


async def test_a_reconnect_says_where_the_client_was(market: ModuleType) -> None:
    """And the server's announced gap is passed on."""
    asked: list[Any] = []

    async def first(connection: ServerConnection) -> None:
        asked.append(await answered(connection, **START))
        await tell(connection, 2)
        connection.transport.abort()

    async def second(connection: ServerConnection) -> None:
        asked.append(await answered(connection, **START, recovered=True))
        await tell(connection, 2)
        gap = {"type": "numbers.gap", **START, "offset": 4, "payload": {"missed": 2}}
        await connection.send(json.dumps(gap))
        await tell(connection, 5)
        await connection.wait_closed()

    async with scripted(market, first, second) as socket:
        found = await items(market, socket, 3)
    assert found == [2, Gap("t", 2, GapReason.ANNOUNCED), 5]
    assert "recover" not in asked[0]
    assert asked[1]["recover"] == {"t": {"epoch": "e", "offset": 2}}


async def test_a_server_too_busy_to_resume_is_asked_again(market: ModuleType) -> None:
    """On the same connection; the subscription does not end."""

    async def first(connection: ServerConnection) -> None:
        await answered(connection, **START)
        connection.transport.abort()

    async def second(connection: ServerConnection) -> None:
        message = json.loads(await connection.recv())
        payload = {"code": "busy", "message": "later", "ref": message["id"]}
        error = {"type": "error", "id": message["id"], "payload": payload}
        await connection.send(json.dumps(error))
        again = await answered(connection, **START, recovered=True)
        assert again["recover"] == message["recover"]
        await tell(connection, 2)
        await connection.wait_closed()

    async with scripted(market, first, second) as socket:
        assert await items(market, socket, 1) == [2]


async def test_a_slow_subscription_fails_alone(market: ModuleType) -> None:
    """Its reader is told; another one goes on, and a late answer is undone."""
    asked: list[Any] = []
    connections: list[ServerConnection] = []
    undone = asyncio.Event()

    async def script(connection: ServerConnection) -> None:
        connections.append(connection)
        await answered(connection, **START)
        slow = json.loads(await connection.recv())
        for offset in range(2, 22):
            await tell(connection, offset)
            await asyncio.sleep(0.02)
        start = {**START, "topic": "slow"}
        late = {"type": "numbers.subscribe.response", "id": slow["id"], **start}
        await connection.send(json.dumps(late))
        asked.append(await answered(connection))
        undone.set()
        await connection.wait_closed()

    async with scripted(market, script, timeout_s=0.2) as socket:
        async with socket.numbers(market.NumbersRequest(names=["a"])) as numbers:
            slow = socket.numbers(market.NumbersRequest(names=["b"]))
            with pytest.raises(ClientTimeout, match="numbers.subscribe"):
                await asyncio.wait_for(slow.started(), 5)
            async with asyncio.timeout(5):
                found = [(await anext(numbers)).value for _ in range(20)]
                await undone.wait()
    assert found == [*range(2, 22)]
    assert len(connections) == 1
    assert asked[0]["type"] == "numbers.unsubscribe"
    assert asked[0]["payload"] == {"names": ["b"]}


async def test_a_subscription_slow_to_resume_is_asked_for_again(
    market: ModuleType,
) -> None:
    """On the same connection, which serves others meanwhile."""
    asked: list[Any] = []

    async def first(connection: ServerConnection) -> None:
        await answered(connection, **START)
        await answered(connection, **{**START, "topic": "u"})
        connection.transport.abort()

    async def second(connection: ServerConnection) -> None:
        asked.append(json.loads(await connection.recv()))
        await answered(connection, **{**START, "topic": "u"}, recovered=True)
        for offset in range(2, 12):
            await tell(connection, offset, topic="u")
            await asyncio.sleep(0.03)
        asked.append(await answered(connection, **START, recovered=True))
        await tell(connection, 2)
        await connection.wait_closed()

    async with scripted(market, first, second, timeout_s=0.2) as socket:
        numbers = socket.numbers(market.NumbersRequest(names=["a"]))
        others = socket.numbers(market.NumbersRequest(names=["b"]))
        async with asyncio.timeout(5):
            assert [(await anext(others)).value for _ in range(10)] == [*range(2, 12)]
            assert (await anext(numbers)).value == 2
    assert asked[0]["payload"] == asked[1]["payload"]
    assert asked[0]["recover"] == asked[1]["recover"]


async def test_a_server_that_says_nothing_at_all_is_left(market: ModuleType) -> None:
    """The reader is told; the connection is taken for dead, and another one is made."""

    async def silent(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def script(connection: ServerConnection) -> None:
        await answered(connection, **START)
        await tell(connection, 2)
        await connection.wait_closed()

    async with scripted(market, silent, script, timeout_s=0.2) as socket:
        with pytest.raises(ClientTimeout):
            await items(market, socket, 1)
        assert await items(market, socket, 1) == [2]


@asynccontextmanager
async def counted() -> AsyncIterator[tuple[str, set[ServerConnection]]]:
    """Serve a socket that answers subscriptions; yield its URL and what is connected."""
    connected: set[ServerConnection] = set()

    async def handle(connection: ServerConnection) -> None:
        connected.add(connection)
        with suppress(ConnectionClosed):
            while True:
                await answered(connection, **START)
        connected.discard(connection)

    async def slowly(_: ServerConnection, __: Request) -> None:
        await asyncio.sleep(0.1)

    async with serve(handle, "127.0.0.1", 0, process_request=slowly) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}", connected


async def until_left(connected: set[ServerConnection]) -> None:
    async with asyncio.timeout(5):
        while connected:
            await asyncio.sleep(0.01)


async def test_a_socket_that_is_opened_twice_at_once_connects_once(
    market: ModuleType,
) -> None:
    """So does one that is opened and used; `aclose` leaves nothing open."""
    async with counted() as (base_url, connected):
        for then in ("open", "follow"):
            socket = market.MarketSocket(base_url=base_url)
            numbers = None
            async with asyncio.TaskGroup() as tasks, asyncio.timeout(5):
                tasks.create_task(socket.open())
                await asyncio.sleep(0.02)
                if then == "open":
                    await socket.open()
                else:
                    numbers = socket.numbers(market.NumbersRequest(names=["a"]))
                    await numbers.started()
            await asyncio.sleep(0.2)
            assert len(connected) == 1, then
            await socket.aclose()
            await until_left(connected)


async def test_a_socket_that_is_used_before_it_is_opened_is_opened(
    market: ModuleType,
) -> None:
    """`open` waits for the connection that the first call began."""
    async with counted() as (base_url, connected):
        socket = market.MarketSocket(base_url=base_url)
        numbers = socket.numbers(market.NumbersRequest(names=["a"]))
        await asyncio.sleep(0.02)
        await socket.open()
        assert socket.state is LinkState.OPEN and len(connected) == 1
        await numbers.aclose()
        await socket.aclose()
    with pytest.raises(PeerUnavailable):  # nobody is there any more
        async with market.MarketSocket(base_url=base_url, timeout_s=0.2) as socket:
            pass
    socket = market.MarketSocket(base_url=base_url, timeout_s=0.2)
    numbers = socket.numbers(market.NumbersRequest(names=["a"]))
    await asyncio.sleep(0.05)
    with pytest.raises(PeerUnavailable, match="attempts"):
        await socket.open()
    await socket.aclose()


async def test_closing_while_opening_leaves_no_connection(market: ModuleType) -> None:
    """Whether it is just being made, or made and not yet used."""
    async with counted() as (base_url, connected):
        socket = market.MarketSocket(base_url=base_url)
        opening = asyncio.create_task(socket.open())
        await asyncio.sleep(0.02)
        await socket.aclose()
        with pytest.raises(SocketClosed):
            await opening
        await asyncio.sleep(0.2)
        await until_left(connected)
        socket = market.MarketSocket(base_url=base_url)
        await socket.open()
        await socket.aclose()
        await until_left(connected)


async def test_opening_that_is_cancelled_leaves_no_connection(
    market: ModuleType,
) -> None:
    """In the middle of the handshake; the socket can be opened again."""
    async with counted() as (base_url, connected):
        socket = market.MarketSocket(base_url=base_url)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.open(), 0.05)
        await asyncio.sleep(0.2)
        await until_left(connected)
        await socket.open()
        await socket.aclose()
        await until_left(connected)


async def test_closing_that_is_cancelled_ends_every_reader(market: ModuleType) -> None:
    """A server that does not read its part of the goodbye is not waited for."""

    async def deaf(connection: ServerConnection) -> None:
        await answered(connection, **START)
        connection.transport.pause_reading()
        await asyncio.sleep(1)
        connection.transport.abort()

    async with serve(deaf, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        socket = market.MarketSocket(base_url=f"ws://127.0.0.1:{port}")
        numbers = socket.numbers(market.NumbersRequest(names=["a"]))
        await numbers.started()
        reading = asyncio.create_task(anext(numbers, None))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.aclose(), 0.1)
        assert await asyncio.wait_for(reading, 0.5) is None
        with pytest.raises(SocketClosed):
            await socket.open()
        await socket.aclose()  # waits for what the first call began
        assert len(asyncio.all_tasks()) == 1 + len(server.connections)


async def test_many_subscriptions_are_asked_for_a_few_at_a_time(
    market: ModuleType,
) -> None:
    """A server takes only so many requests at once."""
    unanswered: list[str] = []
    most = 0

    async def script(connection: ServerConnection) -> None:
        nonlocal most
        for n in range(50):
            while len(unanswered) < min(16, 50 - n):
                unanswered.append(json.loads(await connection.recv())["id"])
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.002):
                    unanswered.append(json.loads(await connection.recv())["id"])
            most = max(most, len(unanswered))
            answer = {"type": "numbers.subscribe.response", "id": unanswered.pop(0)}
            await connection.send(json.dumps({**answer, **START, "topic": f"t{n}"}))
        await connection.wait_closed()

    async with scripted(market, script) as socket, asyncio.timeout(10):
        request = market.NumbersRequest(names=["a"])
        subscriptions = [socket.numbers(request) for _ in range(50)]
        for subscription in subscriptions:
            await subscription.started()
    assert most == 16
