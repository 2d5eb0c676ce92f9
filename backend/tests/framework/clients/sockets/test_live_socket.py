"""A generated socket client against a real server, whose connections are made to fail."""

from __future__ import annotations

import asyncio
import gc
import socket as socket_module
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import pytest

from modular_api.clients import AccessToken, OAuth2
from modular_api.clients.errors import (
    ClientTimeout,
    PeerMissing,
    PeerUnavailable,
    TokenNotFetched,
)
from modular_api.clients.peers import Peers
from modular_api.clients.sockets import (
    ConnectionLost,
    Gap,
    GapReason,
    HandshakeRefused,
    InvalidMessage,
    LinkState,
    SocketClosed,
    SocketErrorAnswer,
)
from modular_api.errors import ConfigurationError
from modular_api.testing.live_server import LiveServer

TIMEOUT_S = 5.0


@pytest.fixture(params=["over the network", "in process"])
def target(
    request: pytest.FixtureRequest, market_app: ModuleType, market_server: LiveServer
) -> Any:
    """Make sockets that reach the module, one way and the other."""

    @asynccontextmanager
    async def reached(market: ModuleType, **options: Any) -> AsyncIterator[Any]:
        if request.param == "over the network":
            options["base_url"] = market_server.base_url
            async with market.MarketSocket(**options) as socket:
                yield socket
            return
        app = market_app.make_app()
        async with app.router.lifespan_context(app) as state:
            async with market.MarketSocket(app=app, state=state, **options) as socket:
                yield socket

    return reached


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect again at once; how long a client waits is tested by itself."""
    from modular_api.clients.sockets.backoff import ReconnectDelay

    monkeypatch.setattr(ReconnectDelay, "delay_s", lambda *_: 0.01)


async def push(
    market: ModuleType, socket: Any, name: str, first: int, count: int = 1
) -> None:
    answer = await socket.push(market.Push(name=name, first=first, count=count))
    assert answer == market.Pushed(count=count)


async def take(subscription: Any, count: int) -> list[Any]:
    """Return the next items: a number's value, or a gap."""
    items = []
    async with asyncio.timeout(TIMEOUT_S):
        for _ in range(count):
            item = await anext(subscription)
            items.append(item if isinstance(item, Gap) else item.value)
    return items


async def test_updates_come_typed_and_in_order(market: ModuleType, target: Any) -> None:
    """A request has a typed answer, too."""
    async with target(market) as socket:
        async with socket.numbers(market.NumbersRequest(names=["a"])) as numbers:
            await push(market, socket, "a", 1, 3)
            first = await anext(numbers)
            assert first == market.Number(name="a", value=1)
            assert await take(numbers, 2) == [2, 3]


async def test_a_lost_connection_is_made_anew_and_nothing_is_missing(
    market: ModuleType, target: Any
) -> None:
    """What was published in between is recovered, and nothing comes twice."""
    async with target(market) as socket:
        async with socket.numbers(market.NumbersRequest(names=["b"])) as numbers:
            await push(market, socket, "b", 1, 2)
            assert await take(numbers, 2) == [1, 2]
            for n, code in enumerate((0, 1012, 1011, 4008)):
                before = await socket.who()
                then = market.Push(name="b", first=3 + 4 * n, count=4)
                await socket.fault(market.Fault(code=code, then=then))
                assert await take(numbers, 4) == [*range(3 + 4 * n, 7 + 4 * n)], code
                await another_connection(socket, before)


async def another_connection(socket: Any, before: str) -> None:
    """Wait until the socket has another connection than before."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            try:
                if await socket.who() != before:
                    return
            except ConnectionLost:
                await asyncio.sleep(0.01)


async def test_what_was_forgotten_is_announced(market: ModuleType, target: Any) -> None:
    """More was published than the server remembers: 256 updates of a topic."""
    async with target(market) as socket:
        async with socket.numbers(market.NumbersRequest(names=["c"])) as numbers:
            await push(market, socket, "c", 1)
            assert await take(numbers, 1) == [1]
            # Published at once, so that the client is not back before they all are.
            then = market.Push(name="c", first=2, count=700)
            await socket.fault(market.Fault(code=0, then=then))
            (gap,) = await take(numbers, 1)
            assert isinstance(gap, Gap)
            assert gap.reason is GapReason.NOT_RECOVERED and gap.missed is None


async def test_a_server_that_starts_anew_is_noticed(
    market: ModuleType, market_app: ModuleType
) -> None:
    """Its epoch is another one: a Gap stands between the two histories."""
    with LiveServer(market_app.make_app()) as first:
        port = first.port
        async with market.MarketSocket(base_url=first.base_url) as socket:
            numbers = socket.numbers(market.NumbersRequest(names=["d"]))
            await numbers.started()
            await push(market, socket, "d", 1)
            assert await take(numbers, 1) == [1]
            await asyncio.to_thread(first.stop)
            with LiveServer(market_app.make_app(), port=port):
                await until_followed(socket, 1)
                await push(market, socket, "d", 2)
                gap, value = await take(numbers, 2)
                assert gap.reason is GapReason.NOT_RECOVERED
                assert value == 2


async def until_followed(socket: Any, count: int) -> None:
    """Wait until the server serves so many topics."""
    async with asyncio.timeout(TIMEOUT_S):
        while await socket.followed() != count:
            gc.collect()
            await asyncio.sleep(0.01)


async def test_an_error_answer_is_raised_where_updates_are_read(
    market: ModuleType, target: Any
) -> None:
    """With the code of the author's choice; the connection stays open."""
    async with target(market) as socket:
        with pytest.raises(SocketErrorAnswer, match="nobody counts") as caught:
            async for _ in socket.numbers(market.NumbersRequest(names=["nobody"])):
                pass
        assert caught.value.code == "unknown_name"
        with pytest.raises(SocketErrorAnswer):
            async with socket.numbers(market.NumbersRequest(names=["nobody"])):
                pass
        assert socket.state is LinkState.OPEN


async def test_a_bad_payload_is_refused_before_it_is_sent(
    market: ModuleType, market_server: LiveServer
) -> None:
    """The error tells where, what and why; no message leaves, nobody has to connect."""
    socket = market.MarketSocket(base_url=market_server.base_url)
    with pytest.raises(InvalidMessage, match="names.1 is ''") as caught:
        socket.numbers(market.NumbersRequest(names=["a", ""]))
    assert caught.value.path == ("names", 1)
    with pytest.raises(InvalidMessage, match="5000"):
        await socket.push(market.Push(name="a", first=1, count=9_999))
    with pytest.raises(InvalidMessage, match="no such payload"):
        socket.numbers("not a request")
    assert socket.state is LinkState.CLOSED


async def test_leaving_the_loop_unsubscribes(market: ModuleType, target: Any) -> None:
    """Whoever follows holds the subscription; nobody has to end it."""
    async with target(market) as socket:
        pushed = asyncio.create_task(push_when_followed(market, socket))
        async for number in socket.numbers(market.NumbersRequest(names=["e"])):
            assert number.value == 1
            break
        await pushed
        await until_followed(socket, 0)


async def push_when_followed(market: ModuleType, socket: Any) -> None:
    await until_followed(socket, 1)
    await push(market, socket, "e", 1, 2)


async def test_a_cancelled_reader_unsubscribes(market: ModuleType, target: Any) -> None:
    """A task that follows may be cancelled at any time."""

    async def read(socket: Any) -> None:
        async for _ in socket.numbers(market.NumbersRequest(names=["e"])):
            pass

    async with target(market) as socket:
        task = asyncio.create_task(read(socket))
        await until_followed(socket, 1)
        task.cancel()
        await asyncio.wait({task})
        del task
        await until_followed(socket, 0)


async def test_two_subscriptions_share_a_topic(market: ModuleType, target: Any) -> None:
    """One that ends does not take the topic from the other, which misses nothing."""
    async with target(market) as socket:
        async with socket.numbers(market.NumbersRequest(names=["f", "g"])) as both:
            async with socket.numbers(market.NumbersRequest(names=["f", "h"])) as other:
                await push(market, socket, "f", 1)
                assert await take(both, 1) == [1]
                assert await take(other, 1) == [1]
            await until_followed(socket, 2)
            await push(market, socket, "f", 2, 3)
            await push(market, socket, "g", 9)
            assert await take(both, 4) == [2, 3, 4, 9]


async def test_a_reader_who_is_too_slow_is_told(
    market: ModuleType, target: Any
) -> None:
    """The oldest give way, counted; another reader of the same socket has them all."""
    async with target(market, buffer=10) as socket:
        request = market.NumbersRequest(names=["i"])
        async with socket.numbers(request) as slow, socket.numbers(request) as quick:
            for first in range(1, 26, 5):
                await push(market, socket, "i", first, 5)
                assert await take(quick, 5) == [*range(first, first + 5)]
            gap, *rest = await take(slow, 11)
            assert gap.missed == 15 and gap.reason is GapReason.SLOW_CONSUMER
            assert rest == [*range(16, 26)]


async def test_a_request_whose_connection_breaks_says_so(
    market: ModuleType, target: Any
) -> None:
    """It is not repeated: the server may have acted."""
    async with target(market) as socket:
        await push(market, socket, "x", 0, 0)
        waiting = asyncio.create_task(socket.late())
        await asyncio.sleep(0.05)
        await socket.fault(market.Fault(code=0))
        with pytest.raises(ConnectionLost):
            await asyncio.wait_for(waiting, TIMEOUT_S)
        await push(market, socket, "x", 0, 0)


async def test_a_request_without_an_answer_ends_in_time(
    market: ModuleType, target: Any
) -> None:
    """`timeout_s` limits one answer."""
    async with target(market, timeout_s=0.1) as socket:
        with pytest.raises(ClientTimeout):
            await socket.late()


@pytest.mark.parametrize("code", [1007, 1009, 4029, 4401, 4403])
async def test_some_close_codes_are_final(
    market: ModuleType, target: Any, code: int
) -> None:
    """Every reader and every later call gets the error."""
    async with target(market) as socket:
        numbers = socket.numbers(market.NumbersRequest(names=["j"]))
        await numbers.started()
        await socket.fault(market.Fault(code=code, reason="because"))
        with pytest.raises(SocketClosed, match="because") as caught:
            await take(numbers, 1)
        assert caught.value.code == code
        with pytest.raises(SocketClosed):
            await push(market, socket, "j", 1)
        assert socket.state is LinkState.CLOSED


async def test_a_wrong_token_is_refused_for_good(
    market: ModuleType, market_server: LiveServer
) -> None:
    """At once where the socket is opened, at the first item where it is not."""
    options = {"base_url": market_server.base_url, "token": "wrong"}
    with pytest.raises(HandshakeRefused, match="Check the token") as caught:
        async with market.MarketSocket(**options):
            pass
    assert caught.value.status in (401, 403)
    socket = market.MarketSocket(**options)
    with pytest.raises(HandshakeRefused):
        await take(socket.numbers(market.NumbersRequest(names=["k"])), 1)
    await socket.aclose()
    async with market.MarketSocket(**{**options, "token": "right"}) as socket:
        await push(market, socket, "k", 1)


class Login:
    """Gets tokens, and counts how many were asked for."""

    def __init__(self, *tokens: Any) -> None:
        self.asked = 0
        self._tokens = [*tokens]

    def fetch(self) -> Any:
        self.asked += 1
        token = self._tokens.pop(0) if len(self._tokens) > 1 else self._tokens[0]
        if isinstance(token, Exception):
            raise token
        return token

    async def fetch_slowly(self) -> Any:
        await asyncio.sleep(0)
        return self.fetch()


@pytest.mark.parametrize("slowly", [False, True])
async def test_a_token_is_asked_for_before_each_connection(
    market: ModuleType, target: Any, slowly: bool
) -> None:
    """One that cannot be had is tried again, as a server is that is not there."""
    right = AccessToken("right", expires_in_s=60)
    login = Login("right", OSError("the login is down"), right)
    token = login.fetch_slowly if slowly else login.fetch
    async with target(market, token=token) as socket:
        async with socket.numbers(market.NumbersRequest(names=["q"])) as numbers:
            assert login.asked == 1
            before = await socket.who()
            await socket.fault(market.Fault(code=1012))
            await another_connection(socket, before)
            assert login.asked == 3
            await push(market, socket, "q", 1)
            assert await take(numbers, 1) == [1]


async def test_a_socket_shares_the_login_of_other_clients(
    market: ModuleType, market_server: LiveServer
) -> None:
    """The token is kept until it expires, so nobody logs in twice."""
    login = Login("right")
    credentials = OAuth2(fetch=login.fetch)
    for _ in range(2):
        async with market.MarketSocket(
            base_url=market_server.base_url, token=credentials.keeper.get
        ) as socket:
            await push(market, socket, "q", 1)
    assert login.asked == 1


async def test_a_token_that_cannot_be_had_is_told(
    market: ModuleType, market_server: LiveServer
) -> None:
    """Where the socket is opened, and at the first item where it is not."""
    options = {"base_url": market_server.base_url, "timeout_s": 0.2}
    request = market.NumbersRequest(names=["q"])
    for nonsense in (OSError("the login is down"), None, 7):
        socket = market.MarketSocket(**options, token=Login(nonsense).fetch)
        with pytest.raises(TokenNotFetched):
            await socket.open()
        with pytest.raises(TokenNotFetched, match="attempts"):
            await take(socket.numbers(request), 1)
        await socket.aclose()

    async def never() -> str:
        await asyncio.sleep(60)
        return "too late"

    with pytest.raises(ClientTimeout):
        await market.MarketSocket(**options, token=never).open()


async def test_a_server_that_is_not_there_is_told_or_waited_for(
    market: ModuleType, market_app: ModuleType
) -> None:
    """Opening fails; a socket that was not opened connects once the server is up."""
    with LiveServer(market_app.make_app()) as server:
        port, base_url = server.port, server.base_url
    with pytest.raises(PeerUnavailable):
        async with market.MarketSocket(base_url=base_url):
            pass
    socket = market.MarketSocket(base_url=base_url)
    numbers = socket.numbers(market.NumbersRequest(names=["l"]))
    await asyncio.sleep(0.05)
    with LiveServer(market_app.make_app(), port=port):
        async with asyncio.timeout(TIMEOUT_S):
            await numbers.started()
        await push(market, socket, "l", 1)
        assert await take(numbers, 1) == [1]
        await socket.aclose()


async def test_a_subscription_that_finds_no_server_ends_in_time(
    market: ModuleType,
) -> None:
    """With what was wrong at the last attempt, wherever it is waited for.

    So does a reader of what is told unasked.
    """
    with socket_module.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    peers = Peers()
    peers.add_address("market", f"http://127.0.0.1:{port}")
    # Long enough for the first attempt to import websockets.
    socket = peers.client(market.MarketSocket, timeout_s=1)
    numbers = socket.numbers(market.NumbersRequest(names=["l"]))
    async with asyncio.timeout(TIMEOUT_S):
        with pytest.raises(PeerUnavailable, match="attempts") as caught:
            await numbers.started()
        assert caught.value.attempts > 1
        with pytest.raises(PeerUnavailable):
            await anext(numbers)
        with pytest.raises(PeerUnavailable):
            async with socket.numbers(market.NumbersRequest(names=["l"])):
                pass
        with pytest.raises(PeerUnavailable):
            await anext(socket.tick())
        with pytest.raises(PeerUnavailable):
            async with socket.tick():
                pass
    await peers.aclose()


async def test_closing_ends_every_subscription(market: ModuleType, target: Any) -> None:
    """What waits is still read; then the loop is over, and nothing can be asked."""
    async with target(market) as socket:
        numbers = socket.numbers(market.NumbersRequest(names=["m"]))
        await numbers.started()
        await push(market, socket, "m", 1, 2)
        await asyncio.sleep(0.05)
        await socket.aclose()
        assert [number.value async for number in numbers] == [1, 2]
        with pytest.raises(SocketClosed, match="closed by this side"):
            await push(market, socket, "m", 3)


async def test_events_of_a_fastws_router_are_heard(
    market: ModuleType, target: Any
) -> None:
    """They have no request; after a reconnect the server has to be asked again."""
    async with target(market) as socket, asyncio.timeout(TIMEOUT_S):
        ticks = socket.tick()
        await socket.ticks_begin(market.Tick(n=3))
        assert [(await anext(ticks)).n for _ in range(3)] == [0, 1, 2]
        await socket.fault(market.Fault(code=1012))
        gap = await anext(ticks)
        assert gap == Gap("", None, GapReason.RECONNECTED)


async def test_conflated_updates_tell_what_they_replace(
    market: ModuleType, market_server: LiveServer
) -> None:
    """The sum of what arrives and what is missed is what was published."""
    async with market.MarketSocket(
        base_url=market_server.base_url, buffer=9_000
    ) as socket:
        async with socket.latest() as latest:
            await push(market, socket, "n", 1, 5_000)
            seen = missed = 0
            async with asyncio.timeout(TIMEOUT_S):
                async for item in latest:
                    if isinstance(item, Gap):
                        assert item.missed is not None
                        missed += item.missed
                    else:
                        seen += 1
                        if item.value == 5_000:
                            break
            assert seen + missed == 5_000


async def test_a_module_follows_a_peer_wherever_it_is(
    market: ModuleType, market_app: ModuleType, market_server: LiveServer
) -> None:
    """The same line reaches it in process, at an address, or says that it is missing."""
    app = market_app.make_app()
    async with app.router.lifespan_context(app) as state:
        for place in ("in process", "at an address"):
            peers = Peers()
            if place == "in process":
                peers.add_app("market", app, state=state)
            else:
                peers.add_address("market", market_server.base_url)
            socket = peers.client(market.MarketSocket)
            assert peers.client(market.MarketSocket) is socket
            numbers = socket.numbers(market.NumbersRequest(names=["o"]))
            await numbers.started()
            await socket.push(market.Push(name="x", first=1))
            assert socket.state is LinkState.OPEN
            await peers.aclose()
            assert [number async for number in numbers] == []


async def test_a_missing_peer_is_told_at_the_call_and_may_come_later(
    market: ModuleType, market_server: LiveServer
) -> None:
    """A module starts without the modules it uses."""
    peers = Peers()
    socket = peers.client(market.MarketSocket)
    with pytest.raises(PeerMissing):
        await push(market, socket, "p", 1)
    with pytest.raises(PeerMissing):
        await take(socket.numbers(market.NumbersRequest(names=["p"])), 1)
    peers.add_address("market", market_server.base_url)
    await push(market, socket, "p", 1)
    await peers.aclose()


def test_a_socket_has_one_target(market: ModuleType) -> None:
    """Not two, not none."""
    with pytest.raises(ConfigurationError, match="exactly one of"):
        market.MarketSocket()
    with pytest.raises(ConfigurationError, match="exactly one of"):
        market.MarketSocket(base_url="http://localhost", app=object())


@pytest.fixture(autouse=True)
def no_task_is_left() -> Iterator[None]:
    """Collect what tests have left, so that warnings belong to their test."""
    yield
    gc.collect()
