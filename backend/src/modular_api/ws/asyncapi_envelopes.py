"""What stands beside `type` and `payload` in a message, as JSON schema.

`frames.py` reads and writes these members; the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modular_api.ws.operations import OperationKind


@dataclass(frozen=True)
class Envelope:
    """Members of a kind of message, besides its type and payload."""

    members: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()


def envelope_of(kind: OperationKind, *, reply: bool = False) -> Envelope:
    """Return what an operation's message, or the answer to it, carries."""
    return (_REPLIES if reply else _MESSAGES).get(kind, Envelope())


_ID = {
    "type": ["string", "integer"],
    "maxLength": 128,
    "description": "Chosen by the client; the answer carries it too.",
}
_TOPIC = {
    "type": "string",
    "description": "The server's name for what is followed.",
    "examples": ["2x6Wc0"],
}
_EPOCH = {
    "type": "string",
    "description": "Offsets of another epoch belong to another history.",
    "examples": ["9f86d081"],
}
_OFFSET = {
    "type": "integer",
    "minimum": 0,
    "description": "Rises by one with every update of a topic.",
}
_POSITION = {
    "type": "object",
    "properties": {"epoch": _EPOCH, "offset": _OFFSET},
    "required": ["epoch", "offset"],
}
_RECOVER = {
    "anyOf": [
        {**_POSITION, "additionalProperties": False},
        {"type": "object", "additionalProperties": _POSITION},
    ],
    "description": "Where the client had got to; of several topics, each by its name.",
}
_RECOVERED = {
    "type": "boolean",
    "description": "Whether everything missed since then follows; told if asked.",
}
_MISSED = {
    "type": "integer",
    "description": "How many updates before this one were left out, if any were.",
}
_TOPICS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "topic": _TOPIC,
            "epoch": _EPOCH,
            "offset": _OFFSET,
            "recovered": _RECOVERED,
        },
        "required": ["topic", "epoch", "offset"],
    },
    "description": "In place of the position where several topics are followed.",
}
_ON_TOPIC = {"topic": _TOPIC, "epoch": _EPOCH, "offset": _OFFSET}

_ASKING = Envelope({"id": _ID})
_UPDATE = Envelope({**_ON_TOPIC, "missed": _MISSED}, ("topic", "epoch", "offset"))

_MESSAGES = {
    OperationKind.SUBSCRIBE: Envelope({"id": _ID, "recover": _RECOVER}),
    OperationKind.UNSUBSCRIBE: _ASKING,
    OperationKind.REQUEST: _ASKING,
    OperationKind.ONE_WAY: _ASKING,
    OperationKind.AUTH: _ASKING,
    OperationKind.PING: _ASKING,
    OperationKind.UPDATE: _UPDATE,
    OperationKind.EVENT: _UPDATE,
    OperationKind.GAP: Envelope(_ON_TOPIC, ("topic", "epoch", "offset")),
    OperationKind.ERROR: Envelope({"id": _ID, "topic": _TOPIC}),
}
_REPLIES = {
    OperationKind.SUBSCRIBE: Envelope(
        {"id": _ID, **_ON_TOPIC, "recovered": _RECOVERED, "topics": _TOPICS}
    ),
    OperationKind.UNSUBSCRIBE: Envelope({"id": _ID, "topic": _TOPIC}),
    OperationKind.REQUEST: _ASKING,
    OperationKind.AUTH: _ASKING,
    OperationKind.PING: _ASKING,
}
