"""An answer leaves in one piece: a process that is killed has sent all of it or nothing.

uvicorn writes the head of an answer and its body one after the other, a system call
each. A process killed in between leaves a head without a body, and no proxy can ask
another process then: it has begun to answer. Here the head waits for the first piece of
the body, and both are one system call. What is longer than the system's buffer for the
connection, and what is streamed, still goes piece by piece.

Fewer system calls are faster, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_WAITING_BYTES = 64 * 1024
"""More is written at once, so that uvicorn learns of a client that does not read."""


class HeldHead:
    """Passes the head of an answer on with the first piece of its body.

    Only where the head tells how long the body is: the head of a stream does not wait,
    as its first item may take long.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head: Message | None = None

        async def send_whole(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start" and _tells_its_length(message):
                head = message
                return
            if head is not None:
                held, head = head, None
                await send(held)
            await send(message)

        try:
            await self._app(scope, receive, send_whole)
        finally:
            if head is not None:  # an app that fails here breaks its answer off
                await send(head)


def _tells_its_length(head: Message) -> bool:
    return any(name.lower() == b"content-length" for name, _ in head.get("headers", ()))


class JoinedWrites:
    """A transport that writes what comes within one turn of the event loop as one.

    It stands for the transport it is given, of which it has every other attribute.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        # Asked often, and never changed.
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        """Write at the end of this turn, or now when much is waiting."""
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MOST_WAITING_BYTES:
            self.flush()

    def writelines(self, pieces: Iterable[bytes]) -> None:
        """Write each of them."""
        for piece in pieces:
            self.write(piece)

    def write_eof(self) -> None:
        """Write what is waiting, then the end."""
        self.flush()
        self.transport.write_eof()

    def close(self) -> None:
        """Close once everything is written."""
        self.flush()
        self.transport.close()

    def flush(self) -> None:
        """Write what is waiting."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if waiting and not self.transport.is_closing():
            self.transport.writelines(waiting)


class _WholeAnswers:
    """What a protocol of uvicorn for HTTP does differently."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:
        joined = cast(asyncio.Transport, JoinedWrites(transport, self.loop))
        super().connection_made(joined)  # type: ignore[misc] # the class this is mixed into has it

    def handle_websocket_upgrade(self, *event: Any) -> None:
        """Give the socket the real transport: a message is one write already."""
        joined = cast(JoinedWrites, self.transport)
        joined.flush()
        self.transport = joined.transport
        super().handle_websocket_upgrade(*event)  # type: ignore[misc] # as above


def with_whole_answers(protocol: type[Any]) -> type[Any]:
    """Return a protocol class of uvicorn for HTTP whose answers leave in one piece."""
    names = {"__module__": protocol.__module__, "__doc__": protocol.__doc__}
    return type(protocol.__name__, (_WholeAnswers, protocol), names)
