"""One request to an ASGI app and what the app answers: whole, or as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, MutableMapping
from typing import Any, TypeAlias

from modular_api.clients.errors import PeerUnavailable
from modular_api.clients.wire import EncodedRequest, Response

Message: TypeAlias = MutableMapping[str, Any]

_FAILED: Message = {
    "status": 500,
    "headers": [(b"content-type", b"text/plain; charset=utf-8")],
}


class _Exchange:
    """What both kinds of exchange do with the request."""

    def __init__(self, request: EncodedRequest) -> None:
        self.request = request
        self._received = False
        self._gone = asyncio.Event()
        self._start: Message | None = None

    async def receive(self) -> Message:
        """Give the app the request; then wait until the client has gone, and say so."""
        if not self._received:
            self._received = True
            return {
                "type": "http.request",
                "body": self.request.body,
                "more_body": False,
            }
        await self._gone.wait()
        return {"type": "http.disconnect"}

    def _content(self, message: Message) -> bytes:
        # To HEAD a server answers without the body.
        body: bytes = message.get("body", b"")
        return b"" if self.request.method == "HEAD" else body

    def _headers(self, start: Message) -> dict[str, str]:
        # Fields of one name are joined as httpx does it (RFC 9110, section 5.3).
        headers: dict[str, str] = {}
        for raw_name, raw_value in start.get("headers", ()):
            name = raw_name.decode("latin-1").lower()
            value = raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return headers

    def _broken(self) -> PeerUnavailable:
        return PeerUnavailable(
            str(self.request), "the app in this process", "its answer breaks off"
        )


class WholeExchange(_Exchange):
    """An answer that is read when it is complete.

    What the app writes when the caller is gone is dropped, as by uvicorn.
    """

    def __init__(self, request: EncodedRequest) -> None:
        super().__init__(request)
        self._body: list[bytes] = []
        self._complete = False

    async def send(self, message: Message) -> None:
        if self._gone.is_set():
            return
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._body.append(self._content(message))
            if not message.get("more_body", False):
                self._complete = True
                self._gone.set()

    def leave(self) -> None:
        """Let the app see that the caller is gone."""
        self._gone.set()

    def fail(self) -> None:
        """Answer 500 where the app has not begun to answer."""
        if self._start is None:
            self._start = _FAILED
            self._body = [b"Internal Server Error"]
            self._complete = True
            self._gone.set()

    def response(self) -> Response:
        """Raises: PeerUnavailable: the app stopped in the middle of its answer."""
        if self._start is None or not self._complete:
            raise self._broken()
        headers = self._headers(self._start)
        return Response(self._start["status"], headers, b"".join(self._body))


class StreamedExchange(_Exchange):
    """An answer that is read while the app writes it.

    The app writes one chunk ahead of its reader and waits then, so an endless stream
    takes no memory. What it writes when the reader is gone is dropped, as by uvicorn.
    """

    def __init__(self, request: EncodedRequest) -> None:
        super().__init__(request)
        self._head = asyncio.Event()
        # None ends the answer, an error breaks it off.
        self._chunks: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(1)
        self.complete = False
        self.left = False

    async def send(self, message: Message) -> None:
        if self._gone.is_set():
            await asyncio.sleep(0)  # where a busy app can be cancelled
            return
        if message["type"] == "http.response.start":
            self._start = message
            self._head.set()
        elif message["type"] == "http.response.body":
            content = self._content(message)
            if content:
                await self._put(content)
            if not message.get("more_body", False):
                self.complete = True
                await self._put(None)
                self._gone.set()

    async def end(self, *, failed: bool) -> None:
        """Note that the app returned or raised."""
        if self._start is None:
            if not failed:
                self._head.set()
                return
            self._start = _FAILED
            self._head.set()
            await self._put(b"Internal Server Error")
            await self._put(None)
        elif not self.complete:
            await self._put(self._broken())

    def break_off(self) -> None:
        """Note that the app was cancelled."""
        self._head.set()
        while not self._chunks.empty():
            self._chunks.get_nowait()
        self._chunks.put_nowait(self._broken())

    @property
    def has_begun(self) -> bool:
        """Whether the answer's head is there."""
        return self._start is not None

    async def head(self) -> tuple[int, dict[str, str]]:
        """Wait for status and headers. Raises: PeerUnavailable: there are none."""
        await self._head.wait()
        if self._start is None:
            raise self._broken()
        return self._start["status"], self._headers(self._start)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Raises: PeerUnavailable: the app stopped in the middle of its answer."""
        while (chunk := await self._chunks.get()) is not None:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def leave(self) -> None:
        """Let the app see that the reader is gone."""
        self.left = True
        self._gone.set()
        while not self._chunks.empty():
            self._chunks.get_nowait()  # wakes the app that waits to write

    async def _put(self, chunk: bytes | Exception | None) -> None:
        if not self._gone.is_set():
            await self._chunks.put(chunk)
