"""Payloads that cannot be read or sent, whatever it is that fails."""

from __future__ import annotations

from typing import Any

import pytest

from modular_api.clients.errors import MalformedResponse
from modular_api.clients.socket_errors import InvalidMessage, MalformedMessage
from modular_api.clients.sockets.buffer import Buffer, Received
from modular_api.clients.sockets.operations import Ask, Receiving, Sending, Tell
from modular_api.clients.sockets.socket import ModuleSocket
from modular_api.clients.sockets.subscription import Subscription
from modular_api.clients.sockets.validation import PayloadSchemas
from modular_api.clients.streams import _Items


def pair(value: Any) -> tuple[Any, Any]:
    """Do as generated code does with a tuple."""
    return value[0], value[1]


async def begun() -> None:
    """Nothing is asked of a server."""


class Socket(ModuleSocket):
    """One without generated methods."""

    module_name, api_version, address = "m", "v1", "/ws"


class Answering:
    """A conversation in which every answer is too short."""

    async def ask(self, type_: str, payload: Any) -> Any:
        return [1]


def ignored(payload: Any) -> None:
    """Every payload is a good one."""


async def test_a_short_tuple_in_an_update_is_malformed() -> None:
    """The next one can be read."""
    buffer = Buffer(2)
    for payload in ([1], [1, 2]):
        buffer.put(Received("u", "t", payload))
    updates = Subscription(
        buffer, Receiving("u", pair), begun=begun, end=lambda: buffer.end()
    )
    with pytest.raises(MalformedMessage, match="IndexError"):
        await anext(updates)
    assert await anext(updates) == (1, 2)
    await updates.aclose()


async def test_a_short_tuple_in_an_answer_is_malformed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    socket = Socket(base_url="http://127.0.0.1:1")
    monkeypatch.setattr(socket, "_started", Answering)
    question: Ask[None, Any] = Ask(
        Sending("ask", None, ignored), Receiving("answer", pair)
    )
    with pytest.raises(MalformedMessage, match="IndexError"):
        await socket._ask(question)


def test_a_short_tuple_in_a_stream_is_malformed() -> None:
    items = _Items("GET /x", "jsonl", lambda response: response, pair)
    with pytest.raises(MalformedResponse):
        list(items.feed(b"[1]\n"))


SCHEMAS = PayloadSchemas('{"messages": {"any": {}}, "components": {}}')


@pytest.mark.parametrize("value", [(1,), (1, float("inf")), (1, {2})])
async def test_what_cannot_be_written_is_refused_before_it_is_sent(value: Any) -> None:
    """A subscription is written later, where nobody could be told."""
    socket = Socket(base_url="http://127.0.0.1:1")
    message = Sending("tell", pair, SCHEMAS.check("any", "tell"))
    with pytest.raises(InvalidMessage, match="no such payload"):
        await socket._tell(Tell(message), value)
