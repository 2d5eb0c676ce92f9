"""What a socket understands and says, as static data: documents are built from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from pydantic import TypeAdapter


class OperationKind(StrEnum):
    """What an operation is for."""

    SUBSCRIBE = "subscribe"
    """The client follows one or more topics; answered."""
    UNSUBSCRIBE = "unsubscribe"
    """The client follows them no longer; answered."""
    UPDATE = "update"
    """The server tells the news of a topic."""
    GAP = "gap"
    """The server tells that updates of a topic did not reach this client."""
    REQUEST = "request"
    """The client asks, the server answers; no topic."""
    ONE_WAY = "one_way"
    """The client tells something and gets no answer; no topic."""
    EVENT = "event"
    """The server tells something by an `OperationRouter.recv` of fastws."""
    AUTH = "auth"
    """The client's first message, if that carries its credentials."""
    PING = "ping"
    """The client asks whether the connection lives; answered at once."""
    ERROR = "error"
    """The server tells what was wrong with a message, or with a topic."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One type of message.

    Attributes:
        name: the envelope's `type`: `bars.subscribe`.
        kind: what it is for.
        action: from the server's point of view, as in AsyncAPI 3: it receives what a
            client sends.
        payload: what the envelope's `payload` is; None for a message without one.
        reply: the type of the answer; None for none.
        reply_payload: what the answer's payload is.
        router: the name of the WsRouter; empty for what belongs to none.
        policy: what happens to updates for a client that reads too slowly.
        summary, description, tags: for people.
    """

    name: str
    kind: OperationKind
    action: Literal["receive", "send"]
    payload: TypeAdapter[Any] | None = None
    reply: str | None = None
    reply_payload: TypeAdapter[Any] | None = None
    router: str = ""
    policy: str | None = None
    summary: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SocketSpec:
    """The socket of one version of a module.

    Attributes:
        module, version: `datafeed`, `v1`.
        address: the path a client connects to: `/api/v1/datafeed/ws`.
        operations: in the order of their declaration, what a client may send first.
        description: the module's.
        security: what the module's dependencies ask for, as OpenAPI security schemes
            by name; empty for a socket open to everybody.
    """

    module: str
    version: str
    address: str
    operations: tuple[Operation, ...]
    description: str = ""
    security: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: MappingProxyType({})
    )
