"""A connection over the network, with websockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from modular_api.clients.channels.channel import Disconnected
from modular_api.clients.errors import ClientTimeout, PeerUnavailable
from modular_api.clients.socket_errors import HandshakeRefused, SocketClientMissing

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.exceptions import ConnectionClosed

log = logging.getLogger(__name__)

_HEARTBEAT_S = 20.0
_LONGEST_MESSAGE_BYTES = 16 * 1024 * 1024
_CLOSE_TIMEOUT_S = 3.0


async def connect(
    base_url: str, path: str, headers: Mapping[str, str], timeout_s: float | None
) -> NetworkChannel:
    """Connect to a socket. websockets is imported here, with the first connection.

    Args:
        base_url: of the server, `http://…` or `https://…`, without a slash at its end.

    Raises: HandshakeRefused, PeerUnavailable, ClientTimeout, SocketClientMissing
    """
    try:
        from websockets.asyncio.client import connect as open_connection
        from websockets.exceptions import InvalidHandshake, InvalidStatus
    except ImportError as error:
        raise SocketClientMissing("websockets") from error
    url = f"ws{base_url.removeprefix('http')}{path}"
    try:
        async with asyncio.timeout(timeout_s):
            # Compression doubles the time that a message takes.
            connection = await open_connection(
                url,
                additional_headers=dict(headers),
                compression=None,
                open_timeout=None,
                ping_interval=_HEARTBEAT_S,
                ping_timeout=_HEARTBEAT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
                max_size=_LONGEST_MESSAGE_BYTES,
            )
    except TimeoutError as error:
        raise ClientTimeout(f"GET {path}", timeout_s) from error
    except InvalidStatus as error:
        raise HandshakeRefused(url, error.response.status_code) from error
    except (OSError, EOFError, InvalidHandshake) as error:
        reason = str(error) or type(error).__name__
        raise PeerUnavailable(
            f"GET {path}", base_url, reason, may_have_acted=False
        ) from error
    return NetworkChannel(connection)


class NetworkChannel:
    """A connection of the library websockets, whose pings find out if it is alive."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        """Send a message."""
        from websockets.exceptions import ConnectionClosed

        try:
            await self._connection.send(text)
        except ConnectionClosed as error:
            raise _disconnected(error) from error

    async def receive(self) -> str:
        """Return the next text; binary messages are ignored."""
        from websockets.exceptions import ConnectionClosed

        while True:
            try:
                message = await self._connection.recv()
            except ConnectionClosed as error:
                raise _disconnected(error) from error
            if isinstance(message, str):
                return message
            log.debug("a binary message of %d bytes is left aside", len(message))

    def abort(self) -> None:
        """Drop the TCP connection."""
        self._connection.transport.abort()

    async def aclose(self) -> None:
        """Close, with 1000."""
        await self._connection.close()


def _disconnected(error: ConnectionClosed) -> Disconnected:
    if error.rcvd is not None:
        return Disconnected(error.rcvd.code, error.rcvd.reason)
    if error.sent is not None and error.sent.code == 1009:
        return Disconnected(1009, f"from the server; {error.sent.reason}")
    return Disconnected(1006, error.sent.reason if error.sent is not None else "")
