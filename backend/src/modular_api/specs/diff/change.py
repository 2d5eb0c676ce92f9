"""A change between two documents, and the terms that describe it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_FINGERPRINT_LENGTH = 16


class Level(StrEnum):
    """How a change affects those who rely on the old document, worst first."""

    BREAKING = "breaking"
    WARNING = "warning"
    COMPATIBLE = "compatible"
    DOCS = "docs"

    @property
    def rank(self) -> int:
        """0 for the worst, so that sorting by it puts breaks first."""
        return list(Level).index(self)


class Tier(StrEnum):
    """What a change affects, named as in buf.

    `wire`: whether messages are exchanged at all. `json`: the content of messages.
    `source`: only code that was generated from the document.
    """

    WIRE = "wire"
    JSON = "json"
    SOURCE = "source"


class Direction(StrEnum):
    """Who writes the changed data: the client or the server."""

    REQUEST = "request"
    RESPONSE = "response"
    CLIENT_TO_SERVER = "client-to-server"
    SERVER_TO_CLIENT = "server-to-client"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change, with everything that readers, policies and approvals need.

    Attributes:
        rule: the stable id of its rule.
        place: `POST /orders#/requestBody/…`: the operation and a JSON pointer below
            it, with references resolved, so that renaming a component does not change
            it. Without an operation it is only the pointer.
        operation: the operationId, or a socket operation's key.
        method: in capitals; None for sockets.
        path: the path, or a channel's address.
        direction: None if the change is not about data, such as a removed path.
        old: the value there, as plain JSON data without prose; None if there was none.
        text: one sentence that says what happened.
        advice: one sentence that says what to do.
        fingerprint: the same for the same change in later commits, even if the
            wording of its text or its level changes.
        draft: the operation is not promised to anybody (`x-stability: draft`).
        module, version, handler, used_by: unknown here, where only documents are
            known; callers fill them in with `dataclasses.replace`.
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
    """Return the short hash that identifies a change, whatever its texts for people."""
    identity = json.dumps([rule, place, old, new], sort_keys=True, default=str)
    return hashlib.sha256(identity.encode()).hexdigest()[:_FINGERPRINT_LENGTH]
