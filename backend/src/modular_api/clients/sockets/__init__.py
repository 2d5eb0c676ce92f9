"""What generated socket clients are made of, and what they tell their users."""

from modular_api.clients.socket_errors import (
    ConnectionLost,
    HandshakeRefused,
    InvalidMessage,
    MalformedMessage,
    SocketClientMissing,
    SocketClosed,
    SocketErrorAnswer,
)
from modular_api.clients.sockets.gaps import Gap, GapReason
from modular_api.clients.sockets.link import LinkState
from modular_api.clients.sockets.socket import ModuleSocket
from modular_api.clients.sockets.subscription import Subscription

__all__ = [
    "ConnectionLost",
    "Gap",
    "GapReason",
    "HandshakeRefused",
    "InvalidMessage",
    "LinkState",
    "MalformedMessage",
    "ModuleSocket",
    "SocketClientMissing",
    "SocketClosed",
    "SocketErrorAnswer",
    "Subscription",
]
