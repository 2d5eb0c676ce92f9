"""How items are cut out of bytes, wherever the chunks end."""

from __future__ import annotations

import pytest

from modular_api.clients.framing import EventReader, LineReader, ServerSentEvent

EVENTS = (
    "\ufeff: a comment\r\n"
    "data: one\r\ndata:two\r\n\r\n"  # two lines, with and without a space
    "event: tick\nid: 7\nretry: 250\ndata\n\n"  # data without a colon is empty
    "data: ü\rid: a\0b\rretry: 1s\r\r"  # an id with a NUL, a retry that is no number
    "id\n\n"  # an id alone dispatches nothing, but clears the last one
    "unknown: field\ndata:  two spaces\n\n"
    "data: never dispatched\n"
).encode()

DISPATCHED = [
    ServerSentEvent("one\ntwo"),
    ServerSentEvent("", "tick", "7", 250),
    ServerSentEvent("ü", "message", "7"),
    ServerSentEvent(" two spaces", "message", ""),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_those_of_the_standard_however_they_are_cut(size: int) -> None:
    """CR, LF and CRLF end lines; BOM, comments and unknown fields are dropped."""
    reader = EventReader()
    events = [
        event
        for start in range(0, len(EVENTS), size)
        for event in reader.feed(EVENTS[start : start + size])
    ]
    assert events == DISPATCHED
    assert (reader.last_event_id, reader.retry_ms) == ("", 250)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_are_read_to_the_last_one(size: int) -> None:
    """Empty ones say nothing, and the last one needs no line feed."""
    reader = LineReader()
    content = '{"a":"\u2028é"}\r\n\n \n2\n"last"'.encode()
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    lines = [line for chunk in chunks for line in reader.feed(chunk)]
    assert [line.strip() for line in lines] == ['{"a":"\u2028é"}', "2"]
    assert list(reader.end()) == ['"last"']
