"""How a server is set up for sockets."""

from __future__ import annotations

from typing import Any

MOST_MESSAGE_BYTES = 1024 * 1024
PING_S = 20.0


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
