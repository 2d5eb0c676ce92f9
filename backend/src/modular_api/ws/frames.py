"""The envelope: reading a client's message, writing the server's. Knows no socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

from pydantic_core import from_json

from modular_api.ws.errors import ErrorCode

Ref: TypeAlias = str | int | None
"""A message's `id`, as the client chose it."""

_LONGEST_ID = 128
_LARGEST_ID = 2**53 - 1  # what every JSON reader keeps exact
_LONGEST_TYPE = 200


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the history of a topic.

    Offsets rise by one with every update of an epoch; those of different epochs are
    unrelated.
    """

    epoch: str
    offset: int


@dataclass(frozen=True, slots=True)
class Request:
    """A client's message, its payload not yet validated."""

    type: str
    payload: Any = None
    id: Ref = None
    recover: Position | None = None
    recover_by_topic: dict[str, Position] | None = None


class BadFrame(Exception):
    """A message is not what it should be; it becomes an error frame."""

    def __init__(self, code: str, message: str, ref: Ref = None) -> None:
        self.code = code
        self.message = message
        self.ref = ref
        super().__init__(f"{code}: {message}")


def parse(text: str) -> Request:
    """Read a client's message.

    Unknown members are ignored, so that clients may be newer.

    Raises: BadFrame: with the `id` of the message, where it has a good one.
    """
    try:
        envelope = from_json(text, allow_inf_nan=False)
    except (ValueError, TypeError) as error:  # the latter for half a surrogate pair
        raise BadFrame(ErrorCode.BAD_JSON, f"The message is no JSON: {error}") from None
    if not isinstance(envelope, dict):
        raise BadFrame(
            ErrorCode.BAD_ENVELOPE, "A message is a JSON object with a `type`."
        )
    ref = _id_of(envelope)
    type_ = envelope.get("type")
    if not isinstance(type_, str) or not 0 < len(type_) <= _LONGEST_TYPE:
        raise BadFrame(
            ErrorCode.BAD_ENVELOPE, "`type` must name an operation of this socket.", ref
        )
    recover, by_topic = _recover_of(envelope.get("recover"), ref)
    return Request(type_, envelope.get("payload"), ref, recover, by_topic)


def _id_of(envelope: dict[str, Any]) -> Ref:
    id_ = envelope.get("id")
    if id_ is None or (isinstance(id_, str) and len(id_) <= _LONGEST_ID):
        return id_
    if type(id_) is int and abs(id_) <= _LARGEST_ID:
        return id_
    raise BadFrame(
        ErrorCode.BAD_ENVELOPE,
        f"`id` must be text of at most {_LONGEST_ID} characters, or a whole number.",
    )


def _recover_of(
    raw: Any, ref: Ref
) -> tuple[Position | None, dict[str, Position] | None]:
    if raw is None:
        return None, None
    if (position := _position(raw)) is not None:
        return position, None
    if isinstance(raw, dict):
        positions = {topic: _position(value) for topic, value in raw.items()}
        known = {topic: found for topic, found in positions.items() if found}
        if known and len(known) == len(positions):
            return None, known
    raise BadFrame(
        ErrorCode.BAD_ENVELOPE,
        "`recover` must be {epoch, offset}, or such an object for each topic.",
        ref,
    )


def _position(raw: Any) -> Position | None:
    if not isinstance(raw, dict) or raw.keys() != {"epoch", "offset"}:
        return None
    epoch, offset = raw["epoch"], raw["offset"]
    if isinstance(epoch, str) and type(offset) is int and offset >= 0:
        return Position(epoch, offset)
    return None


@dataclass(frozen=True)
class Frame:
    """A message of the server, written once for all who get it."""

    text: str
    payload_at: int = 0
    """Where the text can take further members of the envelope; 0 for nowhere."""

    @cached_property
    def size(self) -> int:
        """Its length on the wire, in bytes of UTF-8."""
        return len(self.wire)

    @cached_property
    def wire(self) -> bytes:
        """The message as one WebSocket text frame.

        Source: RFC 6455, section 5.2; a server does not mask.
        """
        data = self.text.encode()
        length = len(data)
        if length < 126:
            return bytes((_FIN_TEXT, length)) + data
        if length < 65_536:
            return bytes((_FIN_TEXT, 126)) + length.to_bytes(2, "big") + data
        return bytes((_FIN_TEXT, 127)) + length.to_bytes(8, "big") + data

    def with_missed(self, missed: int) -> Frame:
        """Return the message telling how many before it were left out."""
        at = self.payload_at
        return Frame(f'{self.text[:at]},"missed":{missed}{self.text[at:]}')


_FIN_TEXT: Final = 0x81


def update_frame(head: str, epoch: str, offset: int, payload: str) -> Frame:
    """Write an update.

    Args:
        head: what `update_head` made, once for a topic.
        payload: JSON text.
    """
    start = f'{head}"epoch":"{epoch}","offset":{offset}'
    return Frame(f'{start},"payload":{payload}}}', len(start))


def update_head(type_: str, topic: str) -> str:
    """Write what all updates of a topic begin with."""
    return f'{{"type":{json.dumps(type_)},"topic":{json.dumps(topic)},'


def reply_frame(
    type_: str, payload: bytes | None, id_: Ref = None, **beside: Any
) -> Frame:
    """Write an answer or an event.

    Args:
        payload: JSON text; None leaves it out.
        beside: further members of the envelope; those that are None are left out.
    """
    envelope = {"type": type_, "id": id_, **beside}
    known = {name: value for name, value in envelope.items() if value is not None}
    text = json.dumps(known, separators=(",", ":"))
    if payload is not None:
        text = f'{text[:-1]},"payload":{payload.decode()}}}'
    return Frame(text)


def gap_frame(
    type_: str, topic: str, position: Position, missed: int | None = None
) -> Frame:
    """Write that updates up to a position did not and will not reach the client.

    Args:
        missed: how many; None where nobody knows.
    """
    payload = json.dumps({"missed": missed}).encode()
    return reply_frame(
        type_, payload, topic=topic, epoch=position.epoch, offset=position.offset
    )


def error_frame(
    code: str, message: str, ref: Ref = None, *, topic: str | None = None
) -> Frame:
    """Write an error: about a message with this id, or about a topic."""
    payload = json.dumps({"code": code, "message": message, "ref": ref})
    return reply_frame("error", payload.encode(), ref, topic=topic)
