"""The datafeed's socket, in the whole app."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession

pytestmark = pytest.mark.api

SOCKET = "/api/v1/datafeed/ws"


def ask(socket: WebSocketTestSession, type_: str, payload: Any) -> Any:
    """Send a message and return its answer, which updates may precede."""
    socket.send_json({"type": type_, "payload": payload, "id": "asked"})
    while (answer := socket.receive_json()).get("id") != "asked":
        assert answer["type"].endswith(".update")
    return answer


def test_subscribe_to_quotes(client: TestClient) -> None:
    """Test subscribing to quote updates."""
    with client.websocket_connect("/api/v1/datafeed/ws") as websocket:
        # Send subscription
        websocket.send_json(
            {"type": "quotes.subscribe", "payload": {"symbols": ["AAPL", "GOOGL"]}}
        )

        # Verify response
        response = websocket.receive_json()
        assert response["type"] == "quotes.subscribe.response"
        assert response["payload"]["success"] is True

        # Verify updates
        quote = websocket.receive_json()
        assert quote["type"] == "quotes.update"
        assert quote["payload"]["symbol"] in ["AAPL", "GOOGL"]


def test_every_symbol_asked_for_is_told(client: TestClient) -> None:
    """Each on a topic of its own, which the answer names."""
    with client.websocket_connect(SOCKET) as socket:
        answer = ask(socket, "quotes.subscribe", {"symbols": ["AAPL", "TSLA", "AAPL"]})
        assert answer["payload"] == {
            "symbols": ["AAPL", "TSLA", "AAPL"],
            "success": True,
        }
        topics = [each["topic"] for each in answer["topics"]]
        assert len(set(topics)) == 2
        told: dict[str, str] = {}
        while len(told) < 2:
            update = socket.receive_json()
            told[update["topic"]] = update["payload"]["symbol"]
        assert [told[topic] for topic in topics] == ["AAPL", "TSLA"]


def test_a_quote_on_the_socket_is_as_over_http(client: TestClient) -> None:
    """The same fields and words; prices are text on both."""
    over_http = client.get("/api/v1/datafeed/quotes/MSFT").json()
    with client.websocket_connect(SOCKET) as socket:
        ask(socket, "quotes.subscribe", {"symbols": ["MSFT"]})
        payload = socket.receive_json()["payload"]
    assert set(payload) == set(over_http)
    assert Decimal(payload["bid"]) < Decimal(payload["ask"])
    assert isinstance(payload["price"], str)


def test_bars_are_followed_by_symbol_and_resolution(client: TestClient) -> None:
    """Minutes unless asked otherwise; the newest bar comes at once."""
    with client.websocket_connect(SOCKET) as socket:
        answer = ask(socket, "bars.subscribe", {"symbol": "EURUSD"})
        assert answer["payload"]["resolution"] == "1"
        update = socket.receive_json()
        assert (update["type"], update["topic"]) == ("bars.update", answer["topic"])
        assert set(update["payload"]) == {
            "time",
            "open",
            "high",
            "low",
            "close",
            "volume",
        }
        daily = ask(socket, "bars.subscribe", {"symbol": "EURUSD", "resolution": "1D"})
        assert daily["topic"] != answer["topic"]
        while (update := socket.receive_json())["topic"] != daily["topic"]:
            pass
        time = datetime.fromisoformat(update["payload"]["time"])
        assert (time.hour, time.minute) == (0, 0)


def test_offsets_rise_by_one(client: TestClient) -> None:
    """A client that sees them do so has missed nothing."""
    with client.websocket_connect(SOCKET) as socket:
        start = ask(socket, "quotes.subscribe", {"symbols": ["NVDA"]})
        updates = [socket.receive_json() for _ in range(2)]
    offsets = [start["offset"], *(each["offset"] for each in updates)]
    assert offsets == list(range(offsets[0], offsets[0] + 3))
    assert {start["epoch"]} == {each["epoch"] for each in updates}


@pytest.mark.parametrize(
    ("type_", "payload"),
    [
        ("quotes.subscribe", {"symbols": ["AAPL", "NOPE"]}),
        ("bars.subscribe", {"symbol": "NOPE"}),
    ],
)
def test_an_unknown_symbol_is_refused(
    client: TestClient, type_: str, payload: Any
) -> None:
    """In words, and with a code for programs; the connection stays."""
    with client.websocket_connect(SOCKET) as socket:
        answer = ask(socket, type_, payload)
        assert answer["type"] == "error"
        assert answer["payload"]["code"] == "unknown_symbol"
        assert "'NOPE'" in answer["payload"]["message"]
        assert ask(socket, "bars.subscribe", {"symbol": "AAPL"})["payload"]["success"]


@pytest.mark.parametrize(
    ("type_", "payload"),
    [
        ("quotes.subscribe", {}),
        ("quotes.subscribe", {"symbols": []}),
        ("quotes.subscribe", {"symbols": ["not a symbol"]}),
        ("quotes.subscribe", {"symbols": ["AAPL"] * 101}),
        ("bars.subscribe", {"symbol": "AAPL", "resolution": "7"}),
    ],
)
def test_an_impossible_request_is_refused(
    client: TestClient, type_: str, payload: Any
) -> None:
    """As invalid, before anything is followed."""
    with client.websocket_connect(SOCKET) as socket:
        assert ask(socket, type_, payload)["payload"]["code"] == "invalid_payload"


def test_who_unsubscribes_hears_no_more(client: TestClient) -> None:
    """Until the next subscription; what nobody followed cannot be left."""
    with client.websocket_connect(SOCKET) as socket:
        request = {"symbols": ["AMZN"]}
        ask(socket, "quotes.subscribe", request)
        assert ask(socket, "quotes.unsubscribe", request)["payload"]["success"] is True
        again = ask(socket, "quotes.unsubscribe", request)
        assert again["payload"]["success"] is False
