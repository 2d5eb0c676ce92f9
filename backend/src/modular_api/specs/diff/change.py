"""One change between two documents, and the words it is described in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_FINGERPRINT_LENGTH = 16


class Level(StrEnum):
    """What a change does to those who rely on the old document, worst first."""

    BREAKING = "breaking"
    WARNING = "warning"
    COMPATIBLE = "compatible"
    DOCS = "docs"

    @property
    def rank(self) -> int:
        """0 for the worst, so that sorting by it puts breaks first."""
        return list(Level).index(self)


class Tier(StrEnum):
    """What a change touches, in buf's words.

    `wire`: whether the exchange takes place at all. `json`: what the messages look
    like. `source`: only the code that was generated from the document.
    """

    WIRE = "wire"
    JSON = "json"
    SOURCE = "source"


class Direction(StrEnum):
    """Who writes the data a change is about: the client or the server."""

    REQUEST = "request"
    RESPONSE = "response"
    CLIENT_TO_SERVER = "client-to-server"
    SERVER_TO_CLIENT = "server-to-client"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change, with all a reader, a policy or an approval needs to know of it.

    Attributes:
        rule: the stable id of the rule that found it.
        place: `POST /orders#/requestBody/…`: the operation and a JSON pointer below
            it, which looks through references, so that a renamed component moves
            nothing. Without an operation it is the pointer alone.
        operation: the operationId, or a socket operation's key.
        method: in capitals; None for sockets.
        path: the path, or a channel's address.
        direction: None where the change is about no data, such as a removed path.
        old: what stood there, as plain JSON data and without prose; None if nothing.
        text: one sentence that says what happened.
        advice: one sentence that says what to do.
        fingerprint: the same for the same change in later commits, and however
            its text or level may be reworded.
        draft: the operation was promised to nobody (`x-stability: draft`).
        module, version, handler, used_by: unknown to the engine, which sees documents
            alone; whoever knows fills them in with `dataclasses.replace`.
    """

    rule: str
    level: Level
    tier: Tier
    place: str
    text: str
    advice: str
    fingerprint: str
    pointer: str = ""
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    direction: Direction | None = None
    old: Any = None
    new: Any = None
    draft: bool = False
    module: str | None = None
    version: str | None = None
    handler: str | None = None
    used_by: tuple[str, ...] = ()


def fingerprint_of(rule: str, place: str, old: Any, new: Any) -> str:
    """Return the short hash a change is known by; nothing meant for people enters it."""
    identity = json.dumps([rule, place, old, new], sort_keys=True, default=str)
    return hashlib.sha256(identity.encode()).hexdigest()[:_FINGERPRINT_LENGTH]
