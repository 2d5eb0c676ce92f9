"""uvicorn's WebSocket protocol, which the hub can write to without waiting.

Configured by our servers; with uvicorn's own protocols everything works as well, only
through a task per connection.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from modular_api.ws.endpoint import DIRECT_EXTENSION

_QUIET_S = 0.25
_LONGEST_DISCARD_S = 5.0


class SocketProtocol(WebSocketsSansIOProtocol):
    """Offers DIRECT_EXTENSION, and closes so that the peer learns why.

    uvicorn closes at once where a message is too long or malformed. With more of it on
    the way the system answers with a reset, which overtakes the close frame. Here the
    rest is read and thrown away first.
    """

    _quiet_timer: asyncio.TimerHandle | None = None

    def handle_connect(self, event: Request) -> None:
        """Begin to serve, with the extension in the scope."""
        super().handle_connect(event)
        if not self.close_sent:  # else there is no scope: the handshake was refused
            extensions: dict[str, Any] = {**self.scope["extensions"]}
            self.scope["extensions"] = extensions | {DIRECT_EXTENSION: _Direct(self)}

    def data_received(self, data: bytes) -> None:
        """Read, or throw away what follows a message that was refused."""
        if self._quiet_timer is None:
            super().data_received(data)
        else:
            self._close_when_quiet()

    def handle_parser_exception(self) -> None:
        """Say why, and close once the peer has stopped sending."""
        if self.close_sent:
            return
        assert self.conn.close_sent is not None
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": code, "reason": reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # uvicorn closes at the end of the app unless this timer runs.
        self.close_timer = self.loop.call_later(
            _LONGEST_DISCARD_S, self.transport.close
        )
        self._close_when_quiet()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
        super().connection_lost(exc)

    def _close_when_quiet(self) -> None:
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
        self._quiet_timer = self.loop.call_later(_QUIET_S, self.transport.close)


class _Direct:
    __slots__ = ("_protocol",)

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def write(self, wire: bytes) -> bool:
        protocol = self._protocol
        if (
            not protocol.writable.is_set()
            or protocol.close_sent
            or protocol.disconnected
            or protocol.transport.is_closing()
        ):
            return False
        # Whole, unmasked and without extensions, a frame leaves no trace in the state
        # that uvicorn and websockets keep of a connection.
        protocol.transport.write(wire)
        return True

    def abort(self) -> None:
        self._protocol.transport.abort()
