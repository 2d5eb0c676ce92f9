"""Errors of generated socket clients; they stand in the tree of all calls.

CallError
├── InvalidMessage       a payload the document refuses; nothing was sent
├── SocketErrorAnswer    the server answered a message, or ended a topic, with an error
├── SocketClosed         the connection is closed for good
│   └── HandshakeRefused     it was refused before it began
├── ConnectionLost       the connection broke while an answer was awaited
├── MalformedMessage     a message is not what the document says
└── ClientTimeout, PeerUnavailable, PeerMissing, TokenNotFetched    as for other calls
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modular_api.clients.errors import CallError
from modular_api.errors import ConfigurationError

_LONGEST_SHOWN = 80


class InvalidMessage(CallError, ValueError):
    """A payload is not what the operation takes; nothing was sent.

    Attributes:
        type: of the message, `bars.subscribe`.
        path: where in the payload, as in `("symbols", 0)`.
        value: what stands there.
        reason: what is wrong with it.
    """

    def __init__(
        self, type_: str, path: Sequence[str | int], value: Any, reason: str
    ) -> None:
        self.type = type_
        self.path = tuple(path)
        self.value = value
        self.reason = reason
        place = ".".join(map(str, self.path)) or "the payload"
        super().__init__(
            f"'{type_}' was not sent: {place} is {_shown(value)}: {reason}"
        )


class SocketErrorAnswer(CallError):
    """The server answered with an error, or ended a subscription with one.

    Attributes:
        type: of the message it answers; the router's update for an ended topic.
        code: for programs: `refused`, `unknown_symbol`, …
        message: for people.
    """

    def __init__(self, type_: str, code: str, message: str) -> None:
        self.type = type_
        self.code = code
        self.message = message
        super().__init__(f"'{type_}' was answered with the error {code}: {message}")


class SocketClosed(CallError):
    """The connection is closed and will not be made again.

    Attributes:
        code: the close code; 1000 if it was closed on this side.
    """

    def __init__(self, socket: str, code: int, reason: str) -> None:
        self.socket = socket
        self.code = code
        self.reason = reason
        super().__init__(self._message())

    def _message(self) -> str:
        why = _CLOSE_CODES.get(self.code, "")
        told = ": ".join(filter(None, (why, self.reason)))
        return f"{self.socket} is closed ({self.code}): {told}".rstrip(": ")


class HandshakeRefused(SocketClosed):
    """The server refused the connection before it began.

    Attributes:
        status: its answer, as of HTTP.
    """

    def __init__(self, socket: str, status: int) -> None:
        self.status = status
        super().__init__(socket, 1006, "")

    def _message(self) -> str:
        hint = " Check the token." if self.status in (401, 403) else ""
        return f"{self.socket} refused the connection with {self.status}.{hint}"


class ConnectionLost(CallError):
    """The connection broke before the answer came; the server may have acted."""

    def __init__(self, type_: str, socket: str) -> None:
        self.type = type_
        self.socket = socket
        super().__init__(
            f"'{type_}': the connection to {socket} broke before an answer."
        )


class MalformedMessage(CallError):
    """A message of the server is not what the document says.

    The subscription goes on: ask it for the next item.
    """

    def __init__(self, type_: str, payload: Any, reason: str) -> None:
        self.type = type_
        self.payload = payload
        super().__init__(
            f"'{type_}' does not fit its document ({reason}): {_shown(payload)}"
        )


class SocketClientMissing(ConfigurationError):
    """A library that socket clients need is not installed."""

    def __init__(self, library: str) -> None:
        self.library = library
        super().__init__(
            f"Socket clients need {library}: `pip install 'modular-api[sockets]'`."
        )


_CLOSE_CODES = {
    1000: "closed by this side",
    1007: "a text message was no UTF-8",
    1009: "a message was too long",
    4029: "too many messages that could not be understood",
    4401: "no credentials, or wrong ones",
    4403: "the credentials do not allow this socket",
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
