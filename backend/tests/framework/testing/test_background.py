"""LifespanInBackground: one lifespan, clients of any loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from modular_api.testing import (
    BackgroundLifespanError,
    LifespanInBackground,
    LiveServer,
)


def async_client_of(app: FastAPI) -> httpx.AsyncClient:
    """Return an async client for the loop of the caller."""
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
def running_app(plain_app: FastAPI) -> Iterator[FastAPI]:
    """A new app whose lifespan runs in the background."""
    with LifespanInBackground(plain_app) as app:
        yield app


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Every test leaves as many background threads as there were before it."""

    def threads() -> set[threading.Thread]:
        return {t for t in threading.enumerate() if "Lifespan" in t.name}

    before = threads()
    yield
    assert threads() <= before


class TestClients:
    """Clients of every kind share the one lifespan."""

    def test_a_client_without_with_has_the_lifespan(self, running_app: FastAPI) -> None:
        """What the lifespan made is in the request's state."""
        client = TestClient(running_app)
        assert client.post("/give/a").json() == {"given": "a"}
        assert client.get("/take").json() == {"taken": "a"}

    def test_a_client_with_with_does_not_run_it_again(
        self, running_app: FastAPI
    ) -> None:
        """Its start and end are answered, the running lifespan is the one it sees."""
        with TestClient(running_app) as client:
            assert client.post("/give/a").status_code == 200
            assert "ledger" in client.app_state
        assert running_app.state.running
        assert running_app.state.starts == 1
        assert TestClient(running_app).get("/take").json() == {"taken": "a"}

    def test_clients_of_two_loops_share_what_is_bound_to_one(
        self, running_app: FastAPI
    ) -> None:
        """A lock held and a queue awaited by one loop's request serve another's.

        Without the background the second one fails: "bound to a different event loop".
        """

        async def take() -> str:
            async with async_client_of(running_app) as client:
                taken: str = (await client.get("/take")).json()["taken"]
                return taken

        async def take_twice() -> list[str]:
            # One of them waits in the queue, the other one for the lock.
            return list(await asyncio.gather(take(), take()))

        taken: list[str] = []
        other = threading.Thread(target=lambda: taken.extend(asyncio.run(take_twice())))
        other.start()
        client = TestClient(running_app)
        for text in ("a", "b"):
            assert client.post(f"/give/{text}").status_code == 200
        other.join(10)
        assert sorted(taken) == ["a", "b"]

    async def test_an_async_client_has_the_lifespan(self, running_app: FastAPI) -> None:
        """In the loop of the test."""
        async with async_client_of(running_app) as client:
            await client.post("/give/a")
            assert (await client.get("/take")).json() == {"taken": "a"}

    async def test_an_async_and_a_sync_client_take_turns(
        self, running_app: FastAPI
    ) -> None:
        """In one test, though each has a loop of its own."""
        async with async_client_of(running_app) as client:
            await client.post("/give/a")
        answer = await asyncio.to_thread(TestClient(running_app).get, "/take")
        assert answer.json() == {"taken": "a"}

    def test_a_server_shares_the_lifespan_too(self, running_app: FastAPI) -> None:
        """Its requests run in the background loop like everybody's."""
        with LiveServer(running_app) as server, server.client() as client:
            client.post("/give/a")
            assert TestClient(running_app).get("/take").json() == {"taken": "a"}
        assert running_app.state.starts == 1
        assert running_app.state.running

    def test_two_apps_run_side_by_side(
        self, create_app: Callable[[], FastAPI], running_app: FastAPI
    ) -> None:
        """Each has its own lifespan and its own loop."""
        with LifespanInBackground(create_app()) as second:
            TestClient(second).post("/give/second")
            TestClient(running_app).post("/give/first")
            assert TestClient(second).get("/take").json() == {"taken": "second"}
        assert TestClient(running_app).get("/take").json() == {"taken": "first"}


class TestCalls:
    """A call is carried over whole: what goes in, what comes out, how it ends."""

    def test_a_body_arrives_whole(self, running_app: FastAPI) -> None:
        """In however many pieces it is received."""

        def pieces() -> Iterator[bytes]:
            for _ in range(50):
                yield b"x" * 1000

        response = TestClient(running_app).post("/echo", content=pieces())
        assert response.json() == {"size": 50_000}

    def test_a_stream_arrives_piece_by_piece(self, running_app: FastAPI) -> None:
        """Server-sent events are read while they are being sent."""
        gate = threading.Event()

        @running_app.get("/gated")
        async def gated() -> StreamingResponse:
            async def lines() -> AsyncIterator[str]:
                yield "first\n"
                await asyncio.to_thread(gate.wait, 10)
                yield "second\n"

            return StreamingResponse(lines())

        with TestClient(running_app).stream("GET", "/gated") as response:
            lines = response.iter_lines()
            assert next(lines) == "first"
            gate.set()
            assert next(lines) == "second"

    async def test_a_stream_arrives_in_an_async_client(
        self, running_app: FastAPI
    ) -> None:
        """httpx collects it and returns it whole."""
        async with async_client_of(running_app) as client:
            response = await client.get("/stream")
        assert response.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"

    def test_an_endless_stream_ends_when_nobody_reads_it(
        self, running_app: FastAPI
    ) -> None:
        """Leaving the response is what a browser does by closing the page."""
        closed = threading.Event()

        async def ticks(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200})
            body = {"type": "http.response.body", "body": b"tick\n", "more_body": True}
            try:
                while True:
                    await send(body)
            finally:
                closed.set()

        running_app.mount("/ticks", ticks)
        with TestClient(running_app).stream("GET", "/ticks") as response:
            assert next(response.iter_lines()) == "tick"
        assert closed.wait(5)

    def test_a_socket_talks_both_ways(self, running_app: FastAPI) -> None:
        """Two sockets at once, both in the lifespan's loop."""
        client = TestClient(running_app)
        with (
            client.websocket_connect("/ws") as one,
            client.websocket_connect("/ws") as two,
        ):
            one.send_text("one")
            two.send_text("two")
            word, loop = one.receive_text().split()
            assert word == "one"
            assert two.receive_text() == f"two {loop}"

    def test_a_socket_learns_that_its_peer_has_gone(self, running_app: FastAPI) -> None:
        """From its `receive`, as with a server, and has the time to clean up."""
        steps: list[str] = []

        @running_app.websocket("/tidy")
        async def tidy(socket: WebSocket) -> None:
            await socket.accept()
            try:
                await socket.receive_text()
            except WebSocketDisconnect:
                steps.append("told")
                await asyncio.sleep(0.05)
                steps.append("cleaned up")

        client = TestClient(running_app)
        with client.websocket_connect("/tidy"):
            pass
        assert steps == ["told", "cleaned up"]

    def test_a_socket_nobody_listens_to_is_cancelled(
        self, running_app: FastAPI
    ) -> None:
        """A handler that never receives cannot learn that its peer has gone."""
        cancelled = threading.Event()

        @running_app.websocket("/deaf")
        async def deaf(socket: WebSocket) -> None:
            await socket.accept()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        with TestClient(running_app).websocket_connect("/deaf"):
            pass
        assert cancelled.is_set()

    def test_an_exception_reaches_the_caller(self, running_app: FastAPI) -> None:
        """As itself, for a test to look at."""
        with pytest.raises(ZeroDivisionError, match="no such account"):
            TestClient(running_app).get("/broken")

    async def test_an_exception_reaches_an_async_caller(
        self, running_app: FastAPI
    ) -> None:
        """As itself, not in a group."""
        async with async_client_of(running_app) as client:
            with pytest.raises(ZeroDivisionError, match="no such account"):
                await client.get("/broken")

    async def test_an_error_of_the_caller_reaches_the_app(
        self, running_app: FastAPI
    ) -> None:
        """What `send` raises is raised where the app called it, and comes back."""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            raise ConnectionResetError("peer gone")

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": [],
            "query_string": b"",
        }
        with pytest.raises(ConnectionResetError, match="peer gone"):
            await running_app(scope, receive, send)

    async def test_a_cancelled_caller_cancels_the_request(
        self, running_app: FastAPI
    ) -> None:
        """And goes on when the request's cleaning up is done."""
        async with async_client_of(running_app) as client:
            request = asyncio.create_task(client.get("/hang"))
            assert await asyncio.to_thread(running_app.state.hanging.wait, 5)
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request
            assert running_app.state.hung_up.is_set()

    async def test_a_timeout_of_the_caller_is_a_timeout(
        self, running_app: FastAPI
    ) -> None:
        """The cancellation that comes back is the one that was sent."""
        async with async_client_of(running_app) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.get("/hang")
        assert running_app.state.hung_up.is_set()

    async def test_context_variables_of_the_caller_are_seen(
        self, plain_app: FastAPI
    ) -> None:
        """A test may set a tenant, a clock or a trace id."""
        tenant: ContextVar[str] = ContextVar("tenant", default="nobody")

        @plain_app.get("/tenant")
        async def who() -> str:
            return tenant.get()

        with LifespanInBackground(plain_app) as app:
            tenant.set("ann")
            async with async_client_of(app) as client:
                assert (await client.get("/tenant")).json() == "ann"

    def test_a_background_task_of_the_response_runs(self, plain_app: FastAPI) -> None:
        """After the response, in the lifespan's loop."""
        done = threading.Event()

        @plain_app.post("/later")
        async def later(tasks: BackgroundTasks) -> None:
            tasks.add_task(done.set)

        with LifespanInBackground(plain_app) as app:
            TestClient(app).post("/later")
            assert done.wait(5)

    def test_the_app_may_call_itself(self, plain_app: FastAPI) -> None:
        """A call from the lifespan's own loop runs in the task that makes it."""
        tasks = []

        @plain_app.get("/outside")
        async def outside() -> str:
            tasks.append(asyncio.current_task())
            async with async_client_of(plain_app) as client:
                answer: str = (await client.get("/inside")).json()
            return answer

        @plain_app.get("/inside")
        async def inside(request: Request) -> str:
            tasks.append(asyncio.current_task())
            return type(request.state.ledger).__name__

        with LifespanInBackground(plain_app) as app:
            assert TestClient(app).get("/outside").json() == "Ledger"
        assert tasks[0] is tasks[1]

    def test_a_request_that_outlives_its_call_is_told_so(
        self, plain_app: FastAPI
    ) -> None:
        """A task the handler left behind cannot send to a caller who has gone."""
        complaints: list[str] = []
        told = threading.Event()

        class Straggler:
            def __init__(self, app: ASGIApp) -> None:
                self.app = app

            async def __call__(
                self, scope: Scope, receive: Receive, send: Send
            ) -> None:
                await self.app(scope, receive, send)
                if scope["type"] == "http":
                    self.task = asyncio.create_task(self.linger(receive))

            async def linger(self, receive: Receive) -> None:
                await asyncio.sleep(0.05)
                try:
                    await receive()
                except RuntimeError as error:
                    complaints.append(str(error))
                told.set()

        plain_app.user_middleware.append(Middleware(Straggler))
        with LifespanInBackground(plain_app) as app:
            TestClient(app).get("/")
            assert told.wait(5)
        assert complaints == ["This request is over: nobody receives or sends."]

    async def test_what_a_request_leaves_waiting_ends_with_its_call(
        self, plain_app: FastAPI
    ) -> None:
        """A `receive` nobody awaits any more would outlive the caller's loop."""
        waiting, ended = threading.Event(), threading.Event()

        async def leave_waiting(scope: Scope, receive: Receive, send: Send) -> None:
            plain_app.state.task = asyncio.ensure_future(receive())
            await asyncio.to_thread(waiting.wait, 5)

        async def receive() -> dict[str, Any]:
            waiting.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return {}

        async def send(message: Any) -> None:
            raise AssertionError("nothing is sent")

        plain_app.mount("/leave", leave_waiting)
        scope = {"type": "http", "method": "GET", "path": "/leave/", "headers": []}
        with LifespanInBackground(plain_app) as app:
            await app({**scope, "query_string": b""}, receive, send)
            assert ended.is_set()


class TestLifespan:
    """It starts, ends and fails where everybody can see it."""

    def test_it_runs_from_enter_to_exit(self, plain_app: FastAPI) -> None:
        """And the app is as it was before."""
        with LifespanInBackground(plain_app):
            assert plain_app.state.running
        assert not plain_app.state.running
        with TestClient(plain_app) as client:
            assert client.get("/").status_code == 200
        assert plain_app.state.starts == 2

    def test_it_can_run_again(self, plain_app: FastAPI) -> None:
        """The same object and another one, one after the other."""
        background = LifespanInBackground(plain_app)
        for _ in range(2):
            with background as app:
                assert TestClient(app).post("/give/a").status_code == 200
        with LifespanInBackground(plain_app):
            assert plain_app.state.starts == 3

    def test_an_error_while_starting_is_raised_with_its_cause(self) -> None:
        """By the `with` statement, not by the first request."""
        error = ValueError("no database")

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            raise error
            yield

        app = FastAPI(title="Shop", lifespan=lifespan)
        with pytest.raises(
            BackgroundLifespanError, match="FastAPI 'Shop' did not start: ValueError"
        ) as failure:
            LifespanInBackground(app).__enter__()
        assert failure.value.__cause__ is error

    def test_an_error_while_ending_is_raised_with_its_cause(self) -> None:
        """A test that breaks the shutdown should be red."""
        error = ValueError("unsaved orders")

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            yield
            raise error

        background = LifespanInBackground(FastAPI(lifespan=lifespan))
        background.__enter__()
        with pytest.raises(BackgroundLifespanError, match="unsaved orders") as failure:
            background.__exit__(None, None, None)
        assert failure.value.__cause__ is error

    def test_a_slow_start_is_given_up(self) -> None:
        """The lifespan is cancelled and its thread ended."""

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            await asyncio.Event().wait()
            yield

        app = FastAPI(lifespan=lifespan)
        with pytest.raises(BackgroundLifespanError, match=r"not within 0\.05 s"):
            LifespanInBackground(app, startup_timeout_s=0.05).__enter__()

    def test_a_slow_end_is_given_up(self) -> None:
        """And the app gets its own front back all the same."""

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            yield
            await asyncio.Event().wait()

        app = FastAPI(lifespan=lifespan)
        background = LifespanInBackground(app, shutdown_timeout_s=0.05)
        background.__enter__()
        carrier = app.middleware_stack
        with pytest.raises(BackgroundLifespanError, match=r"not within 0\.05 s"):
            background.__exit__(None, None, None)
        assert app.middleware_stack is not carrier

    def test_a_second_background_shares_the_first(self, running_app: FastAPI) -> None:
        """And does not end it, as it did not start it."""
        with LifespanInBackground(running_app):
            TestClient(running_app).post("/give/a")
        assert running_app.state.running
        assert running_app.state.starts == 1
        assert TestClient(running_app).get("/take").json() == {"taken": "a"}

    def test_a_running_request_is_cancelled_before_the_lifespan_ends(
        self, plain_app: FastAPI
    ) -> None:
        """Nothing of the lifespan is taken away from under a request."""
        ends: list[BaseException] = []

        async def hang() -> None:
            try:
                async with async_client_of(plain_app) as client:
                    await client.get("/hang")
            except asyncio.CancelledError as error:
                ends.append(error)

        with LifespanInBackground(plain_app):
            caller = threading.Thread(target=lambda: asyncio.run(hang()))
            caller.start()
            assert plain_app.state.hanging.wait(5)
        caller.join(5)
        assert plain_app.state.hung_up_before_the_end
        assert len(ends) == 1
