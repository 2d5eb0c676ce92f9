"""When a call is repeated, how long it waits, and what it says in the end."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from modular_api.clients import answers, errors
from modular_api.clients.client import ModuleClient
from modular_api.clients.retries import Attempts, RetryPolicy, retry_after_s
from modular_api.clients.wire import Request, Response
from modular_api.errors import ConfigurationError
from modular_api.testing.live_server import LiveServer

QUICK = RetryPolicy(attempts=3, first_s=0.001)


class Flaky:
    """An app that gives the answers it is told to, one after the other."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.keys: list[str | None] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        self.keys.append(headers.get(b"idempotency-key", b"").decode() or None)
        answer = self.answers.pop(0) if self.answers else 200
        if answer == "breaks":
            start = [(b"content-length", b"100"), (b"content-type", b"text/plain")]
            await send({"type": "http.response.start", "status": 200, "headers": start})
            raise ConnectionError("broken on purpose")
        if answer == "hangs":
            await asyncio.sleep(0.3)
            answer = 200
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        media_type = "application/jsonl" if status == 200 else "application/json"
        fields = [(b"content-type", media_type.encode())]
        fields += [(name.encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        body = b"garbled" if "content-encoding" in more else b"1"
        await send({"type": "http.response.body", "body": body})


def parse(response: Response) -> Any:
    """Read an answer as generated code does."""
    if response.status_code == 200:
        return response.json()
    raise answers.DocumentedError


class FlakyClient(ModuleClient):
    """What a generated client is, in short."""

    module_name = "flaky"
    api_version = "v1"
    prefix = "/api/v1/flaky"

    async def call(self, method: str = "get", **parts: Any) -> Any:
        return await self._call(Request(method, "/x", **parts), parse)

    def call_sync(self, method: str = "get", **parts: Any) -> Any:
        return self._call_sync(Request(method, "/x", **parts), parse)

    def items(self) -> Any:
        return self._stream(Request("get", "/x"), parse, lambda item: item, "jsonl")


app = Flaky()


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """The app behind a real server."""
    with LiveServer(app, lifespan="off") as server:
        yield server


@pytest.fixture(params=["in process", "over http"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[FlakyClient]:
    """A client of the app itself, then of the server, that waits a millisecond."""
    app.answers, app.keys = [], []
    target: dict[str, Any] = {"app": app}
    if request.param == "over http":
        target = {"base_url": request.getfixturevalue("server").base_url}
    async with FlakyClient(**target, retries=QUICK) as made:
        yield made


@pytest.mark.parametrize("failure", [429, 502, 503, 504, "breaks"])
async def test_a_passing_failure_is_tried_again(
    client: FlakyClient, failure: Any
) -> None:
    """A broken connection, and the statuses that ask for it; in plain code too."""
    app.answers = [failure, failure, 200]
    assert await client.call() == 1
    app.answers = [failure, 200]
    assert await asyncio.to_thread(client.call_sync) == 1
    assert len(app.keys) == 5


@pytest.mark.parametrize("failure", [400, 404, 409, 500, 501])
async def test_another_failure_is_not(client: FlakyClient, failure: int) -> None:
    """The same call would get the same answer, or nobody knows what it did."""
    app.answers = [failure, 200]
    with pytest.raises(errors.ApiError) as caught:
        await client.call()
    assert (caught.value.status, caught.value.attempts) == (failure, 1)
    assert "attempts" not in str(caught.value)


async def test_the_last_failure_tells_the_attempts(client: FlakyClient) -> None:
    """Whether it is an answer or a broken connection."""
    app.answers = [502, "breaks", 503]
    with pytest.raises(errors.ServiceUnavailable, match=r"\(3 attempts\)$") as caught:
        await client.call()
    assert caught.value.attempts == 3
    app.answers = [503, 503, "breaks"]
    with pytest.raises(errors.PeerUnavailable, match=r"\(3 attempts\)$"):
        await asyncio.to_thread(client.call_sync)


@pytest.mark.parametrize("failure", [503, "breaks"])
@pytest.mark.parametrize("method", ["post", "patch"])
async def test_a_call_that_is_not_idempotent_is_never_repeated(
    client: FlakyClient, method: str, failure: Any
) -> None:
    """The server may have acted on it."""
    for call in (client.call, lambda m: asyncio.to_thread(client.call_sync, m)):
        app.answers = [failure, 200]
        with pytest.raises(errors.CallError):
            await call(method)
    assert len(app.keys) == 2


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
async def test_idempotent_methods_are(client: FlakyClient, method: str) -> None:
    """Those of RFC 9110, section 9.2.2."""
    app.answers = [503, 204]
    with pytest.raises(errors.CallError):
        await client.call(method)  # 204 is nothing this parse knows
    assert len(app.keys) == 2


async def test_a_key_makes_a_post_repeatable(client: FlakyClient) -> None:
    """All attempts of a call carry one key; another call carries another."""
    for _ in range(2):
        app.answers = ["breaks", 503]
        assert await client.call("post", takes_idempotency_key=True) == 1
    first, second = app.keys[:3], app.keys[3:]
    assert len(set(first)) == len(set(second)) == 1
    assert first[0] and second[0] and first[0] != second[0]


async def test_a_key_of_the_caller_is_sent_as_it_is(client: FlakyClient) -> None:
    """Where the operation takes one; a key of its own makes no other operation safe."""
    own = {"Idempotency-Key": "mine"}
    app.answers = [503]
    await client.call("post", takes_idempotency_key=True, headers=own)
    assert app.keys == ["mine", "mine"]
    app.answers = [503]
    with pytest.raises(errors.ServiceUnavailable):
        await client.call("post", headers=own)


async def test_a_repeated_call_waits_for_the_first(client: FlakyClient) -> None:
    """Its answer was lost, but the server still works on it; asked at first it is 409."""
    running = (409, {"retry-after": "0"})
    app.answers = ["breaks", *[running] * 10, 200]  # more often than calls are repeated
    assert await client.call("post", takes_idempotency_key=True) == 1
    app.answers = [running, 200]
    with pytest.raises(errors.Conflict):
        await client.call("post", takes_idempotency_key=True)
    app.answers = ["breaks", running, 200]
    with pytest.raises(errors.Conflict):
        await client.call("put")


async def test_a_server_may_refuse_to_be_asked_again(client: FlakyClient) -> None:
    """One that has repeated a call itself, for one."""
    app.answers = [(503, {"X-Should-Retry": "false"}), 200]
    with pytest.raises(errors.ServiceUnavailable):
        await client.call()


async def test_retry_after_is_waited_for_within_the_time(client: FlakyClient) -> None:
    """And where it would take longer the answer is the call's at once."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    app.answers = [(503, {"retry-after": "1"}), 200]
    client._timeout_s = 0.5
    with pytest.raises(errors.ServiceUnavailable) as caught:
        await client.call()
    assert loop.time() - begin < 0.5
    assert caught.value.attempts == 1


async def test_all_attempts_share_one_timeout(client: FlakyClient) -> None:
    """The error tells the time of the whole call."""
    # The first calls import httpx and make its clients, which takes time of theirs.
    await client.call()
    await asyncio.to_thread(client.call_sync)
    client._timeout_s = 0.15
    app.answers = [503, "hangs", 200]
    with pytest.raises(errors.ClientTimeout, match=r"within 0.15 s") as caught:
        await client.call()
    assert caught.value.attempts == 2
    app.answers = [503, "hangs", 200]
    with pytest.raises(errors.ClientTimeout, match=r"within 0.15 s"):
        await asyncio.to_thread(client.call_sync)


async def test_a_cancelled_call_stops_waiting(client: FlakyClient) -> None:
    """Between two attempts."""
    client._retries = RetryPolicy(first_s=60, longest_s=60)
    app.answers = [503] * 3
    client._timeout_s = None
    call = asyncio.ensure_future(client.call())
    while not app.keys:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(app.keys) == 1


async def test_a_stream_is_repeated_until_it_begins(client: FlakyClient) -> None:
    """And never after that."""
    app.answers = [503, 502, 200]
    assert [item async for item in client.items()] == [1]
    app.answers = ["breaks", 200]
    app.keys = []
    with pytest.raises(errors.CallError):
        _ = [item async for item in client.items()]
    assert len(app.keys) == 1


async def test_none_repeats_nothing(
    client: FlakyClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A default client repeats, and logs each attempt at debug."""
    client._retries = None
    app.answers = [503, 200]
    with pytest.raises(errors.ServiceUnavailable):
        await client.call()
    client._retries = QUICK
    app.answers = [503, 200]
    with caplog.at_level(logging.DEBUG, "modular_api.clients.retries"):
        await client.call()
    [message] = [
        r.getMessage() for r in caplog.records if r.name.startswith("modular_api")
    ]
    assert message.startswith("GET /api/v1/flaky/x answered 503; attempt 2 follows")
    assert FlakyClient(app=app)._retries == RetryPolicy()


async def test_a_body_that_is_not_what_its_encoding_says_is_a_broken_one(
    server: LiveServer,
) -> None:
    """Whole or streamed, in plain code too; never the error of a library."""
    garbled = (200, {"content-encoding": "gzip"})
    async with FlakyClient(base_url=server.base_url, retries=QUICK) as client:
        app.answers = [garbled, 200]
        assert await client.call() == 1
        app.answers = [garbled] * 3
        with pytest.raises(errors.PeerUnavailable):
            await client.call("post")
        with pytest.raises(errors.PeerUnavailable):
            await asyncio.to_thread(client.call_sync, "post")
        with pytest.raises(errors.PeerUnavailable):
            await anext(client.items())
    assert app.answers == []


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    """It may be restarting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with FlakyClient(base_url=address, retries=QUICK) as client:
            with pytest.raises(errors.PeerUnavailable) as caught:
                await client.call()
            assert caught.value.attempts == 3

            def listen() -> None:
                taken.listen()
                connection, _ = taken.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n"
                        b"connection: close\r\n\r\n1"
                    )

            client._retries = RetryPolicy(attempts=50, first_s=0.02, longest_s=0.02)
            server = threading.Timer(0.02, listen)
            server.start()
            assert await client.call() == 1
            server.join(5)


def test_waits_are_random_up_to_a_limit_that_doubles() -> None:
    """And never beyond the longest."""
    policy = RetryPolicy(first_s=0.1, longest_s=0.3)
    for attempt, limit_s in ((1, 0.1), (2, 0.2), (3, 0.3), (9, 0.3)):
        waits = [policy.wait_s(attempt) for _ in range(500)]
        assert 0 <= min(waits) < limit_s * 0.1
        assert limit_s * 0.9 < max(waits) <= limit_s


def test_a_policy_of_very_many_attempts_can_count_that_far() -> None:
    """The doubling stops at the longest wait, before a number gets too large."""
    policy = RetryPolicy(attempts=2000, longest_s=0.3)
    assert max(policy.wait_s(attempt) for attempt in range(1000, 2001)) <= 0.3


def test_retry_after_is_seconds_or_a_date() -> None:
    """What is neither is no wish."""
    later = datetime.now(UTC) + timedelta(seconds=30)
    for text, low, high in (
        ("7", 7, 7),
        (format_datetime(later, usegmt=True), 28, 30),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0, 0),
        ("soon", 0, 0),
        ("", 0, 0),
        ("-3", 0, 0),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", 0, 0),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999", 0, 0),
        ("9" * 400, math.inf, math.inf),
    ):
        answer = Response(503, {"retry-after": text}, b"")
        assert low <= retry_after_s(answer) <= high, text


def test_retry_after_comes_before_the_random_wait() -> None:
    """Callers that were told the same second do not come back together."""
    attempts = Attempts("GET /x", RetryPolicy(), None, keyed=False)
    attempts.begin()
    waits = {
        attempts.answered(Response(503, {"retry-after": "5"}, b"")) for _ in range(50)
    }
    assert len(waits) > 1
    assert all(wait is not None and 5 <= wait <= 5.1 for wait in waits)


@pytest.mark.parametrize("asked", ["3601", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_nobody_waits_for_ever(asked: str) -> None:
    """Not even without a time limit: the answer is the call's."""
    attempts = Attempts("GET /x", RetryPolicy(), None, keyed=False)
    attempts.begin()
    assert attempts.answered(Response(503, {"retry-after": asked}, b"")) is None
    assert attempts.answered(Response(503, {"retry-after": "3600"}, b"")) is not None


def test_an_impossible_policy_is_refused() -> None:
    """The error repeats it."""
    with pytest.raises(ConfigurationError, match="attempts=0"):
        RetryPolicy(attempts=0)
    with pytest.raises(ConfigurationError):
        RetryPolicy(first_s=-1)
