"""The operations of a socket, as generated code describes them.

Seen from the client: an AsyncAPI document tells what the server does, so what the
server receives is what a client sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Req = TypeVar("Req")
Upd = TypeVar("Upd")
Ans = TypeVar("Ans")

Check = Callable[[Any], None]
"""Refuses JSON that is not what the document says. Raises: InvalidMessage."""


@dataclass(frozen=True)
class Sending(Generic[Req]):
    """A message a client sends.

    Attributes:
        type: in the envelope.
        encode: from the typed payload to JSON; None for a message without payload.
        check: judges the JSON before it is sent.
    """

    type: str
    encode: Callable[[Req], Any] | None
    check: Check


@dataclass(frozen=True)
class Receiving(Generic[Upd]):
    """A message a client receives; `decode` reads its payload."""

    type: str
    decode: Callable[[Any], Upd]


@dataclass(frozen=True)
class Follow(Generic[Req, Upd]):
    """A router: subscribe, and updates come until unsubscribed.

    Attributes:
        unsubscribe: type of the message that ends it, whose payload is the request.
        gap: type of the message that announces missing updates.
        conflates: whether newer updates replace older ones of their key.
    """

    subscribe: Sending[Req]
    unsubscribe: str
    update: Receiving[Upd]
    gap: str
    conflates: bool = False


@dataclass(frozen=True)
class Ask(Generic[Req, Ans]):
    """A message that is answered."""

    request: Sending[Req]
    reply: Receiving[Ans]


@dataclass(frozen=True)
class Tell(Generic[Req]):
    """A message without an answer."""

    message: Sending[Req]


@dataclass(frozen=True)
class Listen(Generic[Upd]):
    """Messages that the server sends unasked."""

    event: Receiving[Upd]
