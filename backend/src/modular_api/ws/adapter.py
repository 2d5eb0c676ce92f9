"""fastws, served by our hub: one adapter for each version of a module with a socket."""

from __future__ import annotations

import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
)
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, cast

from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from modular_api.types import MODULE_KEY, Document
from modular_api.ws.bus import Bus, InMemoryBus
from modular_api.ws.endpoint import Connection, Handle, refuse_handshake
from modular_api.ws.errors import (
    BadSocketDeclaration,
    ErrorCode,
    FastwsMissing,
    SocketNotRunning,
)
from modular_api.ws.frames import BadFrame, Frame, Request, reply_frame
from modular_api.ws.handshake import AUTH_TYPE, admit
from modular_api.ws.limits import Limits
from modular_api.ws.operations import Operation, OperationKind, SocketSpec
from modular_api.ws.payloads import Auth, ErrorDetail, Success
from modular_api.ws.router import RUNNING_KEY, WsRouter
from modular_api.ws.runtime import SocketRuntime

try:
    import fastws
except ImportError as error:
    raise FastwsMissing from error

from modular_api.ws.fastws_operations import HandlerOperation, names_of, with_prefix

log = logging.getLogger(__name__)

SocketRouter: TypeAlias = "WsRouter[Any, Any] | fastws.OperationRouter"
"""What a module may declare in `ws`."""

_COMMON = (
    Operation(
        name=AUTH_TYPE,
        kind=OperationKind.AUTH,
        action="receive",
        payload=TypeAdapter(Auth),
        reply=f"{AUTH_TYPE}.response",
        reply_payload=TypeAdapter(Success),
        summary="Credentials, where they come in the first message.",
    ),
    Operation(
        name="error",
        kind=OperationKind.ERROR,
        action="send",
        payload=TypeAdapter(ErrorDetail),
        summary="What was wrong with a message, or with a topic.",
    ),
)

PING_TYPE = "ping"

_PING = Operation(
    name=PING_TYPE,
    kind=OperationKind.PING,
    action="receive",
    reply=f"{PING_TYPE}.response",
    reply_payload=TypeAdapter(Success),
    summary="Asks whether the connection lives, for clients without pings of their own.",
)
"""Stands on every socket whose module speaks of no `ping` itself."""


class SocketClient(fastws.Client):
    """What a handler gets as `client`: one connection."""

    def __init__(self, connection: Connection, ws: WebSocket) -> None:
        # Not fastws's own: it makes a set of topics nobody else would know of.
        self.ws = ws
        self.uid = connection.uid
        self.connection = connection
        self.opening: list[str] = []

    @property
    def topics(self) -> set[str]:  # type: ignore[override] # fastws has a plain set
        """The topics the client follows; a copy."""
        return set(self.connection.member.topics)

    async def send(self, message: str) -> None:
        """Send a message; it waits in the client's bounded queue, nobody else does."""
        self.connection.member.send(Frame(message))

    def subscribe(self, topic: str) -> None:
        """Follow a topic from now on.

        Raises: SocketError: the client follows too many.
        """
        self.connection.runtime.follow(self.connection.member, topic)
        self.opening.append(topic)

    def unsubscribe(self, topic: str) -> None:
        """Follow it no longer; of another client's topics nothing changes."""
        self.connection.runtime.leave(self.connection.member, topic)


class FastWSAdapter(fastws.FastWS):
    """A FastWS whose connections, topics and messages are served by our hub.

    Every app binds its own; each lifespan runs it anew. It keeps fastws's interface
    (`include_router`, `send`, `recv`, `server_send`, `broadcast`, `manage`, `serve`).

    Args:
        title, version, description: of the module.
        address: the path clients connect to.
        routers: what the module declares.
        limits: of each connection.
        guard: an HTTP app that judges handshakes; see `handshake.admit`.
        security: the security schemes of the guard, for documents.
        new_bus: makes the bus of each lifespan.
        auth_handler, auto_ws_accept: of `manage` alone, as in fastws.
    """

    def __init__(
        self,
        *,
        title: str = "FastWS",
        version: str = "v1",
        description: str = "",
        address: str = "/",
        routers: Iterable[SocketRouter] = (),
        limits: Limits | None = None,
        guard: ASGIApp | None = None,
        security: Callable[[], Mapping[str, Any]] = dict,
        new_bus: Callable[[], Bus] = InMemoryBus,
        auth_handler: Callable[[WebSocket], Awaitable[bool]] | None = None,
        auto_ws_accept: bool = True,
    ) -> None:
        super().__init__(
            title=title,
            version=version,
            description=description,
            auth_handler=auth_handler,
            auto_ws_accept=auto_ws_accept,
        )
        self.address = address
        self.limits = limits or Limits()
        self._guard = guard
        self._security = security
        self._new_bus = new_bus
        self._runtimes: list[SocketRuntime] = []
        self.ws_routers: dict[str, WsRouter[Any, Any]] = {}
        self._table: _Table | None = None
        for router in routers:
            self.include_router(router)
        _ = self.table  # whatever is wrong is told now

    # Declaring.

    def include_router(self, router: SocketRouter, *, prefix: str = "") -> None:
        """Add the operations of a router; a WsRouter stands for itself.

        Raises: BadSocketDeclaration
        """
        self._table = None
        if isinstance(router, WsRouter):
            if router.name in self.ws_routers:
                raise BadSocketDeclaration(f"two routers are named '{router.name}'")
            self.ws_routers[router.name] = router
        elif isinstance(router, fastws.OperationRouter):
            self.router.routes += [
                with_prefix(route, f"{prefix}{router.prefix}")
                for route in router.routes
            ]
        else:
            raise BadSocketDeclaration(
                f"a socket's router is a {type(router).__name__}, expected a WsRouter "
                "instance or a fastws OperationRouter"
            )

    @property
    def table(self) -> _Table:
        """What clients may ask, by type.

        Raises: BadSocketDeclaration: two operations have one name.
        """
        handlers = len(self.router.routes)
        if self._table is None or len(self._table.handlers) != handlers:
            self._table = _Table(self)
        return self._table

    def describe(self) -> SocketSpec:
        """Return the socket as static data; needs no lifespan."""
        return SocketSpec(
            module=self.title,
            version=self.version,
            address=self.address,
            operations=tuple(self.table.operations),
            description=self.description or "",
            security=self._security(),
        )

    def asyncapi(self) -> Document:
        """Return the AsyncAPI 3.0 document of the socket."""
        from modular_api.ws.asyncapi import build_asyncapi_document

        return build_asyncapi_document(self.describe())

    def setup(self, app: FastAPI) -> None:
        """Serve the document at `/asyncapi.json`.

        For an app of one's own; a ModularApp serves documents and a page by itself.
        fastws would add a page that loads scripts from elsewhere.
        """

        async def asyncapi_json(_: HttpRequest) -> JSONResponse:
            return JSONResponse(self.asyncapi())

        app.add_route(
            self.asyncapi_url or "/asyncapi.json",
            asyncapi_json,
            include_in_schema=False,
        )

    # Running.

    @asynccontextmanager
    async def running(
        self, service: Any = None, state: dict[str, Any] | None = None
    ) -> AsyncIterator[SocketRuntime]:
        """Serve clients while this is entered.

        Args:
            service: the module's service, which is running.
            state: the lifespan state, where connections and handlers look.
        """
        runtime = SocketRuntime(
            self.ws_routers.values(),
            service=service,
            bus=self._new_bus(),
            limits=self.limits,
        )
        by_module: dict[str, list[Any]] = {}
        if state is not None:
            by_module = state.setdefault(RUNNING_KEY, {})
        running = by_module.setdefault(self.title, [])
        async with runtime:
            self._runtimes.append(runtime)
            running.append(_Running(self, runtime))
            try:
                yield runtime
            finally:
                self._runtimes.remove(runtime)
                running[:] = [each for each in running if each.runtime is not runtime]

    async def close_connections(self) -> None:
        """Send all clients away with code 1012, and take no new ones."""
        for runtime in self._runtimes:
            await runtime.close_connections()

    def running_router(self, name: str) -> WsRouter[Any, Any]:
        """Return the router of this name in the lifespan that was entered last.

        Raises: SocketNotRunning: no lifespan runs. KeyError: there is no such router.
        """
        return self._latest().routers[name]

    @property
    def connections(self) -> dict[str, fastws.Client]:
        """The clients that are connected, by uid; a copy."""
        return {
            connection.uid: connection.client
            for runtime in self._runtimes
            for connection in runtime.connections
        }

    @connections.setter
    def connections(self, value: dict[str, fastws.Client]) -> None:
        """Let fastws's own constructor pass; connections are kept by the runtime."""

    @property
    def asgi(self) -> ASGIApp:
        """The ASGI app to be mounted at the address.

        An object and no method, which Starlette would call with a WebSocket.
        """
        return _Endpoint(self)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client from its handshake to its end."""
        message = await receive()
        if message["type"] != "websocket.connect":
            return
        runtime = self._runtime_of(scope)
        if runtime.is_closing:
            retry = [(b"retry-after", b"1"), (b"content-length", b"0")]
            await refuse_handshake(scope, send, 503, retry)
        elif await admit(self._guard, scope, receive, send, self.limits):
            await self._connect_to(runtime, scope, receive, send).run()

    def _runtime_of(self, scope: Scope) -> SocketRuntime:
        modules = scope.get("state", {}).get(RUNNING_KEY, {})
        for running in modules.get(scope.get(MODULE_KEY, self.title), ()):
            if running.adapter is self:
                return cast(SocketRuntime, running.runtime)
        return self._latest()

    def _latest(self) -> SocketRuntime:
        if not self._runtimes:
            raise SocketNotRunning(self.title)
        return self._runtimes[-1]

    def _connect_to(
        self, runtime: SocketRuntime, scope: Scope, receive: Receive, send: Send
    ) -> Connection:
        connection = Connection(runtime, self.table, scope, receive, send)
        connection.client = SocketClient(connection, WebSocket(scope, receive, send))
        return connection

    # What fastws's users call.

    async def manage(self, ws: WebSocket) -> AsyncGenerator[fastws.Client, None]:
        """Accept a client, for `serve`; a FastAPI dependency, as in fastws."""
        if not await self._auth(ws):
            return
        connection = self._connect_to(
            self._runtime_of(ws.scope), ws.scope, ws.receive, ws.send
        )
        connection.client.ws = ws
        yield connection.client

    async def serve(self, client: fastws.Client) -> None:
        """Serve a client that `manage` accepted, until either side closes."""
        await cast(SocketClient, client).connection.run()

    async def client_send(
        self, message: fastws.Message[Any, Any], *, client: fastws.Client
    ) -> None:
        """Handle a message as if the client had sent it."""
        connection = cast(SocketClient, client).connection
        request = Request(str(message.type), message.payload)
        handle = self.table.handler(request.type)
        if handle is None:
            raise BadFrame(ErrorCode.UNKNOWN_TYPE, f"'{request.type}' is unknown.")
        answer = await handle(connection, request)
        if answer is not None:
            connection.member.send(answer)

    async def server_send(
        self, message: fastws.Message[Any, Any], *, topic: str, **params: Any
    ) -> None:
        """Call the `recv` operation of a message and send its result to a topic.

        It waits for the operation, and for no client.
        """
        type_ = str(message.type)
        payload = await self.table.event(type_).event(
            message.payload, **{"app": self, **params}
        )
        await self._publish(topic, type_, payload)

    async def broadcast(self, topic: str, message: BaseModel) -> None:
        """Send `{"type": …, "payload": …}` to all who follow a topic; never wait."""
        data = message.model_dump(mode="json")
        payload = TypeAdapter(Any).dump_json(data.get("payload")).decode()
        await self._publish(topic, str(data["type"]), payload)

    async def _publish(self, topic: str, type_: str, payload: str) -> None:
        runtime = self._latest()
        if runtime.followers(topic) and not runtime.feeds.is_open(topic):
            # A handler has just let its client follow, and tells it something at once.
            await runtime.feeds.open(topic)
        runtime.publish(topic, type_, payload)


class _Endpoint:
    def __init__(self, adapter: FastWSAdapter) -> None:
        self._adapter = adapter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._adapter.answer(scope, receive, send)


class _Running:
    """An adapter in one lifespan."""

    def __init__(self, adapter: FastWSAdapter, runtime: SocketRuntime) -> None:
        self.adapter = adapter
        self.runtime = runtime

    @property
    def routers(self) -> Mapping[str, WsRouter[Any, Any]]:
        return self.runtime.routers


class _Table:
    """The operations of an adapter by the type of their messages."""

    def __init__(self, adapter: FastWSAdapter) -> None:
        self._adapter = adapter
        self._handles: dict[str, Handle] = {AUTH_TYPE: _answer_auth}
        self.handlers = [HandlerOperation(route) for route in adapter.router.routes]
        self.operations = [
            *(
                op
                for router in adapter.ws_routers.values()
                for op in router.operations()
            ),
            *(handler.describe() for handler in self.handlers),
            *_COMMON,
        ]
        names = names_of(self.operations)
        if not {*names}.intersection(names_of([_PING])):
            self.operations.append(_PING)
            names += names_of([_PING])
            self._handles[PING_TYPE] = _answer_ping
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BadSocketDeclaration(
                f"several operations of a socket are named {', '.join(twice)}"
            )
        self._events = {
            each.name: each for each in self.handlers if not each.is_request
        }
        self._server_only = set(names) - {
            each.name for each in self.operations if each.action == "receive"
        }
        self._ordered: set[str] = set()
        for handler in self.handlers:
            if handler.is_request:
                self._handles[handler.name] = self._calling(handler)
        for name, router in adapter.ws_routers.items():
            self._handles[router.subscribe_type] = _subscribing(name)
            self._handles[router.unsubscribe_type] = _unsubscribing(name)
            self._ordered |= {router.subscribe_type, router.unsubscribe_type}

    def handler(self, type_: str) -> Handle | None:
        """Find what answers a type of message."""
        return self._handles.get(type_)

    def event(self, type_: str) -> HandlerOperation:
        """Find a `recv` operation.

        Raises: BadSocketDeclaration
        """
        try:
            return self._events[type_]
        except KeyError:
            raise BadSocketDeclaration(
                f"'{type_}' is no `recv` operation of this socket"
            ) from None

    def is_ordered(self, type_: str) -> bool:
        """Subscriptions are: the last wish of a client holds."""
        return type_ in self._ordered

    def is_immediate(self, type_: str) -> bool:
        """Pings are: they tell of the connection, not of what it waits for."""
        return self._handles.get(type_) is _answer_ping

    def is_server_only(self, type_: str) -> bool:
        """Tell whether only the server sends such messages."""
        return type_ in self._server_only

    def _calling(self, handler: HandlerOperation) -> Handle:
        async def handle(connection: Connection, request: Request) -> Frame | None:
            client: SocketClient = connection.client
            answer = await handler.answer(
                request,
                client=client,
                app=self._adapter,
                service=connection.runtime.service,
            )
            while client.opening:
                await connection.runtime.feeds.open(client.opening.pop())
            return answer

        return handle


def _subscribing(name: str) -> Handle:
    async def handle(connection: Connection, request: Request) -> None:
        runtime = connection.runtime
        await runtime.subscribe(connection.member, runtime.routers[name], request)

    return handle


def _unsubscribing(name: str) -> Handle:
    async def handle(connection: Connection, request: Request) -> None:
        runtime = connection.runtime
        await runtime.unsubscribe(connection.member, runtime.routers[name], request)

    return handle


async def _answer_auth(connection: Connection, request: Request) -> Frame:
    """Who is connected was let in already."""
    return reply_frame(f"{AUTH_TYPE}.response", b'{"success":true}', request.id)


async def _answer_ping(connection: Connection, request: Request) -> Frame:
    return reply_frame(f"{PING_TYPE}.response", b'{"success":true}', request.id)
