"""How a server is set up for sockets."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

MOST_MESSAGE_BYTES = 1024 * 1024
PING_S = 20.0
DEAD_PEER_S = 45.0
"""Well above what a live client may pause: 3 s cut off one that paused for 8."""


def uvicorn_options() -> dict[str, Any]:
    """Return the options of `uvicorn.Config` that our sockets are made for."""
    try:
        from modular_api.ws.uvicorn_protocol import SocketProtocol
    except ImportError:  # no websockets, or a uvicorn without this protocol
        protocol: Any = "auto"
    else:
        protocol = SocketProtocol
    return {
        "ws": protocol,
        "ws_max_size": MOST_MESSAGE_BYTES,
        "ws_ping_interval": PING_S,
        "ws_ping_timeout": PING_S,
        # Compression doubles the work per message, for little with small messages.
        "ws_per_message_deflate": False,
    }


def drop_dead_peers(listener: socket.socket) -> None:
    """Let the system drop connections whose peer takes nothing for a while.

    Closing waits for what is left to write, so neither a close nor a ping that stays
    unanswered frees the memory of a peer that has stopped reading. Every connection
    the listener accepts inherits the option, where the system has it.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        with suppress(OSError):  # a listener that is not TCP
            listener.setsockopt(socket.IPPROTO_TCP, option, int(DEAD_PEER_S * 1000))
