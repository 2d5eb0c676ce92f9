"""The server's messages as a client reads them; malformed ones are ignored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modular_api.clients.sockets.following import Start
from modular_api.clients.sockets.positions import Position


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message of the server.

    Attributes:
        members: the whole object; further members belong to newer servers.
    """

    type: str
    payload: Any
    id: str
    topic: str
    members: Mapping[str, Any]

    @property
    def position(self) -> Position | None:
        """Where the message stands in its topic, if it says."""
        return _position(self.members)

    @property
    def missed(self) -> int:
        """How many updates it replaces."""
        missed = self.members.get("missed")
        return missed if isinstance(missed, int) else 0

    def starts(self) -> Iterator[Start]:
        """Yield the topics an answer to a subscription names."""
        topics = self.members.get("topics")
        for each in topics if isinstance(topics, list) else [self.members]:
            if isinstance(each, dict) and isinstance(each.get("topic"), str):
                position = _position(each)
                if position is not None:
                    recovered = each.get("recovered") is True
                    yield Start(each["topic"], position, recovered)


def read(text: str) -> Envelope | None:
    """Return a message, or None if the text is not one."""
    try:
        members = json.loads(text)
    except ValueError:
        return None
    if not isinstance(members, dict) or not isinstance(members.get("type"), str):
        return None
    id_, topic = members.get("id"), members.get("topic")
    return Envelope(
        type=members["type"],
        payload=members.get("payload"),
        id="" if id_ is None else str(id_),
        topic=topic if isinstance(topic, str) else "",
        members=members,
    )


def write(
    type_: str, payload: Any, id_: str, recover: Mapping[str, Any] | None = None
) -> str:
    """Write a message of the client; a payload of None is left out."""
    members: dict[str, Any] = {"type": type_, "id": id_}
    if payload is not None:
        members["payload"] = payload
    if recover:
        members["recover"] = recover
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


def _position(members: Mapping[str, Any]) -> Position | None:
    epoch, offset = members.get("epoch"), members.get("offset")
    if isinstance(epoch, str) and isinstance(offset, int):
        return Position(epoch, offset)
    return None
