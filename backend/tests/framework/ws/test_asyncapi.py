"""The AsyncAPI document of a socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, TypeAdapter

from modular_api.specs.canonical import canonical, canonical_bytes
from modular_api.ws.asyncapi import build_asyncapi_document
from modular_api.ws.frames import (
    Frame,
    Position,
    error_frame,
    gap_frame,
    parse,
    reply_frame,
    update_frame,
    update_head,
)
from modular_api.ws.operations import OperationKind
from tests.framework.ws.documents import (
    faults_of,
    message_of,
    official_errors,
    resolved,
)
from tests.framework.ws.rich_socket import OPERATIONS, SPEC, receive, send

DOCUMENT = build_asyncapi_document(SPEC)
MESSAGES = DOCUMENT["channels"]["datafeed"]["messages"]
HERE = Path(__file__).parent


def built(*operations: Any, **changes: Any) -> dict[str, Any]:
    return build_asyncapi_document(replace(SPEC, operations=operations, **changes))


def test_the_official_parser_finds_no_error(tmp_path: Path) -> None:
    """In everything at once, nor in next to nothing."""
    assert official_errors(tmp_path, rich=DOCUMENT, empty=built()) == ""


def test_the_official_parser_is_asked(tmp_path: Path) -> None:
    """A document it cannot like is an error of this check."""
    broken = {**DOCUMENT, "operations": {"x": {"action": "shout"}}}
    assert "error" in official_errors(tmp_path, broken=broken)


def test_the_channel_has_the_real_address() -> None:
    """The path a client connects to; the server is not known to a module."""
    channel = DOCUMENT["channels"]["datafeed"]
    assert channel["address"] == "/api/v1/datafeed/ws"
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"] == {
        "title": "datafeed",
        "version": "v1",
        "description": "Prices.",
    }


def test_operations_are_told_from_the_servers_point_of_view() -> None:
    """It receives requests, with the answer and the error as replies, and sends news."""
    subscribe = DOCUMENT["operations"]["bars.subscribe"]
    assert subscribe["action"] == "receive"
    assert subscribe["summary"] == "Live bars."
    assert subscribe["description"] == "One symbol each."
    assert subscribe["tags"] == [{"name": "bars"}]
    assert [resolved(DOCUMENT, each)["name"] for each in subscribe["messages"]] == [
        "bars.subscribe"
    ]
    replies = [
        resolved(DOCUMENT, each)["name"] for each in subscribe["reply"]["messages"]
    ]
    assert replies == ["bars.subscribe.response", "error"]
    update = DOCUMENT["operations"]["bars.update"]
    assert update["action"] == "send"
    assert update["x-policy"] == "conflate"
    assert "reply" not in update


def test_every_operation_is_there_once() -> None:
    """None is lost, whatever its name is."""
    names = {
        resolved(DOCUMENT, operation["messages"][0])["name"]
        for operation in DOCUMENT["operations"].values()
    }
    assert names == {operation.name for operation in OPERATIONS}
    assert len(DOCUMENT["operations"]) == len(OPERATIONS)


def test_keys_are_letters_and_names_stay() -> None:
    """A component's key may hold no slash, a message's type may."""
    assert message_of(DOCUMENT, "room_joined")["name"] == "room/joined"
    document = built(
        send("a/b", OperationKind.EVENT, int), send("a b", OperationKind.EVENT, str)
    )
    assert sorted(document["operations"]) == ["a_b", "a_b-send"]
    names = {message["name"] for message in document["components"]["messages"].values()}
    assert names == {"a/b", "a b"}


def test_one_type_in_two_directions_is_two_messages() -> None:
    """The question `pets` and its answer `pets` are not the same."""
    operation = DOCUMENT["operations"]["pets"]
    question = resolved(DOCUMENT, operation["messages"][0])
    answer = resolved(DOCUMENT, operation["reply"]["messages"][0])
    assert question["name"] == answer["name"] == "pets"
    assert question["payload"] != answer["payload"]


def test_equal_answers_are_one_message() -> None:
    """Two operations with one reply share it."""
    document = built(
        receive("a", OperationKind.REQUEST, reply="pong", reply_payload=int),
        receive("b", OperationKind.REQUEST, reply="pong", reply_payload=int),
        receive("c", OperationKind.REQUEST, reply="pong", reply_payload=str),
    )
    replies = [
        document["operations"][key]["reply"]["messages"][0]["$ref"].split("/")[-1]
        for key in "abc"
    ]
    assert replies == ["pong", "pong", "pong-send"]


def test_schemas_are_named_after_classes() -> None:
    """Never after Python paths; two classes of one name are told apart."""
    names = set(DOCUMENT["components"]["schemas"])
    assert {"Bar", "BarsAnswer", "BarsRequest", "Cat", "Dog", "User", "User2"} <= names
    assert "rich_socket" not in json.dumps(DOCUMENT)


def test_a_decimal_and_a_class_seen_from_both_sides_are_as_in_openapi() -> None:
    """One generator makes the schemas of both kinds of documents."""
    close = DOCUMENT["components"]["schemas"]["Bar"]["properties"]["close"]
    assert close["format"] == "decimal"

    class Both(BaseModel):
        n: int = 1
        when: float | None = None

        model_config = {"json_schema_serialization_defaults_required": True}

    document = built(
        receive("in", OperationKind.ONE_WAY, Both),
        send("out", OperationKind.EVENT, Both),
    )
    assert set(document["components"]["schemas"]) == {"Both-Input", "Both-Output"}


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_examples_are_as_described_and_as_the_model_wants(key: str) -> None:
    """Whoever copies one gets an answer."""
    (example,) = message_of(DOCUMENT, key)["examples"]
    assert faults_of(DOCUMENT, key, example["payload"]) == []
    for operation in OPERATIONS:
        if operation.name == example["payload"]["type"] and operation.payload:
            if key == "pets-send":
                continue
            text = json.dumps(example["payload"].get("payload"))
            operation.payload.validate_json(text)


def test_examples_are_the_authors() -> None:
    """Where a model has some."""
    (example,) = message_of(DOCUMENT, "bars.subscribe")["examples"]
    assert example["payload"]["payload"]["symbol"] == "AAPL"


def test_what_has_no_valid_example_has_none() -> None:
    """Nothing wrong is shown: only the author knows what a validator accepts."""

    def even(value: int) -> int:
        assert value % 2 == 0
        return value

    document = built(
        receive("even", OperationKind.ONE_WAY, Annotated[int, AfterValidator(even)])
    )
    assert "examples" not in document["components"]["messages"]["even"]


BAR = '{"time":"2026-01-31T12:00:00Z","close":"1.5","pair":[1,"a"]}'
ANSWER = b'{"symbol":"AAPL","resolution":"1","tags":["a"],"success":true}'
PLACE = {"topic": "bars:1", "epoch": "e", "offset": 4}
UPDATE = update_frame(update_head("bars.update", "bars:1"), "e", 4, BAR)


@pytest.mark.parametrize(
    ("key", "frame"),
    [
        ("bars.update", UPDATE),
        ("bars.update", UPDATE.with_missed(3)),
        (
            "bars.gap",
            gap_frame("bars.gap", "bars:1", Position("e", 4), missed=2),
        ),
        ("error", error_frame("bad_json", "No JSON.")),
        ("error", error_frame("stream_failed", "Again.", "7", topic="bars:1")),
        (
            "bars.subscribe.response",
            reply_frame("bars.subscribe.response", ANSWER, 7, **PLACE),
        ),
        (
            "bars.subscribe.response",
            reply_frame(
                "bars.subscribe.response", ANSWER, topics=[PLACE], recovered=True
            ),
        ),
        (
            "bars.unsubscribe.response",
            reply_frame("bars.unsubscribe.response", ANSWER, "x", topic="bars:1"),
        ),
        ("pong", reply_frame("pong", None, "x")),
    ],
)
def test_the_frames_of_the_server_are_as_described(key: str, frame: Frame) -> None:
    """Every member has a place in the schema, and a changed one breaks it."""
    said = json.loads(frame.text)
    assert faults_of(DOCUMENT, key, said) == []
    described = message_of(DOCUMENT, key)["payload"]["properties"]
    assert set(said) <= set(described)
    assert faults_of(DOCUMENT, key, {**said, "type": "other"}) != []


@pytest.mark.parametrize(
    ("envelope", "good"),
    [
        ({}, True),
        ({"id": 1}, True),
        ({"id": "x"}, True),
        ({"recover": {"epoch": "e", "offset": 0}}, True),
        ({"recover": {"t": {"epoch": "e", "offset": 0}}}, True),
        ({"id": []}, False),
        ({"id": "x" * 129}, False),
        ({"recover": {"epoch": "e"}}, False),
        ({"recover": {"epoch": "e", "offset": -1}}, False),
        ({"recover": 1}, False),
    ],
)
def test_the_document_and_the_reader_of_frames_agree(envelope: Any, good: bool) -> None:
    """What one accepts the other does."""
    frame = {"type": "bars.subscribe", "payload": {"symbol": "AAPL"}, **envelope}
    assert (faults_of(DOCUMENT, "bars.subscribe", frame) == []) is good
    try:
        parse(json.dumps(frame))
    except Exception:
        assert not good
    else:
        assert good


def test_a_payload_that_may_be_null_may_be_left_out() -> None:
    """`Cat | None`; where there is none at all, none is described."""
    assert faults_of(DOCUMENT, "maybe", {"type": "maybe"}) == []
    assert faults_of(DOCUMENT, "numbers", {"type": "numbers"}) != []
    assert "payload" not in message_of(DOCUMENT, "ping")["payload"]["properties"]


SECURITY = {
    "basic": {"type": "http", "scheme": "basic"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "oauth": {
        "type": "oauth2",
        "flows": {
            "password": {"tokenUrl": "https://example.com/t", "scopes": {"a": "A"}}
        },
    },
    "relative": {
        "type": "oauth2",
        "flows": {"password": {"tokenUrl": "token", "scopes": {}}},
    },
    "openid": {"type": "openIdConnect", "openIdConnectUrl": "https://example.com/o"},
    "openid_here": {"type": "openIdConnect", "openIdConnectUrl": "/o"},
    "tls": {"type": "mutualTLS"},
}


def test_security_schemes_are_said_in_asyncapis_words(tmp_path: Path) -> None:
    """Every kind OpenAPI has, on every operation."""
    document = built(*OPERATIONS, security=SECURITY)
    schemes = document["components"]["securitySchemes"]
    assert {name: scheme["type"] for name, scheme in schemes.items()} == {
        "basic": "http",
        "key": "httpApiKey",
        "oauth": "oauth2",
        "relative": "http",
        "openid": "openIdConnect",
        "openid_here": "http",
        "tls": "X509",
    }
    assert schemes["oauth"]["flows"]["password"]["availableScopes"] == {"a": "A"}
    for operation in document["operations"].values():
        assert len(operation["security"]) == len(SECURITY)
    assert official_errors(tmp_path, secured=document) == ""


def test_an_open_socket_asks_for_nothing() -> None:
    """No empty lists and sections."""
    assert "securitySchemes" not in DOCUMENT["components"]
    assert not [op for op in DOCUMENT["operations"].values() if "security" in op]


def test_the_document_is_canonical_whatever_the_order_of_operations() -> None:
    """Sorted at every level, and the same when a router moves."""
    assert canonical(DOCUMENT) == DOCUMENT
    assert list(DOCUMENT) == sorted(DOCUMENT)
    turned = built(*reversed(OPERATIONS))
    assert canonical_bytes(turned) == canonical_bytes(DOCUMENT)


def test_the_document_does_not_depend_on_the_hash_seed() -> None:
    """Sets as defaults are in it, and in its examples."""
    digests = {
        subprocess.run(
            [sys.executable, str(HERE / "rich_socket.py")],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1


def test_payloads_without_a_model_are_described_in_place() -> None:
    """A list of numbers needs no name."""
    payload = message_of(DOCUMENT, "numbers")["payload"]["properties"]["payload"]
    assert payload == {"type": "array", "items": {"type": "integer"}}
    assert TypeAdapter(list[int]).json_schema() == payload
