"""The envelope, read and written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modular_api.ws.frames import (
    BadFrame,
    Frame,
    Position,
    Request,
    error_frame,
    gap_frame,
    parse,
    reply_frame,
    update_frame,
    update_head,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_a_message_is_read() -> None:
    """Members beside type and payload are optional; unknown ones are left aside."""
    text = '{"type":"a","payload":{"x":1},"id":7,"later":true}'
    assert parse(text) == Request("a", {"x": 1}, 7)
    assert parse('{"type":"a"}') == Request("a")


def test_recover_is_read_for_one_topic_and_for_many() -> None:
    """Both name the last position the client knows."""
    position = {"epoch": "e", "offset": 3}
    one = parse(json.dumps({"type": "a", "recover": position}))
    many = parse(json.dumps({"type": "a", "recover": {"t": position}}))
    assert one.recover == Position("e", 3)
    assert many.recover_by_topic == {"t": Position("e", 3)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_json"),
        ("{", "bad_json"),
        ('{"type":"a","payload":NaN}', "bad_json"),
        ('{"type":"\\ud800"}', "bad_json"),
        ("\ud800", "bad_json"),
        ("[" * 100_000, "bad_json"),
        ("[]", "bad_envelope"),
        ("null", "bad_envelope"),
        ("{}", "bad_envelope"),
        ('{"type":1}', "bad_envelope"),
        ('{"type":""}', "bad_envelope"),
        ('{"type":"a","id":{}}', "bad_envelope"),
        ('{"type":"a","id":true}', "bad_envelope"),
        ('{"type":"a","id":1.5}', "bad_envelope"),
        ('{"type":"a","id":99999999999999999999}', "bad_envelope"),
        ('{"type":"a","recover":1}', "bad_envelope"),
        ('{"type":"a","recover":{}}', "bad_envelope"),
        ('{"type":"a","recover":{"epoch":"e","offset":-1}}', "bad_envelope"),
        ('{"type":"a","recover":{"epoch":"e","offset":true}}', "bad_envelope"),
    ],
)
def test_a_bad_message_is_told_apart(text: str, code: str) -> None:
    """What is wrong has a code for programs."""
    with pytest.raises(BadFrame) as caught:
        parse(text)
    assert caught.value.code == code


def test_a_bad_message_with_a_good_id_is_answered_to_it() -> None:
    """The client can tell which of its messages it was."""
    with pytest.raises(BadFrame) as caught:
        parse('{"id":"mine"}')
    assert caught.value.ref == "mine"


def outcome(text: str) -> str:
    """Return the code of what is wrong, or nothing."""
    try:
        parse(text)
    except BadFrame as error:
        return error.code
    return ""


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else ever comes out of the parser."""
    assert outcome(text) in ("", "bad_json", "bad_envelope")


@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    """Well-formed JSON that is no message is a bad envelope."""
    assert outcome(json.dumps(value)) in ("", "bad_envelope")


@given(st.fixed_dictionaries({"type": JSON, "id": JSON, "recover": JSON}))
def test_any_envelope_is_read_or_refused(envelope: object) -> None:
    """Whatever its members are."""
    assert outcome(json.dumps(envelope)) in ("", "bad_envelope")


@given(st.text(min_size=1, max_size=200), JSON, st.integers(0, 2**53 - 1) | st.none())
def test_a_good_message_keeps_what_it_says(
    type_: str, payload: object, id_: int | None
) -> None:
    """Type, payload and id come through unchanged."""
    text = json.dumps({"type": type_, "payload": payload, "id": id_})
    assert parse(text) == Request(type_, payload, id_)


def test_an_update_stands_in_its_envelope() -> None:
    """Topic, epoch and offset stand beside the payload, which is left as it is."""
    frame = update_frame(update_head("bars.update", "t"), "e", 4, '{"close":1.50}')
    assert frame.text == (
        '{"type":"bars.update","topic":"t","epoch":"e","offset":4,'
        '"payload":{"close":1.50}}'
    )
    assert json.loads(frame.with_missed(2).text)["missed"] == 2


def test_an_answer_echoes_the_id() -> None:
    """Members without a value are left out."""
    frame = reply_frame("a.response", b'{"success":true}', "7", topic=None)
    assert frame.text == '{"type":"a.response","id":"7","payload":{"success":true}}'
    assert reply_frame("pong", None).text == '{"type":"pong"}'


def test_an_error_and_a_gap_are_messages_too() -> None:
    """Their shapes are fixed."""
    assert json.loads(error_frame("busy", "Later.", 3).text) == {
        "type": "error",
        "id": 3,
        "payload": {"code": "busy", "message": "Later.", "ref": 3},
    }
    assert json.loads(gap_frame("a.gap", "t", Position("e", 2)).text) == {
        "type": "a.gap",
        "topic": "t",
        "epoch": "e",
        "offset": 2,
        "payload": {"missed": None},
    }


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536, 200_000])
def test_the_wire_form_is_read_by_another_implementation(length: int) -> None:
    """Each of the three ways to write a length is what websockets reads."""
    from websockets.frames import Frame as WireFrame
    from websockets.frames import Opcode
    from websockets.protocol import CLIENT, OPEN, Protocol

    text = "x" * length
    reader = Protocol(CLIENT, state=OPEN, max_size=None)
    reader.receive_data(Frame(text).wire)
    [received] = reader.events_received()
    assert isinstance(received, WireFrame)
    assert received.opcode is Opcode.TEXT
    assert bytes(received.data) == text.encode()
