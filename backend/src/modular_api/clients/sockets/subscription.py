"""What a socket's methods return: an async iterator that owns a subscription."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Self

from modular_api.clients.socket_errors import MalformedMessage
from modular_api.clients.sockets.buffer import Buffer
from modular_api.clients.sockets.gaps import Gap
from modular_api.clients.sockets.operations import Receiving, Upd


class Subscription(Generic[Upd]):
    """Updates, and gaps where some did not arrive.

    It lasts until `aclose`, the end of `async with`, or until nobody holds it any more,
    as after leaving `async for bar in socket.bars(…)`. Cancelling a read loses nothing.
    `async with` also waits for the server's answer: every later update arrives or is
    covered by a gap.

    Raises, while it is read:
        SocketErrorAnswer: the server refused or ended it.
        SocketClosed: the connection is closed for good.
        ClientTimeout: it did not begin in time.
        PeerUnavailable, HandshakeRefused, TokenNotFetched: neither did a connection, in
            so many `attempts`.
        MalformedMessage: one message was not what it should be; read on.
    """

    def __init__(
        self,
        buffer: Buffer,
        receiving: Receiving[Upd],
        *,
        begun: Callable[[], Awaitable[None]],
        end: Callable[[], None],
    ) -> None:
        self._buffer = buffer
        self._receiving = receiving
        self._begun = begun
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._is_closed = False

    async def started(self) -> None:
        """Wait for the server's answer. Raises: as reading does."""
        await self._begun()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Upd | Gap:
        item = await self._buffer.get()
        if isinstance(item, Gap):
            return item
        try:
            return self._receiving.decode(item.payload)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise MalformedMessage(item.type, item.payload, reason) from error

    async def aclose(self) -> None:
        """Unsubscribe."""
        if not self._is_closed:
            self._is_closed = True
            self._end()

    async def __aenter__(self) -> Self:
        try:
            await self.started()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # Left by `break` or an error. The collector may run in any thread.
        if not getattr(self, "_is_closed", True) and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)
