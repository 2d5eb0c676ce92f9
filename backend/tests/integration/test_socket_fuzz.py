"""Every socket, told by its own AsyncAPI document what to send, and sent worse.

Whatever comes back has to be as the document describes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from itertools import count
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from modular_api.testing import LiveServer
from tests.framework.ws.documents import resolved

pytestmark = [
    pytest.mark.integration,
    # Client and server keep each other alive from threads of this process, and name
    # their pings by `random`: hypothesis would blame what it draws at that moment.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module"),
]

MODULES = ("broker", "datafeed")
TOO_MANY_BAD_MESSAGES = 4029

JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


class Socket:
    """A module's socket and its document; connects again when it was closed.

    Attributes:
        codes: with which codes the server closed connections.
        answered: how many messages of each type the server sent.
    """

    def __init__(self, server: LiveServer, module: str) -> None:
        url = f"{server.base_url}/api/v1/{module}/asyncapi.json"
        self.document = httpx.get(url).raise_for_status().json()
        (channel,) = self.document["channels"].values()
        self._url = server.base_url.replace("http", "ws", 1) + channel["address"]
        self._validators = {
            message["name"]: Draft7Validator(
                {**message["payload"], "components": self.document["components"]}
            )
            for message in self.document["components"]["messages"].values()
        }
        self._stack = ExitStack()
        self._connection: ClientConnection | None = None
        self._ids = count(1)
        self.codes: list[int] = []
        self.answered: dict[str, int] = {}

    @property
    def operations(self) -> list[Any]:
        """What a client may send."""
        found = self.document["operations"].values()
        return [operation for operation in found if operation["action"] == "receive"]

    def ask(self, text: str) -> list[Any]:
        """Send a message and a question; return what came until both were answered.

        A subscription may be answered later than the question: it waits where its
        topic is just being closed. A second answer shows beside that of the next one.
        """
        probe = f"probe {next(self._ids)}"
        question = {"type": "auth", "payload": {"token": ""}, "id": probe}
        if self._connection is None:
            opening = connect(self._url, compression=None)
            self._connection = self._stack.enter_context(opening)
        frames: list[Any] = []
        try:
            self._connection.send(text)
            with suppress(ConnectionClosed):  # there may be an answer to read
                self._connection.send(json.dumps(question))
            is_probed = False
            while not (is_probed and any(map(is_answer, frames))):
                frame = json.loads(self._connection.recv(timeout=5))
                if frame.get("id") == probe:
                    is_probed = True
                else:
                    self._judge(frame)
                    frames.append(frame)
            return frames
        except ConnectionClosed as closed:
            self.close()
            self.codes.append(closed.rcvd.code if closed.rcvd else 1006)
            # Without an answer it was cut off for the message before.
            return frames or self.ask(text)

    def _judge(self, frame: Any) -> None:
        faults = [
            each.message for each in self._validators[frame["type"]].iter_errors(frame)
        ]
        assert faults == [], frame
        self.answered[frame["type"]] = self.answered.get(frame["type"], 0) + 1

    def close(self) -> None:
        self._connection = None
        self._stack.close()


def is_answer(frame: Any) -> bool:
    """Tell answers and errors from what comes whenever it likes."""
    return not frame["type"].endswith((".update", ".gap"))


@pytest.fixture(scope="module", params=MODULES)
def socket(
    running_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[Socket]:
    """The socket of each module that has one."""
    socket = Socket(running_server, request.param)
    yield socket
    socket.close()


def values(document: Mapping[str, Any], schema: Any) -> st.SearchStrategy[Any]:
    """Make what a schema of draft-07 describes."""
    schema = resolved(document, schema)
    of = partial(values, document)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return st.one_of([of(each) for each in schema[word]])
    kinds = schema.get("type", "null")
    makers: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "object": lambda: _objects(document, schema),
        "array": lambda: st.lists(
            of(schema["items"]),
            min_size=schema.get("minItems", 0),
            max_size=min(schema.get("maxItems", 4), 4),
        ),
        "string": lambda: _texts(schema),
        "integer": lambda: st.integers(schema.get("minimum"), schema.get("maximum")),
        "number": lambda: st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans,
        "null": st.none,
    }
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return st.one_of([makers[kind]() for kind in kinds])


def _objects(
    document: Mapping[str, Any], schema: Mapping[str, Any]
) -> st.SearchStrategy[Any]:
    properties = schema.get("properties", {})
    made = {name: values(document, each) for name, each in properties.items()}
    required = set(schema.get("required", ()))
    known = st.fixed_dictionaries(
        {name: each for name, each in made.items() if name in required},
        optional={name: each for name, each in made.items() if name not in required},
    )
    more = schema.get("additionalProperties")
    if not isinstance(more, dict):
        return known
    others = st.dictionaries(st.text(max_size=5), values(document, more), min_size=1)
    return st.builds(lambda one, other: {**other, **one}, known, others)


def _texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    longest = schema.get("maxLength", 10)
    if "pattern" not in schema:
        return st.text(max_size=longest)
    made = st.from_regex(schema["pattern"], fullmatch=True)
    made = made.filter(lambda text: len(text) <= longest)
    return st.sampled_from(schema["examples"]) | made if "examples" in schema else made


def valid_frame(draw: st.DrawFn, socket: Socket) -> tuple[Any, Any]:
    """Draw an operation of the client's, and a message that begins it."""
    operation = draw(st.sampled_from(socket.operations))
    message = resolved(socket.document, operation["messages"][0])
    return operation, draw(values(socket.document, message["payload"]))


def mutated(draw: st.DrawFn, frame: Any) -> str:
    """Draw something that is nearly, but mostly not, the message."""
    kind = draw(st.sampled_from(("drop", "junk", "deep junk", "text", "other")))
    if kind == "other":
        return json.dumps(draw(JUNK))
    if kind == "text":
        text = json.dumps(frame)
        at = draw(st.integers(0, len(text)))
        return (
            text[:at] + draw(st.text(max_size=3)) + text[at + draw(st.integers(0, 4)) :]
        )
    target = frame
    if (
        kind == "deep junk"
        and isinstance(frame.get("payload"), dict)
        and frame["payload"]
    ):
        target = frame["payload"]
    name = draw(st.sampled_from(sorted(target)))
    if kind == "drop":
        del target[name]
    else:
        target[name] = draw(JUNK)
    return json.dumps(frame)


def fuzz(socket: Socket, examples: int) -> None:
    """Send so many valid messages, and as many mutated ones."""
    options = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @options
    @given(st.data())
    def valid(data: st.DataObject) -> None:
        operation, frame = data.draw(st.composite(valid_frame)(socket))
        frame["id"] = "mine"
        frames = socket.ask(json.dumps(frame))
        replies = [
            resolved(socket.document, each) for each in operation["reply"]["messages"]
        ]
        (answer,) = [each for each in frames if each.get("id") == "mine"]
        assert answer["type"] in {each["name"] for each in replies}
        if answer["type"] == "error":
            # What is described may still be refused, but never as misunderstood.
            code = answer["payload"]["code"]
            assert code in ("unknown_symbol", "too_many_topics"), (frame, answer)

    @options
    @given(st.data())
    def broken(data: st.DataObject) -> None:
        _, frame = data.draw(st.composite(valid_frame)(socket))
        text = data.draw(st.composite(mutated)(frame))
        frames = socket.ask(text)
        answers = [each for each in frames if is_answer(each)]
        assert len(answers) == 1, (text, frames)

    valid()
    broken()


def test_every_socket_answers_as_its_document_says(socket: Socket) -> None:
    """Valid messages are understood; others are told so, or cut off with a code."""
    fuzz(socket, examples=60)
    assert set(socket.codes) <= {TOO_MANY_BAD_MESSAGES}
    assert socket.answered["error"] > 0
    answers = [type_ for type_ in socket.answered if type_.endswith(".response")]
    assert len(answers) >= 4


@pytest.mark.slow
def test_every_socket_answers_thousands_as_its_document_says(socket: Socket) -> None:
    """The same, for longer."""
    fuzz(socket, examples=1_000)
    assert set(socket.codes) <= {TOO_MANY_BAD_MESSAGES}
