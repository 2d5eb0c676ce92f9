"""One connection, made anew whenever it is lost, until it is closed for good."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum

from modular_api.clients.channels.channel import Channel
from modular_api.clients.errors import (
    CallError,
    ClientTimeout,
    PeerMissing,
    PeerUnavailable,
    TokenNotFetched,
)
from modular_api.clients.socket_errors import HandshakeRefused, SocketClosed
from modular_api.clients.sockets.backoff import ReconnectDelay
from modular_api.clients.sockets.conversation import Conversation

log = logging.getLogger(__name__)

_FINAL_CODES = frozenset({1007, 1009, 4029, 4401, 4403})
"""Codes after which another connection would end the same way; `docs/SOCKETS.md`."""
_PASSING_STATUSES = frozenset({408, 425, 429})


class LinkState(StrEnum):
    """What a connection is doing."""

    CONNECTING = "connecting"
    OPEN = "open"
    WAITING = "waiting"
    """It was lost, or not made; the next attempt comes after a while."""
    CLOSED = "closed"
    """By its owner, or for good by an error."""


_DIAL_ERRORS = (
    HandshakeRefused,
    PeerUnavailable,
    PeerMissing,
    TokenNotFetched,
    ClientTimeout,
)

Dial = Callable[[], Awaitable[Channel]]
"""Makes a connection. Raises: what `Link.open` raises."""


class Link:
    """Keeps a conversation connected, in one task that it owns.

    Args:
        name: of the socket, for messages and the log.
    """

    def __init__(
        self,
        dial: Dial,
        conversation: Conversation,
        *,
        name: str,
        delay: ReconnectDelay | None = None,
    ) -> None:
        self.state = LinkState.CONNECTING
        self.loop = asyncio.get_running_loop()
        self._dial = dial
        self._conversation = conversation
        self._name = name
        self._delay = delay or ReconnectDelay()
        self._failed_dials = 0
        self._dialling = asyncio.Lock()
        self._dialled: Channel | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect now; the first attempt counts.

        Where it connects in the background already, wait for that as long as one
        attempt may take.

        Raises: HandshakeRefused, PeerUnavailable, PeerMissing, TokenNotFetched,
            ClientTimeout, and SocketClosed, if it was closed before.
        """
        async with self._dialling:
            self._check_not_closed()
            if self._task is None:
                channel = await self._dial()
                if self._is_closed:  # meanwhile
                    await channel.aclose()
                self._check_not_closed()
                self._dialled = channel
                self.start()
                return
        await self._conversation.connected()

    def start(self) -> None:
        """Connect, and stay connected, in the background."""
        if self._task is None and self.state is not LinkState.CLOSED:
            self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Close the connection with 1000; readers come to their end.

        Cancelled, it does not wait for the server's goodbye, and readers end at once. A
        second call waits for what the first began.
        """
        was_closed, self.state = self._is_closed, LinkState.CLOSED
        task = self._task
        try:
            if task is not None and not task.done():
                if not was_closed:  # a second time would break off the goodbye
                    task.cancel()
                await asyncio.wait({task})
            channel, self._dialled = self._dialled, None
            if channel is not None:  # its task had not begun
                await channel.aclose()
        finally:
            self._conversation.close(SocketClosed(self._name, 1000, ""))

    async def _run(self) -> None:
        try:
            error = await self._stay_connected()
        except Exception as fault:
            log.exception("%s gives up", self._name)
            error = fault
        self.state = LinkState.CLOSED
        log.debug("%s: %s", self._name, error)
        self._conversation.fail(error)

    async def _stay_connected(self) -> Exception:
        """Connect again and again; return the error that makes that pointless."""
        while True:
            self.state = LinkState.CONNECTING
            try:
                channel = await self._new_channel()
            except _DIAL_ERRORS as e:
                self._failed_dials += 1
                e.attempts = self._failed_dials
                if not _may_pass(e):
                    return e
                self._conversation.not_connected(e)
                await self._wait(str(e))
                continue
            self._failed_dials = 0
            self.state = LinkState.OPEN
            log.debug("%s is open", self._name)
            opened_at = self.loop.time()
            try:
                lost = await self._conversation.speak(channel)
            finally:
                await channel.aclose()
            self._delay.lived(self.loop.time() - opened_at)
            if lost.code in _FINAL_CODES:
                return SocketClosed(self._name, lost.code, lost.reason)
            await self._wait(f"lost ({lost})", lost.code, lost.reason)

    async def _new_channel(self) -> Channel:
        async with self._dialling:  # `open` may be about to have made one
            channel, self._dialled = self._dialled, None
            return channel or await self._dial()

    @property
    def _is_closed(self) -> bool:
        return self.state is LinkState.CLOSED

    def _check_not_closed(self) -> None:
        if self._is_closed:
            raise self._conversation.failure or SocketClosed(self._name, 1000, "")

    async def _wait(self, why: str, code: int = 1006, reason: str = "") -> None:
        self.state = LinkState.WAITING
        delay_s = self._delay.delay_s(code, reason)
        log.info("%s: %s; connecting again in %.2f s", self._name, why, delay_s)
        await asyncio.sleep(delay_s)


def _may_pass(error: CallError) -> bool:
    """Whether another attempt may succeed where this one did not."""
    if isinstance(error, HandshakeRefused):
        return error.status >= 500 or error.status in _PASSING_STATUSES
    return not isinstance(error, PeerMissing)
