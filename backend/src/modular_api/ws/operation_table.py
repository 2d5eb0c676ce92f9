"""What clients of a socket may ask, and what answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import fastws
from pydantic import TypeAdapter

from modular_api.ws.endpoint import Connection, Handle
from modular_api.ws.errors import BadSocketDeclaration
from modular_api.ws.fastws_operations import HandlerOperation, names_of
from modular_api.ws.frames import Frame, Request, reply_frame
from modular_api.ws.handshake import AUTH_TYPE
from modular_api.ws.operations import Operation, OperationKind
from modular_api.ws.payloads import Auth, ErrorDetail, Success
from modular_api.ws.router import WsRouter
from modular_api.ws.socket_client import SocketClient

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
"""Stands on every socket whose module declares no `ping` itself."""


class OperationTable:
    """The operations of a socket by the type of their messages.

    Args:
        routes: of fastws's routers.
        routers: by name.
        app: what a handler gets that takes `app`.

    Attributes:
        handlers: the operations of `routes`.
        events: those of them that only the server sends, by name.
        operations: all of them, as static data.

    Raises: BadSocketDeclaration: two operations have one name, or one cannot be served.
    """

    def __init__(
        self,
        routes: Sequence[fastws.Operation],
        routers: Mapping[str, WsRouter[Any, Any]],
        *,
        app: object,
    ) -> None:
        self._app = app
        self.handlers = [HandlerOperation(route) for route in routes]
        self.operations = [
            *(op for router in routers.values() for op in router.operations()),
            *(handler.describe() for handler in self.handlers),
            *_COMMON,
        ]
        names = names_of(self.operations)
        self._handles: dict[str, Handle] = {AUTH_TYPE: _answer_auth}
        if not {*names}.intersection(names_of([_PING])):
            self.operations.append(_PING)
            names += names_of([_PING])
            self._handles[PING_TYPE] = _answer_ping
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BadSocketDeclaration(
                f"several operations of a socket are named {', '.join(twice)}"
            )
        self.events = {each.name: each for each in self.handlers if not each.is_request}
        self._server_only = set(names) - {
            each.name for each in self.operations if each.action == "receive"
        }
        self._ordered: set[str] = set()
        for handler in self.handlers:
            if handler.is_request:
                self._handles[handler.name] = self._calling(handler)
        for name, router in routers.items():
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
            return self.events[type_]
        except KeyError:
            raise BadSocketDeclaration(
                f"'{type_}' is no `recv` operation of this socket"
            ) from None

    def is_ordered(self, type_: str) -> bool:
        """Tell whether messages of this type are handled in order.

        Subscribe and unsubscribe are, so that the last one wins.
        """
        return type_ in self._ordered

    def is_immediate(self, type_: str) -> bool:
        """Tell whether messages of this type wait for no others.

        Pings do not: they ask about the connection, not about what is handled on it.
        """
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
                app=self._app,
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
    """Answer an auth message on an open connection.

    The client was authorised at the handshake.
    """
    return reply_frame(f"{AUTH_TYPE}.response", b'{"success":true}', request.id)


async def _answer_ping(connection: Connection, request: Request) -> Frame:
    """Say that the connection lives."""
    return reply_frame(f"{PING_TYPE}.response", b'{"success":true}', request.id)
