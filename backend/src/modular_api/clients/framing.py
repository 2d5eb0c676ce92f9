"""How items are framed in a stream of bytes: as server-sent events, or one per line.

The readers are fed chunks as they come, cut at any byte. They know no connection.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event of a stream.

    Attributes:
        data: its lines, joined by line feeds.
        event: its type, `message` where it names none.
        id: the id of the last event that had one, "" before.
        retry_ms: the reconnection time that came with it, None where none did.
    """

    data: str
    event: str = "message"
    id: str = ""
    retry_ms: int | None = None


class EventReader:
    """Reads server-sent events.

    Source: WHATWG HTML, section 9.2.6, "Interpreting an event stream".

    Attributes:
        last_event_id: the id of the last event that was dispatched with one.
        retry_ms: the last reconnection time the server asked for.
    """

    def __init__(self) -> None:
        self.last_event_id = ""
        self.retry_ms: int | None = None
        self._text = _TextLines(ends=("\r\n", "\n", "\r"))
        self._id = ""
        self._event = ""
        self._data: list[str] = []
        self._retry_ms: int | None = None

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that are complete with this chunk."""
        for line in self._text.feed(chunk):
            if line:
                self._read_field(line)
                continue
            self.last_event_id = self._id
            if self._data:
                data = "\n".join(self._data)
                kind = self._event or "message"
                yield ServerSentEvent(data, kind, self._id, self._retry_ms)
            self._event, self._data, self._retry_ms = "", [], None

    def _read_field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdecimal():
            self.retry_ms = self._retry_ms = int(value)


class LineReader:
    """Reads the lines of JSON lines, empty ones left out."""

    def __init__(self) -> None:
        # JSON escapes a carriage return in a text, so one before a line feed is space.
        self._text = _TextLines(ends=("\n",))

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that are complete with this chunk."""
        return (line for line in self._text.feed(chunk) if _says_something(line))

    def end(self) -> Iterator[str]:
        """Yield the last line where no line feed ends it."""
        return (line for line in self._text.end() if _says_something(line))


class _TextLines:
    """Cuts UTF-8 into lines; a byte order mark at the beginning is dropped.

    A `\\r` at the end of a chunk may be half of a `\\r\\n`: its line ends there, and a
    `\\n` that begins the next chunk belongs to it.
    """

    def __init__(self, ends: tuple[str, ...]) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")(
            errors="replace"
        ).decode
        self._splits_at_returns = "\r" in ends
        self._begun: list[str] = []
        self._after_return = False

    def feed(self, chunk: bytes) -> Iterator[str]:
        text = self._decode(chunk)
        if not text:
            return
        if self._splits_at_returns:
            if self._after_return:
                text = text.removeprefix("\n")
            self._after_return = text.endswith("\r")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        if lines:
            lines[0] = "".join([*self._begun, lines[0]])
            self._begun = []
        self._begun.append(rest)
        yield from lines

    def end(self) -> Iterator[str]:
        last = "".join([*self._begun, self._decode(b"", True)])
        self._begun = []
        if last:
            yield last


def _says_something(line: str) -> bool:
    return bool(line.strip(" \t\r"))
