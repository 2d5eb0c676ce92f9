"""A genuine fastws router plugs in, and what fastws does badly is done well.

Each weakness is shown on plain fastws first, so that the test would fail on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from fastapi import Depends, FastAPI
from fastws import Client, FastWS, Message, OperationRouter
from fastws.routing import NoMatchingOperation
from pydantic import BaseModel, field_serializer, field_validator
from starlette.testclient import TestClient
from websockets.exceptions import ConnectionClosedError

from modular_api.module.declaration import BadDeclaration
from modular_api.testing import LiveServer
from modular_api.ws import FastWSAdapter, Limits
from modular_api.ws.errors import BadSocketDeclaration
from modular_api.ws.frames import Frame

ADDRESS = "/api/v1/market/ws"
Make = Callable[..., Any]


class Topic(BaseModel):
    """What is followed."""

    topic: str


class Alert(BaseModel):
    """What is told."""

    text: str


def alerts(prefix: str = "") -> OperationRouter:
    """Return a router as fastws's README shows it."""
    router = OperationRouter(prefix=prefix, tags=["alerts"])

    @router.send("follow", reply="follow.response", summary="Follow a topic.")
    async def follow(payload: Topic, client: Client, app: FastWS) -> Topic:
        """Long text."""
        client.subscribe(payload.topic)
        await app.server_send(
            Message(type=f"{prefix}alert", payload={"text": "to all"}),
            topic=payload.topic,
        )
        return payload

    @router.send("unfollow", reply="unfollow.response")
    def unfollow(payload: Topic, client: Client) -> list[str]:
        client.unsubscribe(payload.topic)
        return sorted(client.topics)

    @router.send("shout")
    async def shout(payload: Topic, app: FastWS) -> None:
        await app.broadcast(
            payload.topic, Message(type=f"{prefix}alert", payload={"text": "loud"})
        )

    @router.recv("alert")
    def alert(payload: Alert) -> Alert:
        return payload

    return router


def ask(ws: Any, type_: str, payload: Any = None, **beside: Any) -> Any:
    ws.send_json({"type": type_, "payload": payload, **beside})
    return ws.receive_json()


def plain_app(router: OperationRouter) -> FastAPI:
    """Serve a router with fastws as it is."""
    app, service = FastAPI(), FastWS()
    service.include_router(router)

    @app.websocket(ADDRESS)
    async def socket(client: Client = Depends(service.manage)) -> None:
        await service.serve(client)

    return app


class Deaf(Client):
    """A client of plain fastws that never reads, or is gone."""

    def __init__(self, error: Exception | None = None) -> None:
        self.uid, self.topics, self.error = "deaf", {"t"}, error
        self.asked = 0

    async def send(self, message: str) -> None:
        if self.error is not None:
            raise self.error
        await asyncio.get_running_loop().create_future()


class Envelope(BaseModel):
    """What broadcast takes."""

    type: str = "alert"
    payload: Alert = Alert(text="x")


@asynccontextmanager
async def followers(*writes: Callable[[Frame], bool]) -> AsyncIterator[FastWSAdapter]:
    """Run an adapter whose topic `t` is followed by members that write so."""
    from modular_api.ws.hub import Member

    adapter = FastWSAdapter(routers=[alerts()])
    async with adapter.running() as runtime:
        for write in writes:
            runtime.follow(Member(runtime.limits, write, lambda: None), "t")
        await runtime.feeds.open("t")
        yield adapter


def test_a_genuine_router_plugs_in(sockets: Make) -> None:
    """Send with and without reply, recv, topics of the handler's choice, prefix, id."""
    app = sockets(alerts("alerts."))
    with TestClient(app) as client:
        with (
            client.websocket_connect(ADDRESS) as ws,
            client.websocket_connect(ADDRESS) as other,
        ):
            update = ask(ws, "alerts.follow", {"topic": "t"}, id=5)
            assert update["type"] == "alerts.alert"
            assert update["payload"] == {"text": "to all"}
            assert update["topic"] == "t"
            assert ws.receive_json() == {
                "type": "alerts.follow.response",
                "id": 5,
                "payload": {"topic": "t"},
            }
            update = ask(other, "alerts.follow", {"topic": "t"})
            assert ws.receive_json() == update
            other.receive_json()
            other.send_json({"type": "alerts.shout", "payload": {"topic": "t"}})
            for each in (ws, other):
                told = each.receive_json()
                assert told["payload"] == {"text": "loud"}
                assert told["offset"] == update["offset"] + 1
            left = ask(ws, "alerts.unfollow", {"topic": "t"})
            assert left == {"type": "alerts.unfollow.response", "payload": []}


def test_its_operations_are_described(sockets: Make) -> None:
    """Summary, description and tags are the router's."""
    adapter = sockets(alerts("alerts.")).modules_apps[0].ws_versions[0]
    spec = adapter.describe()
    follow, _, shout, alert, *_ = spec.operations
    assert (spec.module, spec.address) == ("market", ADDRESS)
    assert (follow.name, follow.kind, follow.action) == (
        "alerts.follow",
        "request",
        "receive",
    )
    assert (follow.reply, follow.summary) == (
        "alerts.follow.response",
        "Follow a topic.",
    )
    assert (follow.description, follow.tags) == ("Long text.", ("alerts",))
    assert (shout.kind, shout.reply) == ("one_way", None)
    assert (alert.kind, alert.action) == ("event", "send")


def test_the_adapter_is_a_fastws() -> None:
    """And its decorators work."""
    adapter = FastWSAdapter()

    @adapter.send("ping", reply="pong")
    def ping() -> None:
        """Answers."""

    assert isinstance(adapter, FastWS)
    assert adapter.describe().operations[0].name == "ping"


async def test_manage_and_serve_work_as_in_fastws() -> None:
    """An app of one's own may use the adapter in place of FastWS."""
    adapter = FastWSAdapter(routers=[alerts()])

    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with adapter.running():
            yield

    app = FastAPI(lifespan=asynccontextmanager(lifespan))

    @app.websocket("/ws")
    async def socket(client: Client = Depends(adapter.manage)) -> None:
        await adapter.serve(client)

    with TestClient(app) as client, client.websocket_connect("/ws") as ws:
        assert ask(ws, "follow", {"topic": "t"})["payload"] == {"text": "to all"}
        assert ws.receive_json()["payload"] == {"topic": "t"}
        assert ask(ws, "nope")["payload"]["code"] == "unknown_type"
        assert len(adapter.connections) == 1


BAD = ["{", '{"type":"nope"}', '{"type":"follow","payload":1}', b"\x00"]


@pytest.mark.parametrize("bad", BAD)
def test_plain_fastws_drops_the_connection_without_a_word(
    bad: Any, connected: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """No close frame, which clients see as 1006, and no line in the log that says why."""
    with LiveServer(plain_app(alerts())) as server, connected(server) as client:
        client.socket.send(bad)
        with pytest.raises(ConnectionClosedError) as caught:
            client.receive()
    assert caught.value.rcvd is None
    assert not [r for r in caplog.records if "alid" in r.getMessage()]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_message_is_answered(
    bad: Any, sockets: Make, connected: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The socket stays open, and the log has a line."""
    with LiveServer(sockets(alerts())) as server, connected(server) as client:
        client.socket.send(bad)
        assert client.receive()["type"] == "error"
        client.ask("follow", {"topic": "t"})
        assert client.receive()["payload"] == {"topic": "t"}
    assert "modular_api.ws.endpoint" in {record.name for record in caplog.records}


def failing() -> OperationRouter:
    router = OperationRouter()

    @router.send("fail", reply="failed")
    def fail() -> str:
        raise LookupError("here")

    return router


def test_plain_fastws_hides_the_error_of_a_handler(
    connected: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection is gone and the log does not know."""
    with LiveServer(plain_app(failing())) as server, connected(server) as client:
        client.send("fail")
        with pytest.raises(ConnectionClosedError) as caught:
            client.receive()
    assert caught.value.rcvd is None
    assert "LookupError" not in caplog.text


def test_the_error_of_a_handler_is_logged_and_told(
    sockets: Make, connected: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The client learns nothing but the id to ask for."""
    with LiveServer(sockets(failing())) as server, connected(server) as client:
        error = client.ask("fail", id=1)
    assert error["payload"]["code"] == "internal"
    assert "here" not in error["payload"]["message"]
    assert "LookupError: here" in caplog.text


async def test_plain_fastws_waits_for_a_client_that_never_reads() -> None:
    """The publisher with it, and everybody else."""
    service = FastWS()
    service.connections = {"deaf": Deaf()}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await service.broadcast("t", Envelope())


async def test_publishing_waits_for_nobody() -> None:
    """What one client does not read costs the others nothing."""
    got: list[str] = []

    def read(frame: Frame) -> bool:
        got.append(frame.text)
        return True

    async with followers(lambda frame: False, read) as adapter:
        for _ in range(1_000):
            await adapter.broadcast("t", Envelope())
    assert len(got) == 1_000


async def test_in_plain_fastws_a_clients_reset_fails_the_publisher() -> None:
    """It raises into whoever publishes."""
    service = FastWS()
    service.connections = {"gone": Deaf(ConnectionResetError())}
    with pytest.raises(ExceptionGroup):
        await service.broadcast("t", Envelope())


def test_a_clients_reset_is_its_own_affair(sockets: Make, connected: Make) -> None:
    """Others go on getting what is published."""
    with LiveServer(sockets(alerts())) as server:
        with connected(server) as reader, connected(server) as gone:
            for client in (reader, gone):
                client.ask("follow", {"topic": "t"})
                assert client.receive()["payload"] == {"topic": "t"}
            assert reader.receive()["payload"] == {"text": "to all"}
            gone.socket.socket.setsockopt(*_RESET_ON_CLOSE)
            gone.socket.socket.close()
            for offset in range(3):
                reader.send("shout", {"topic": "t"})
                assert reader.receive()["payload"] == {"text": "loud"}, offset


def _reset_on_close() -> tuple[int, int, bytes]:
    import socket
    import struct

    return socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)


_RESET_ON_CLOSE = _reset_on_close()


class Counting(Deaf):
    """A client that counts how often its topics are looked at."""

    looks = 0

    @property
    def topics(self) -> set[str]:
        """Nothing is followed."""
        type(self).looks += 1
        return set()

    @topics.setter
    def topics(self, value: set[str]) -> None:
        """Ignored."""


async def test_plain_fastws_asks_every_connection_for_every_update() -> None:
    """Five thousand clients on five hundred topics are five thousand questions."""
    service = FastWS()
    service.connections = {str(number): Counting() for number in range(100)}
    before = Counting.looks
    await service.broadcast("t", Envelope())
    assert Counting.looks - before == 100


async def test_an_update_costs_nothing_for_who_does_not_follow() -> None:
    """A topic knows its followers: nobody else is so much as looked at."""
    from modular_api.ws.hub import Member

    class Untouched(Member):
        """Fails when it is given an update."""

        def update(self, *_: Any) -> None:
            """Never called."""
            raise AssertionError("touched")

    async with followers() as adapter:
        runtime = adapter._latest()
        for number in range(100):
            member = Untouched(runtime.limits, lambda frame: True, lambda: None)
            runtime.follow(member, f"other {number}")
        await runtime.feeds.open("t")
        await adapter.broadcast("t", Envelope())


class Strict(BaseModel, revalidate_instances="always"):
    """Counts how often it is validated and written."""

    text: str

    validated: ClassVar[int] = 0
    written: ClassVar[int] = 0

    @field_validator("text")
    @classmethod
    def count_validated(cls, text: str) -> str:
        """Count."""
        Strict.validated += 1
        return text

    @field_serializer("text")
    def count_written(self, text: str) -> str:
        """Count."""
        Strict.written += 1
        return text


def strict() -> OperationRouter:
    """Return a router whose update is what it was given."""
    router = OperationRouter()

    @router.recv("alert")
    def alert(payload: Strict) -> Strict:
        return payload

    Strict.validated = Strict.written = 0
    return router


async def test_plain_fastws_validates_an_update_twice() -> None:
    """Once on its way into the handler, once on its way out."""
    service = FastWS()
    service.include_router(strict())
    await service.server_send(Message(type="alert", payload={"text": "a"}), topic="t")
    assert Strict.validated == 2


async def test_an_update_is_validated_and_written_once_for_all() -> None:
    """However many follow it."""
    from modular_api.ws.hub import Member

    adapter = FastWSAdapter(routers=[strict()])
    async with adapter.running() as runtime:
        for _ in range(3):
            runtime.follow(Member(runtime.limits, lambda _: True, lambda: None), "t")
        await runtime.feeds.open("t")
        message: Message[Any, Any] = Message(type="alert", payload={"text": "a"})
        await adapter.server_send(message, topic="t")
    assert (Strict.validated, Strict.written) == (1, 1)


def one_way(count: int) -> OperationRouter:
    router = OperationRouter()
    for number in range(count):

        @router.send(f"tell{number}")
        def tell() -> None:
            """No answer."""

    return router


def test_plain_fastws_makes_a_reply_named_none() -> None:
    """One operation without a reply gets one, and two cannot be included."""
    service = FastWS()
    service.include_router(one_way(1), prefix="x.")
    assert service.router.routes[0].reply_operation == "x.None"
    with pytest.raises(AssertionError):
        FastWS().include_router(one_way(2))


def test_operations_without_a_reply_stay_without() -> None:
    """However many a router has."""
    adapter = FastWSAdapter()
    adapter.include_router(one_way(2), prefix="x.")
    told = adapter.describe().operations[:2]
    assert [(each.name, each.reply) for each in told] == [
        ("x.tell0", None),
        ("x.tell1", None),
    ]


def payloads() -> OperationRouter:
    router = OperationRouter()

    @router.send("maybe", reply="maybe.response")
    def maybe(payload: Alert | None) -> str:
        return "none" if payload is None else payload.text

    @router.send("sum", reply="sum.response")
    def total(payload: list[int]) -> int:
        return sum(payload)

    return router


async def test_plain_fastws_crashes_on_payloads_that_are_no_model() -> None:
    """`S | None` and `list[int]`, for example."""
    service = FastWS()
    service.include_router(payloads())
    for type_, payload in (("maybe", {"text": "x"}), ("sum", [1, 2])):
        with pytest.raises((TypeError, RuntimeError)):
            await service(Message(type=type_, payload=payload))


def test_whatever_pydantic_validates_is_a_payload(sockets: Make) -> None:
    """In both directions."""
    with TestClient(sockets(payloads())) as client:
        with client.websocket_connect(ADDRESS) as ws:
            assert ask(ws, "maybe", {"text": "x"})["payload"] == "x"
            assert ask(ws, "maybe")["payload"] == "none"
            assert ask(ws, "sum", [1, 2, 3])["payload"] == 6
            assert ask(ws, "sum", ["x"])["payload"]["code"] == "invalid_payload"


def slow_and_quick() -> OperationRouter:
    router = OperationRouter()
    released = asyncio.Event()

    @router.send("slow", reply="slow.response")
    async def slow() -> str:
        async with asyncio.timeout(2):
            await released.wait()
        return "slow"

    @router.send("quick", reply="quick.response")
    async def quick() -> str:
        released.set()
        return "quick"

    return router


def test_in_plain_fastws_one_request_waits_for_the_other(connected: Make) -> None:
    """The second is not even read: here that ends in the first one's timeout."""
    with LiveServer(plain_app(slow_and_quick())) as server:
        with connected(server) as client:
            client.send("slow")
            client.send("quick")
            with pytest.raises(ConnectionClosedError):
                client.receive()


def test_requests_run_side_by_side(sockets: Make, connected: Make) -> None:
    """The second one's answer comes first, and lets the first go on."""
    with LiveServer(sockets(slow_and_quick())) as server:
        with connected(server) as client:
            client.send("slow", id=1)
            assert client.ask("quick", id=2)["id"] == 2
            assert client.receive()["id"] == 1


def test_requests_side_by_side_are_bounded(sockets: Make) -> None:
    """Some wait, and further ones are told that the connection is busy."""
    running = 0
    most = 0
    router = OperationRouter()

    @router.send("work", reply="work.response")
    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    limits = Limits(concurrent_requests=2, waiting_requests=3)
    with TestClient(sockets(router, ws_limits=limits)) as client:
        with client.websocket_connect(ADDRESS) as ws:
            for number in range(6):
                ws.send_json({"type": "work", "id": number})
            got = [ws.receive_json() for _ in range(6)]
    assert [(m["type"], m["id"]) for m in got if m["type"] == "error"] == [("error", 5)]
    assert most == 2


def test_plain_fastws_validates_with_assert() -> None:
    """Which `python -O` leaves out."""
    service = FastWS()
    service.send("a", reply="b")(lambda: None)
    with pytest.raises(AssertionError):
        service.send("a", reply="c")(lambda: None)


def test_two_operations_of_one_name_are_a_typed_error(sockets: Make) -> None:
    """Also across routers; the error names the operation."""
    with pytest.raises(BadDeclaration, match=r"ws\['v1'\].*named alert, follow"):
        sockets(alerts(), alerts())


def test_a_handler_that_takes_what_nobody_gives_is_refused() -> None:
    """Told at the declaration; fastws fails at the first message."""
    router = OperationRouter()

    @router.send("a", reply="b")
    def a(payload: Alert, database: str) -> str:
        return database

    with pytest.raises(BadSocketDeclaration, match="takes database"):
        FastWSAdapter(routers=[router])


async def test_an_unknown_event_is_a_typed_error() -> None:
    """It is the server's own mistake."""
    async with followers() as adapter:
        with pytest.raises(BadSocketDeclaration, match="'nope' is no `recv`"):
            await adapter.server_send(Message(type="nope", payload=None), topic="t")
    with pytest.raises(NoMatchingOperation):
        await adapter(Message(type="nope", payload=None))


def test_topics_are_limited(sockets: Make) -> None:
    """Plain fastws lets a client follow as many as it likes."""
    plain = Client.__new__(Client)
    plain.topics = set()
    for number in range(10_000):
        plain.subscribe(str(number))
    assert len(plain.topics) == 10_000
    app = sockets(alerts(), ws_limits=Limits(topics=1))
    with TestClient(app) as client, client.websocket_connect(ADDRESS) as ws:
        ask(ws, "follow", {"topic": "a"})
        ws.receive_json()
        error = ask(ws, "follow", {"topic": "b"})
    assert error["payload"]["code"] == "too_many_topics"


def test_documents_are_asyncapi_3_and_load_nothing_from_elsewhere() -> None:
    """Plain fastws: version 2.4, one channel `/`, and a page with a CDN's scripts."""
    services = FastWS(), FastWSAdapter(address=ADDRESS)
    documents, pages = [], []
    for service in services:
        service.include_router(alerts())
        documents.append(service.asyncapi())
        app = FastAPI()
        service.setup(app)
        with TestClient(app) as client:
            assert client.get("/asyncapi.json").json() == documents[-1]
            pages.append(client.get("/asyncapi").text)
    assert [each["asyncapi"] for each in documents] == ["2.4.0", "3.0.0"]
    assert list(documents[0]["channels"]) == ["/"]
    [channel] = documents[1]["channels"].values()
    assert channel["address"] == ADDRESS
    assert ["unpkg.com" in page for page in pages] == [True, False]


def test_a_handler_may_take_the_service(sockets: Make) -> None:
    """By the name `service`, which fastws does not know."""
    router = OperationRouter()

    @router.send("who", reply="who.response")
    def who(service: Any) -> str:
        return type(service).__name__

    with TestClient(sockets(router)) as client:
        with client.websocket_connect(ADDRESS) as ws:
            assert ask(ws, "who")["payload"] == "Market"


def test_a_module_without_a_socket_needs_no_fastws() -> None:
    """Everything but the adapter can be imported, and the adapter says what to do."""
    import subprocess
    import sys

    code = """
import sys
sys.modules["fastws"] = None
import modular_api.ws, modular_api.app.factory
from modular_api.ws import Limits, WsRouter
try:
    modular_api.ws.FastWSAdapter
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("FastwsMissing")
    assert "pip install --no-deps fastws==0.1.7" in done.stdout
