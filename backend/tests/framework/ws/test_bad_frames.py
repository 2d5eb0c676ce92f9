"""Ten thousand bad messages, from a seed: the server lives, and nothing is silent."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastws import OperationRouter
from websockets.exceptions import ConnectionClosed

from modular_api.testing import LiveServer
from modular_api.ws import Limits

Make = Callable[..., Any]

COUNT = 10_000


def bad_messages(seed: int) -> Iterator[str | bytes]:
    """Yield messages none of which can be understood."""
    dice = random.Random(seed)
    good = json.dumps({"type": "bars.subscribe", "payload": {"symbol": "A"}, "id": 1})
    kinds: list[Callable[[], str | bytes]] = [
        lambda: dice.randbytes(dice.randrange(200)),
        lambda: dice.randbytes(dice.randrange(1, 200)).decode("latin-1") + "{",
        lambda: good[: dice.randrange(len(good))],
        lambda: _flipped(good, dice) + "]",
        lambda: json.dumps({"type": dice.choice(["", 1, None, [], "nope", "error"])}),
        lambda: json.dumps({"type": "bars.update", "payload": {"close": 1}}),
        lambda: json.dumps({"type": "bars.subscribe", "payload": dice.random()}),
        lambda: json.dumps({"type": "bars.subscribe", "id": {}, "payload": None}),
        lambda: json.dumps({"type": "bars.subscribe", "recover": dice.random()}),
        lambda: json.dumps({"type": "crash", "id": dice.randrange(9)}),
        lambda: "[" * dice.randrange(1, 3_000),
        lambda: '{"type":"bars.subscribe","payload":{"symbol":"\\ud800"}}',
        lambda: _INVALID_UTF8,
        lambda: _OVERSIZED,
    ]
    weights = [100] * (len(kinds) - 2) + [3, 3]
    for _ in range(COUNT):
        yield dice.choices(kinds, weights)[0]()


_INVALID_UTF8 = b"\xff invalid"
_OVERSIZED = "x" * 1_200_000


def _flipped(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text))
    return text[:at] + chr(dice.randrange(32, 127)) + text[at + 1 :]


def crashing() -> OperationRouter:
    """A handler that fails."""
    router = OperationRouter()

    @router.send("crash", reply="crashed")
    def crash() -> str:
        raise ZeroDivisionError

    return router


@pytest.mark.slow
def test_ten_thousand_bad_messages(
    sockets: Make, bars: Make, connected: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Each gets an error or a documented code, never 1006, and a line in the log."""
    caplog.set_level(logging.WARNING, "modular_api.ws")
    limits = Limits(bad_messages=1_000_000)
    app = sockets(bars("bars"), crashing(), ws_limits=limits)
    answers: Counter[str] = Counter()
    closes: Counter[int] = Counter()
    messages = bad_messages(seed=4)
    sent = 0
    with LiveServer(app) as server:
        while sent < COUNT:
            with connected(server) as client:
                try:
                    for message in messages:
                        sent += 1
                        _send(client.socket, message)
                        answer = client.receive()
                        assert answer["type"] == "error", (message, answer)
                        answers[answer["payload"]["code"]] += 1
                except ConnectionClosed as end:
                    closes[end.rcvd.code if end.rcvd else 1006] += 1
        with connected(server) as client:
            answer = client.ask("bars.subscribe", {"symbol": "A"})
            assert answer["payload"]["success"] is True
    logged = [r for r in caplog.records if r.name == "modular_api.ws.endpoint"]
    assert sent == COUNT
    assert set(closes) == {1007, 1009}
    assert sum(answers.values()) + sum(closes.values()) == COUNT
    assert len(logged) == COUNT
    assert all(record.getMessage().startswith("[") for record in logged)


def _send(socket: Any, message: str | bytes) -> None:
    try:
        socket.send(message, text=True if message is _INVALID_UTF8 else None)
    except ConnectionClosed:
        # The server may refuse it by its length, before the whole of it was sent.
        assert message is _OVERSIZED
