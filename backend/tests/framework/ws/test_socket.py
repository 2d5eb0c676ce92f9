"""A module's socket in an app: frames, topics, errors and limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import fastws
import pytest
from fastapi import APIRouter, Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from modular_api.errors import ModuleLifespanError
from modular_api.testing import LifespanInBackground
from modular_api.ws import Limits, SocketError, WsRouter
from modular_api.ws.errors import SocketNotRunning

ADDRESS = "/api/v1/market/ws"
Make = Callable[..., Any]


class Symbols(BaseModel):
    """Several symbols."""

    symbols: list[str]


class Quote(BaseModel):
    """A quote."""

    symbol: str
    price: float


class Quotes(WsRouter[Symbols, Quote]):
    """A topic for each symbol."""

    def topics(self, request: Symbols) -> Iterable[Symbols]:
        """One for each symbol."""
        return [Symbols(symbols=[symbol]) for symbol in request.symbols]

    async def check(self, request: Symbols) -> None:
        """Refuse symbols nobody knows."""
        if "NOPE" in request.symbols:
            raise SocketError("There is no NOPE.", code="unknown_symbol")
        if "HTTP" in request.symbols:
            raise HTTPException(404, "There is no HTTP.")
        if "CRASH" in request.symbols:
            raise RuntimeError("secret")


def quote(price: float, symbol: str = "AAPL") -> tuple[Symbols, Quote]:
    return Symbols(symbols=[symbol]), Quote(symbol=symbol, price=price)


def ask(ws: Any, type_: str, payload: Any = None, **beside: Any) -> Any:
    ws.send_json({"type": type_, "payload": payload, **beside})
    return ws.receive_json()


def subscribe(ws: Any, *symbols: str, **beside: Any) -> Any:
    return ask(ws, "quotes.subscribe", {"symbols": list(symbols)}, **beside)


def test_the_frames_of_a_subscription(sockets: Make) -> None:
    """The answer repeats the request; updates bear the model itself."""
    http = APIRouter()

    @http.post("/publish")
    async def publish(
        quotes: Annotated[Quotes, Depends(Quotes.running)], price: float
    ) -> None:
        quotes.publish(*quote(price))

    app = sockets(Quotes("quotes"), routers={"v1": http})
    with LifespanInBackground(app), TestClient(app) as client:
        with client.websocket_connect(ADDRESS) as ws:
            answer = subscribe(ws, "AAPL", id=3)
            assert client.post("/api/v1/market/publish?price=1.5").status_code == 200
            update = ws.receive_json()
            left = ask(ws, "quotes.unsubscribe", {"symbols": ["AAPL"]})
    topic, epoch = answer["topic"], answer["epoch"]
    assert answer == {
        "type": "quotes.subscribe.response",
        "id": 3,
        "topic": topic,
        "epoch": epoch,
        "offset": 0,
        "payload": {"symbols": ["AAPL"], "success": True},
    }
    assert update == {
        "type": "quotes.update",
        "topic": topic,
        "epoch": epoch,
        "offset": 1,
        "payload": {"symbol": "AAPL", "price": 1.5},
    }
    assert left["type"] == "quotes.unsubscribe.response"
    assert left["payload"]["success"] is True


def test_one_request_follows_several_topics(sockets: Make) -> None:
    """Each has its own position; unsubscribing takes any of them out."""
    app = sockets(Quotes("quotes"))
    with TestClient(app) as client, client.websocket_connect(ADDRESS) as ws:
        answer = subscribe(ws, "AAPL", "MSFT")
        assert answer["payload"] == {"symbols": ["AAPL", "MSFT"], "success": True}
        assert [each["offset"] for each in answer["topics"]] == [0, 0]
        router = app.modules_apps[0].ws_versions[0].running_router("quotes")
        first = ask(ws, "quotes.unsubscribe", {"symbols": ["AAPL"]})
        assert first["payload"]["success"] is True
        again = ask(ws, "quotes.unsubscribe", {"symbols": ["AAPL"]})
        assert again["payload"]["success"] is False
        client.portal.call(_publish, router, quote(1.0, "AAPL"))  # type: ignore[union-attr] # entered
        client.portal.call(_publish, router, quote(2.0, "MSFT"))  # type: ignore[union-attr] # entered
        assert ws.receive_json()["payload"] == {"symbol": "MSFT", "price": 2.0}


async def _publish(router: Any, what: tuple[Any, Any]) -> None:
    router.publish(*what)


def test_a_client_recovers_what_it_missed(sockets: Make) -> None:
    """From the last position it knows; the live updates follow without a gap."""
    app = sockets(Quotes("quotes"))
    with TestClient(app) as client:
        router = app.modules_apps[0].ws_versions[0].running_router("quotes")
        call = client.portal.call  # type: ignore[union-attr] # entered
        with client.websocket_connect(ADDRESS) as ws:
            epoch = subscribe(ws, "AAPL")["epoch"]
            call(_publish, router, quote(1.0))
            assert ws.receive_json()["offset"] == 1
        for price in (2.0, 3.0):
            call(_publish, router, quote(price))
        with client.websocket_connect(ADDRESS) as ws:
            answer = subscribe(ws, "AAPL", recover={"epoch": epoch, "offset": 1})
            assert (answer["recovered"], answer["offset"]) == (True, 1)
            call(_publish, router, quote(4.0))
            got = [ws.receive_json() for _ in range(3)]
            assert [(m["offset"], m["payload"]["price"]) for m in got] == [
                (2, 2.0),
                (3, 3.0),
                (4, 4.0),
            ]
        with client.websocket_connect(ADDRESS) as ws:
            answer = subscribe(ws, "AAPL", recover={"epoch": "old", "offset": 1})
            assert (answer["recovered"], answer["offset"]) == (False, 4)


def test_subscribing_twice_is_one_subscription(sockets: Make) -> None:
    """Updates come once."""
    app = sockets(Quotes("quotes"))
    with TestClient(app) as client, client.websocket_connect(ADDRESS) as ws:
        subscribe(ws, "AAPL")
        subscribe(ws, "AAPL")
        router = app.modules_apps[0].ws_versions[0].running_router("quotes")
        for price in (1.0, 2.0):
            client.portal.call(_publish, router, quote(price))  # type: ignore[union-attr] # entered
        assert [ws.receive_json()["offset"] for _ in range(2)] == [1, 2]


BAD_MESSAGES = [
    ("{", "bad_json"),
    ("[]", "bad_envelope"),
    ('{"type":"nope"}', "unknown_type"),
    ('{"type":"quotes.update"}', "server_only"),
    ('{"type":"quotes.subscribe.response"}', "server_only"),
    ('{"type":"error"}', "server_only"),
    ('{"type":"quotes.subscribe"}', "invalid_payload"),
    ('{"type":"quotes.subscribe","payload":{"symbols":7},"id":"x"}', "invalid_payload"),
    ('{"type":"quotes.subscribe","payload":{"symbols":["NOPE"]}}', "unknown_symbol"),
    ('{"type":"quotes.subscribe","payload":{"symbols":["HTTP"]}}', "refused"),
    ('{"type":"quotes.subscribe","payload":{"symbols":["CRASH"]}}', "internal"),
]


@pytest.mark.parametrize(("text", "code"), BAD_MESSAGES)
def test_a_bad_message_is_answered_and_logged(
    sockets: Make, caplog: pytest.LogCaptureFixture, text: str, code: str
) -> None:
    """The connection stays open, and the log line carries the request's id."""
    app = sockets(Quotes("quotes"))
    headers = {"X-Request-ID": "test-7"}
    with TestClient(app) as client:
        with client.websocket_connect(ADDRESS, headers=headers) as ws:
            ws.send_text(text)
            error = ws.receive_json()
            assert subscribe(ws, "AAPL")["payload"]["success"] is True
    assert error["type"] == "error"
    assert error["payload"]["code"] == code
    assert error["payload"]["ref"] == ("x" if '"id":"x"' in text else None)
    assert "secret" not in error["payload"]["message"]
    assert any("[test-7]" in r.getMessage() for r in caplog.records)


def test_a_binary_message_is_answered(sockets: Make) -> None:
    """Only text is understood."""
    with TestClient(sockets(Quotes("quotes"))) as client:
        with client.websocket_connect(ADDRESS) as ws:
            ws.send_bytes(b"{}")
            assert ws.receive_json()["payload"]["code"] == "binary"


def test_a_message_too_long_closes_with_1009(sockets: Make) -> None:
    """Also where the server below has another limit; length counts in bytes."""
    app = sockets(Quotes("quotes"), ws_limits=Limits(message_bytes=100))
    with TestClient(app) as client, client.websocket_connect(ADDRESS) as ws:
        ws.send_text('"' + "é" * 48 + '"')
        assert ws.receive_json()["payload"]["code"] == "bad_envelope"
        ws.send_text('"' + "é" * 60 + '"')
        with pytest.raises(WebSocketDisconnect) as caught:
            ws.receive_json()
    assert caught.value.code == 1009


def test_too_many_bad_messages_close_with_4029(sockets: Make) -> None:
    """Each of them was answered."""
    app = sockets(Quotes("quotes"), ws_limits=Limits(bad_messages=3))
    with TestClient(app) as client, client.websocket_connect(ADDRESS) as ws:
        for _ in range(3):
            ws.send_text("{")
        codes = [ws.receive_json()["payload"]["code"] for _ in range(3)]
        with pytest.raises(WebSocketDisconnect) as caught:
            ws.receive_json()
    assert codes == ["bad_json"] * 3
    assert caught.value.code == 4029


def test_topics_of_a_connection_are_limited(sockets: Make) -> None:
    """A request that would exceed it follows none of its topics."""
    app = sockets(Quotes("quotes"), ws_limits=Limits(topics=2))
    with TestClient(app) as client, client.websocket_connect(ADDRESS) as ws:
        error = subscribe(ws, "A", "B", "C")
        assert error["payload"]["code"] == "too_many_topics"
        assert subscribe(ws, "A", "B")["payload"]["success"] is True


def test_another_clients_subscription_cannot_be_ended(sockets: Make) -> None:
    """And a client that goes releases its own alone."""
    app = sockets(Quotes("quotes"))
    with TestClient(app) as client:
        adapter = app.modules_apps[0].ws_versions[0]
        with client.websocket_connect(ADDRESS) as ws:
            subscribe(ws, "AAPL")
            with client.websocket_connect(ADDRESS) as other:
                left = ask(other, "quotes.unsubscribe", {"symbols": ["AAPL"]})
                assert left["payload"]["success"] is False
                subscribe(other, "AAPL")
                assert len(adapter.connections) == 2
            router = adapter.running_router("quotes")
            client.portal.call(_publish, router, quote(1.0))  # type: ignore[union-attr] # entered
            assert ws.receive_json()["payload"]["price"] == 1.0
        runtime = adapter._latest()
        client.portal.call(_until, lambda: not runtime.connections)  # type: ignore[union-attr] # entered
        assert list(runtime.hub.topics) == []


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def bearer_only(
    found: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> None:
    """One dependency for REST and socket, on FastAPI's own security class."""
    if found.credentials == "away":
        raise HTTPException(503, "Nobody can tell now.")
    if found.credentials != "good":
        raise HTTPException(403 if found.credentials == "weak" else 401, "No.")


@pytest.fixture
def guarded(sockets: Make) -> Any:
    """An app whose module lets in who brings the token `good`."""
    http = APIRouter()
    http.add_api_route("/secret", lambda: "told")
    return sockets(
        Quotes("quotes"), routers={"v1": http}, dependencies=[Depends(bearer_only)]
    )


def test_one_dependency_guards_rest_and_socket(guarded: Any) -> None:
    """Without a token 403 before the socket is accepted; with it all is open."""
    good = {"Authorization": "Bearer good"}
    with TestClient(guarded) as client:
        assert client.get("/api/v1/market/secret").status_code == 401
        assert client.get("/api/v1/market/secret", headers=good).status_code == 200
        with pytest.raises(WebSocketDisconnect) as caught:
            with client.websocket_connect(ADDRESS):
                pass
        assert caught.value.code == 1008
        with client.websocket_connect(ADDRESS, headers=good) as ws:
            assert subscribe(ws, "AAPL")["payload"]["success"] is True


def test_a_guard_that_cannot_tell_is_no_refusal(guarded: Any) -> None:
    """Its own answer, here 503, is what the handshake gets."""
    with TestClient(guarded) as client:
        with pytest.raises(WebSocketDenialResponse) as caught:
            with client.websocket_connect(
                ADDRESS, headers={"Authorization": "Bearer away"}
            ):
                pass
    assert caught.value.status_code == 503
    assert caught.value.json()["detail"] == "Nobody can tell now."


def test_a_browser_sends_its_token_as_subprotocol(guarded: Any) -> None:
    """It can set no header."""
    with TestClient(guarded) as client:
        with client.websocket_connect(ADDRESS, ["bearer", "good"]) as ws:
            assert ws.accepted_subprotocol == "bearer"
            assert subscribe(ws, "AAPL")["payload"]["success"] is True
        with pytest.raises(WebSocketDisconnect):
            with client.websocket_connect(ADDRESS, ["bearer", "bad"]):
                pass


def test_a_token_may_come_in_the_first_message(guarded: Any) -> None:
    """The client says so by a subprotocol, and nothing else is heard before."""
    with TestClient(guarded) as client:
        with client.websocket_connect(ADDRESS, ["first-message-auth"]) as ws:
            answer = ask(ws, "auth", {"token": "good"}, id=1)
            assert answer["payload"] == {"success": True}
            assert subscribe(ws, "AAPL")["payload"]["success"] is True


def test_a_ping_is_answered(sockets: Make) -> None:
    """By every socket: a browser cannot send those of the protocol."""
    with TestClient(sockets(Quotes("quotes"))) as client:
        with client.websocket_connect(ADDRESS) as ws:
            assert ask(ws, "ping", id="p") == {
                "type": "ping.response",
                "id": "p",
                "payload": {"success": True},
            }


def test_a_ping_waits_for_no_other_request(sockets: Make) -> None:
    """Or a client would take a socket that is busy for a dead one."""
    asked = fastws.OperationRouter()

    @asked.send("wait", reply="waited")
    async def wait() -> None:
        await asyncio.Event().wait()

    limits = Limits(concurrent_requests=1, close_timeout_s=0.1)
    app = sockets(asked, Quotes("quotes"), ws_limits=limits)
    with TestClient(app) as client, client.websocket_connect(ADDRESS) as ws:
        ws.send_json({"type": "wait"})
        assert ask(ws, "ping")["type"] == "ping.response"


@pytest.mark.parametrize(
    ("method", "name", "reply"),
    [
        ("send", "ping", "pong"),
        ("send", "hello", "ping"),
        ("send", "hello", "ping.response"),
        ("recv", "ping", None),
    ],
)
def test_a_module_s_own_ping_stands_in_the_place_of_ours(
    sockets: Make, method: str, name: str, reply: str | None
) -> None:
    """It may have been there before ours was; its document does not promise ours."""
    own = fastws.OperationRouter()
    declare = own.send(name, reply=reply) if method == "send" else own.recv(name)

    @declare
    async def answer() -> None:
        """Say nothing more."""

    app = sockets(own)
    with TestClient(app) as client:
        document = client.get("/api/v1/market/asyncapi.json").json()
        kinds = {each["x-kind"] for each in document["operations"].values()}
        assert "ping" not in kinds
        with client.websocket_connect(ADDRESS) as ws:
            told = ask(ws, "ping")
    if (method, name) == ("send", "ping"):
        assert told == {"type": "pong"}
    else:
        assert told["type"] == "error"


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"type": "auth", "payload": {"token": "bad"}}, 4401),
        ({"type": "auth", "payload": {"token": "weak"}}, 4403),
        ({"type": "auth"}, 4401),
        ({"type": "quotes.subscribe", "payload": {"symbols": ["A"]}}, 4401),
    ],
)
def test_a_bad_first_message_closes_with_a_code(
    guarded: Any, first: Any, code: int
) -> None:
    """4401 for no or wrong credentials, 4403 for those that are not enough."""
    with TestClient(guarded) as client:
        with client.websocket_connect(ADDRESS, ["first-message-auth"]) as ws:
            ws.send_json(first)
            with pytest.raises(WebSocketDisconnect) as caught:
                ws.receive_json()
    assert caught.value.code == code


def test_a_first_message_that_never_comes_is_not_waited_for(sockets: Make) -> None:
    """After a while the client is unauthenticated."""
    app = sockets(
        Quotes("quotes"),
        dependencies=[Depends(bearer_only)],
        ws_limits=Limits(auth_timeout_s=0.01),
    )
    with TestClient(app) as client:
        with client.websocket_connect(ADDRESS, ["first-message-auth"]) as ws:
            with pytest.raises(WebSocketDisconnect) as caught:
                ws.receive_json()
    assert caught.value.code == 4401


def test_a_socket_without_a_lifespan_is_a_typed_error(sockets: Make) -> None:
    """As with the service, the error says how to serve the app."""
    client = TestClient(sockets(Quotes("quotes")))
    with pytest.raises(SocketNotRunning):
        with client.websocket_connect(ADDRESS):
            pass


def test_many_apps_of_one_declaration_live_side_by_side(sockets: Make) -> None:
    """Each binds its own copy of a router; the declared one stays as it was."""
    declared = Quotes("quotes")
    one, two = sockets(declared), sockets(declared)
    with TestClient(one) as first, TestClient(two) as second:
        with (
            first.websocket_connect(ADDRESS) as ws,
            second.websocket_connect(ADDRESS) as other,
        ):
            subscribe(ws, "AAPL")
            subscribe(other, "AAPL")
            routers = [
                app.modules_apps[0].ws_versions[0].running_router("quotes")
                for app in (one, two)
            ]
            assert routers[0] is not routers[1]
            assert routers[0].service is not routers[1].service
            first.portal.call(_publish, routers[0], quote(1.0))  # type: ignore[union-attr] # entered
            second.portal.call(_publish, routers[1], quote(2.0))  # type: ignore[union-attr] # entered
            assert ws.receive_json()["payload"]["price"] == 1.0
            assert other.receive_json()["payload"]["price"] == 2.0
    with pytest.raises(SocketNotRunning):
        _ = declared.service


async def test_a_router_that_cannot_start_lets_the_others_stop(sockets: Make) -> None:
    """What was connected to the service is disconnected; the error names the module."""
    seen: list[str] = []

    class First(Quotes):
        """Starts."""

        async def stopping(self) -> None:
            """Remember it."""
            seen.append("stopping")

    class Second(Quotes):
        """Fails."""

        async def started(self) -> None:
            """Fail."""
            raise RuntimeError("no wire")

    app = sockets(First("first"), Second("second"))
    with pytest.raises(ModuleLifespanError, match="the socket of v1.*no wire"):
        async with app.router.lifespan_context(app):
            pass
    assert seen == ["stopping"]


async def test_who_comes_while_the_socket_closes_is_sent_away(sockets: Make) -> None:
    """A handshake that was being judged meanwhile ends with 1012, new ones with 503."""
    app = sockets(Quotes("quotes"))
    sent: list[Any] = []
    adapter = app.modules_apps[0].ws_versions[0]
    async with adapter.running() as runtime:

        async def receive() -> Any:
            if not sent:
                return {"type": "websocket.connect"}
            return await asyncio.get_running_loop().create_future()

        async def send(message: Any) -> None:
            sent.append(message)
            runtime.is_closing = True

        scope = {"type": "websocket", "headers": [], "state": {}, "scheme": "ws"}
        scope["extensions"] = {"websocket.http.response": {}}
        await adapter.answer(scope, receive, send)
        assert [each["type"] for each in sent] == [
            "websocket.accept",
            "websocket.close",
        ]
        assert sent[1]["code"] == 1012
        sent.clear()
        await adapter.answer(scope, receive, send)
        assert sent[0]["status"] == 503


def test_a_router_may_be_started_and_stopped_with_the_service(sockets: Make) -> None:
    """`started` comes after the service runs, `stopping` before it is left."""
    seen: list[str] = []

    class Pushed(Quotes):
        """Told of both."""

        async def started(self) -> None:
            """The service is there."""
            seen.append(f"started {type(self.service).__name__}")

        async def stopping(self) -> None:
            """The service is still there."""
            seen.append(f"stopping {type(self.service).__name__}")

    with TestClient(sockets(Pushed("quotes"))):
        assert seen == ["started Market"]
    assert seen == ["started Market", "stopping Market"]
