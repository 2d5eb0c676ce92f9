"""What goes wrong on a socket: codes on the wire, and the errors behind them."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from modular_api.errors import ConfigurationError, ModularError


class CloseCode(IntEnum):
    """Why the server closed a connection.

    Source: RFC 6455, section 7.4; 4000–4999 are the application's own.
    """

    INVALID_UTF8 = 1007
    """A text message was not UTF-8; the server below closes by itself."""
    TOO_BIG = 1009
    """A message was longer than allowed."""
    INTERNAL = 1011
    """The server failed; its log has the details."""
    RESTARTING = 1012
    """The server stops; the reason tells when to come back: `retry_after_ms=1200`."""
    TOO_SLOW = 4008
    """The client did not read what was sent to it."""
    TOO_MANY_BAD_MESSAGES = 4029
    """The client went on sending what cannot be understood."""
    UNAUTHENTICATED = 4401
    """The first message brought no credentials, or wrong ones."""
    FORBIDDEN = 4403
    """The credentials of the first message do not allow this socket."""


class ErrorCode(StrEnum):
    """What was wrong with a message, or with a topic; the connection stays open."""

    BAD_JSON = "bad_json"
    """The message is no JSON text."""
    BAD_ENVELOPE = "bad_envelope"
    """It is JSON, but no object with a `type` and well-formed companions."""
    BINARY = "binary"
    """It is a binary message; only text is understood."""
    UNKNOWN_TYPE = "unknown_type"
    """The socket has no operation of this type."""
    SERVER_ONLY = "server_only"
    """Only the server sends messages of this type."""
    INVALID_PAYLOAD = "invalid_payload"
    """The payload is not what the operation takes."""
    REFUSED = "refused"
    """The operation declined, with a reason in the message."""
    TOO_MANY_TOPICS = "too_many_topics"
    """The connection follows as many topics as it may."""
    BUSY = "busy"
    """Too many requests of this connection are waiting."""
    INTERNAL = "internal"
    """The server failed; its log has the details under the connection's request id."""
    STREAM_FAILED = "stream_failed"
    """The source of a topic failed; it is started again."""
    STREAM_ENDED = "stream_ended"
    """The source of a topic gave up: nothing more comes, the subscription has ended."""


class SocketError(ModularError):
    """Raise it in a handler or a router to answer with an error of your own.

    Args:
        message: for people; it is sent to the client.
        code: for programs; yours or one of `ErrorCode`.
    """

    def __init__(self, message: str, *, code: str = ErrorCode.REFUSED) -> None:
        self.code = str(code)
        self.message = message
        super().__init__(message)


class BadSocketDeclaration(ConfigurationError):
    """The sockets of a module contradict themselves or cannot be understood."""


class FastwsMissing(ConfigurationError):
    """A socket is to be served, but fastws is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Sockets are served with fastws, which is not installed: "
            "`pip install --no-deps fastws==0.1.7`. (Its metadata pins an old FastAPI "
            "that it does not need, hence --no-deps.)"
        )


class SocketNotRunning(ModularError):
    """A router was used outside of the app's lifespan, or as it was declared."""

    def __init__(self, router: str) -> None:
        self.router = router
        super().__init__(
            f"The router '{router}' serves nobody: it runs from the start to the end of "
            "the app's lifespan, and each app runs a copy of its own. In a handler take "
            "`Annotated[YourRouter, Depends(YourRouter.running)]`; elsewhere use "
            "`adapter.running_router(name)` of the app's FastWSAdapter."
        )
