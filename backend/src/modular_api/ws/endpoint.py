"""One connection: reads from the socket, writes to it, and knows when it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from modular_api.types import REQUEST_ID_KEY
from modular_api.ws.errors import CloseCode, ErrorCode, SocketError
from modular_api.ws.frames import BadFrame, Frame, Ref, Request, error_frame, parse
from modular_api.ws.hub import Member
from modular_api.ws.limits import BadMessageMeter
from modular_api.ws.tasks import Tasks

if TYPE_CHECKING:
    from modular_api.ws.runtime import SocketRuntime

log = logging.getLogger(__name__)

DIRECT_EXTENSION = "modular_api.direct"
"""ASGI extension of a server that can be written to without waiting."""


class Direct(Protocol):
    """What a server offers below DIRECT_EXTENSION."""

    def write(self, wire: bytes) -> bool:
        """Write one whole WebSocket frame; False if that would have to wait."""

    def abort(self) -> None:
        """Drop the connection with what is left to write."""


_FAULTS = {1002, 1003, 1007, 1008, 1009, 1010, 1011}
"""Close codes that tell of a fault on either side.

Some are sent by the server below, which refuses malformed and oversized messages before
they come here.
"""

Handle = Callable[["Connection", Request], Awaitable[Frame | None]]
"""Answers a message. Raises: BadFrame, SocketError, HTTPException."""


class Operations(Protocol):
    """What a connection can be asked."""

    def handler(self, type_: str) -> Handle | None:
        """Find what answers a type of message."""

    def is_ordered(self, type_: str) -> bool:
        """Tell whether such messages are handled in the order they came."""

    def is_immediate(self, type_: str) -> bool:
        """Tell whether such messages wait for no others."""

    def is_server_only(self, type_: str) -> bool:
        """Tell whether only the server sends such messages."""


class Connection:
    """A socket that was accepted, until it is closed.

    Attributes:
        uid: its name in this process.
        request_id: of the handshake; every log line carries it.
        member: what the hub knows of it.
        client: what handlers of fastws get.
        ended: set once nothing of it is left.
    """

    def __init__(
        self,
        runtime: SocketRuntime,
        operations: Operations,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self.uid = uuid4().hex
        self.request_id: str = scope.get(REQUEST_ID_KEY) or self.uid
        self.scope = scope
        self.runtime = runtime
        self.client: Any = None
        self.ended = asyncio.Event()
        self._operations = operations
        self._receive = receive
        self._send = send
        self._limits = runtime.limits
        extensions = scope.get("extensions") or {}
        self._direct: Direct | None = extensions.get(DIRECT_EXTENSION)
        self.member = Member(self._limits, self._write_at_once, self._wake)
        self._woken = asyncio.Event()
        self._ending: asyncio.Future[tuple[int, str]] | None = None
        self._closes_with: tuple[int, str] | None = None
        self._is_finishing = False
        self._bad_messages = BadMessageMeter(self._limits)
        self._requests = Tasks()
        self._turn = asyncio.Semaphore(self._limits.concurrent_requests)
        self._order = asyncio.Lock()

    async def run(self) -> None:
        """Serve until either side closes; then release everything.

        Requests being handled come to their end even if the client has gone, as those
        of HTTP do; their answers go nowhere.
        """
        self._ending = asyncio.get_running_loop().create_future()
        if self._closes_with is not None:
            self._ending.set_result(self._closes_with)
        self.runtime.add(self)
        tasks = Tasks()
        reader = tasks.start(self._read())
        writer = tasks.start(self._write())
        try:
            await asyncio.wait(
                {reader, writer, self._ending}, return_when=asyncio.FIRST_COMPLETED
            )
            if self._closes_with is not None:
                reader.cancel()
                await self._close(writer, *self._closes_with)
            self.runtime.release(self.member)
            await self._requests.wait()
        finally:
            self.runtime.release(self.member)
            self.runtime.connections.discard(self)
            await tasks.cancel()
            await self._requests.cancel()
            self._ending.cancel()
            self.ended.set()

    def end(self, code: int, reason: str) -> None:
        """Close with a code, once what waits has been sent; the first call counts."""
        if self._closes_with is None:
            self._closes_with = (code, reason)
            if self._ending is not None and not self._ending.done():
                self._ending.set_result(self._closes_with)

    # Writing.

    def _write_at_once(self, frame: Frame) -> bool:
        return self._direct is not None and self._direct.write(frame.wire)

    def _wake(self) -> None:
        self._woken.set()
        if self.member.too_slow:
            log.warning(
                "[%s] the client reads too slowly and is cut off", self.request_id
            )
            self.end(CloseCode.TOO_SLOW, "the client reads too slowly")

    async def _write(self) -> None:
        """Send what waits; end when the client has gone, or all is sent at the end."""
        while True:
            while (frame := self.member.take()) is not None:
                try:
                    await self._send({"type": "websocket.send", "text": frame.text})
                except (OSError, RuntimeError):
                    return  # the client has gone; `_read` returns how
            if self._is_finishing:
                return
            self._woken.clear()
            await self._woken.wait()

    async def _close(self, writer: asyncio.Task[Any], code: int, reason: str) -> None:
        timeout_s = self._limits.close_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                if code == CloseCode.RESTARTING:
                    # Half of the time for answers; the close must be sent in any case.
                    await self._requests.wait(timeout_s / 2)
                self._is_finishing = True
                self._woken.set()
                if self.member.too_slow:
                    writer.cancel()
                await asyncio.wait({writer})
                await self._send(
                    {"type": "websocket.close", "code": int(code), "reason": reason}
                )
        except TimeoutError:
            log.warning(
                "[%s] the client does not read; dropped with code %d unsaid",
                self.request_id,
                code,
            )
            if self._direct is not None:
                self._direct.abort()
        except (OSError, RuntimeError):
            log.debug("[%s] the client had gone before its close", self.request_id)

    # Reading.

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code")
                level = logging.WARNING if code in _FAULTS else logging.DEBUG
                log.log(level, "[%s] closed with code %s", self.request_id, code)
                return
            self._take(message)

    def _take(self, message: Message) -> None:
        text = message.get("text")
        if text is None:
            self.refuse(ErrorCode.BINARY, "Messages are JSON text, not binary.")
            return
        if _is_longer(text, self._limits.message_bytes):
            most = self._limits.message_bytes
            log.warning("[%s] a message of more than %d bytes", self.request_id, most)
            self.end(CloseCode.TOO_BIG, f"a message may have {most} bytes")
            return
        try:
            request = parse(text)
        except BadFrame as error:
            self.refuse(error.code, error.message, error.ref)
            return
        self._dispatch(request)

    def _dispatch(self, request: Request) -> None:
        type_ = request.type
        handle = self._operations.handler(type_)
        if handle is None:
            if self._operations.is_server_only(type_):
                code, message = ErrorCode.SERVER_ONLY, "only the server sends it"
            else:
                code, message = ErrorCode.UNKNOWN_TYPE, "this socket has no such type"
            self.refuse(code, f"'{type_}': {message}.", request.id)
            return
        most = self._limits.concurrent_requests + self._limits.waiting_requests
        if len(self._requests) >= most:
            self._send_error(
                ErrorCode.BUSY, f"{most} requests are being handled.", request.id
            )
            return
        _ = self._requests.start(self._handle(handle, request))

    async def _handle(self, handle: Handle, request: Request) -> None:
        try:
            async with self._turn_of(request.type):
                answer = await handle(self, request)
        except BadFrame as error:
            self.refuse(error.code, error.message, request.id)
        except SocketError as error:
            self._send_error(error.code, error.message, request.id)
        except HTTPException as error:
            self._send_error(ErrorCode.REFUSED, str(error.detail), request.id)
        except Exception:
            log.exception("[%s] '%s' failed", self.request_id, request.type)
            self.member.send(
                error_frame(
                    ErrorCode.INTERNAL,
                    "The server failed to answer; its log has the details under "
                    f"{self.request_id}.",
                    request.id,
                )
            )
        else:
            if answer is not None:
                self.member.send(answer)

    def _turn_of(self, type_: str) -> AbstractAsyncContextManager[None]:
        """Return what a message waits for before it is handled."""
        if self._operations.is_immediate(type_):
            return nullcontext()
        return self._order if self._operations.is_ordered(type_) else self._turn

    def refuse(self, code: str, message: str, ref: Ref = None) -> None:
        """Answer a bad message; too many of them close the connection."""
        self._send_error(code, message, ref)
        if self._bad_messages.count(asyncio.get_running_loop().time()):
            self.end(CloseCode.TOO_MANY_BAD_MESSAGES, "too many bad messages")

    def _send_error(self, code: str, message: str, ref: Ref) -> None:
        log.warning("[%s] %s: %s", self.request_id, code, message)
        self.member.send(error_frame(code, message, ref))


def _is_longer(text: str, most_bytes: int) -> bool:
    if len(text) * 4 <= most_bytes:
        return False
    return len(text.encode("utf-8", "surrogatepass")) > most_bytes


async def refuse_handshake(
    scope: Scope, send: Send, status: int, headers: Any = (), body: bytes = b""
) -> None:
    """Answer a handshake with an HTTP status in place of a socket.

    A 401 becomes 403, and so does any status where the server cannot send it.
    """
    extensions = scope.get("extensions") or {}
    if status in (401, 403) or "websocket.http.response" not in extensions:
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    with suppress(OSError):  # the client may have gone
        await send(
            {
                "type": "websocket.http.response.start",
                "status": status,
                "headers": list(headers),
            }
        )
        await send({"type": "websocket.http.response.body", "body": body})
