"""A client meets a server that says more than its specification did."""

from __future__ import annotations

import copy
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request

from modular_api.clients.errors import MalformedResponse
from tests.framework.codegen.constructs.rest_constructs import CONSTRUCTS

NEWER: dict[str, Any] = {
    "str_enum": "hold",
    "int_enum": 99,
    "float_enum": 9.75,
    "mixed_enum": {"a": 1},
    "discriminated_union": {"kind": "crypto", "wallet": "w"},
    "discriminated_list": [{"kind": "crypto"}, {"kind": "card", "number": "1"}],
    "number_discriminator": {"version": 3, "c": 1},
    "field_told_union": {"shell": True},
    "constant_told_union": {"ok": None},
    "primitive_union": [1],
    "date_or_text": 5,
    "uuid_or_int": None,
    "literal_body": "other",
    "extra_forbidden": {"id": 1, "new": [1, {"a": None}]},
    "model_body": {"symbol": "A", "lot": 1, "new": {"deep": 1}},
    "enum_fields": {
        "side": "hold",
        "maybe": "short",
        "many": ["buy", "cover"],
        "by": {"a": "hold"},
        "new": 1,
    },
}
"""Answers, by operation, that the specification knows nothing of."""


@pytest.fixture
def newer(generated: ModuleType) -> Any:
    """A client of a server that answers these, and keeps what it is sent."""
    app = FastAPI()
    app.state.seen = {}

    @app.post("/api/v1/constructs/{name}")
    async def answer(name: str, request: Request) -> Any:
        if request.headers["content-type"] == "application/json":
            app.state.seen[name] = await request.json()
        return NEWER[name]

    client = generated.ConstructsClient(app=app)
    client.seen = app.state.seen
    return client


@pytest.mark.parametrize("name", NEWER)
async def test_what_is_new_arrives_and_goes_back_as_it_came(
    name: str, newer: Any, generated: ModuleType
) -> None:
    """It raises nothing, and sent again it is the same JSON."""
    answer = await _call(newer, generated, name)
    newer.seen.clear()
    await getattr(newer, name)(answer)
    assert newer.seen == {name: NEWER[name]}


async def test_an_unknown_value_is_a_member_of_its_enum(
    newer: Any, generated: ModuleType
) -> None:
    """Of its type, equal to its like and no other, and in no iteration."""
    side = await newer.str_enum(generated.Side.BUY)
    assert isinstance(side, generated.Side)
    assert (side, side.value, side.name) == ("hold", "hold", "hold")
    assert side == generated.Side("hold") != generated.Side.BUY
    assert len({side, generated.Side("hold"), generated.Side.BUY}) == 2
    assert list(generated.Side) == [generated.Side.BUY, generated.Side.SELL]
    assert copy.deepcopy(side) == side
    level = await newer.int_enum(generated.Level.VALUE_7)
    assert isinstance(level, generated.Level)
    assert level == 99
    ratio = await newer.float_enum(generated.Ratio.VALUE_0_5)
    assert isinstance(ratio, generated.Ratio)
    assert ratio == generated.Ratio(9.75) != generated.Ratio.VALUE_0_5
    assert hash(ratio) == hash(generated.Ratio(9.75))


async def test_an_unknown_object_of_a_union_is_a_dict(
    newer: Any, generated: ModuleType
) -> None:
    """The type says so; the members that are known are read beside it."""
    answer = await newer.discriminated_list([])
    assert isinstance(answer[0], generated.Unknown)
    assert answer[0]["kind"] == "crypto"
    assert answer[1] == generated.Card(kind="card", number="1")
    answer = await newer.field_told_union(answer[0])
    assert isinstance(answer, generated.Unknown)


async def test_unknown_fields_are_items_of_the_model(
    newer: Any, generated: ModuleType
) -> None:
    """Also of one whose server forbids extra fields today."""
    answer = await newer.extra_forbidden(generated.Closed(id=1))
    assert answer["new"] == [1, {"a": None}]
    assert answer.additional_keys == ["new"]


@pytest.mark.parametrize(
    ("name", "malformed"),
    [
        ("model_body", {"symbol": "A"}),
        ("tuple_body", [1, "a"]),
        ("date_body", "tomorrow"),
        ("timedelta_body", "an hour"),
        ("decimal_body", "much"),
        ("uuid_body", "x"),
        ("base64_field", {"raw": "?"}),
        ("list_of_models_body", {"a": 1}),
        ("discriminated_field", {}),
    ],
)
async def test_what_was_promised_and_is_not_there_is_an_error(
    name: str,
    malformed: Any,
    newer: Any,
    generated: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A missing required field, and what cannot be read as its type."""
    monkeypatch.setitem(NEWER, name, malformed)
    with pytest.raises(MalformedResponse, match=name):
        await _call(newer, generated, name)


async def _call(newer: Any, generated: ModuleType, name: str) -> Any:
    """Send what the construct itself sends first."""
    sent: list[Any] = []

    async def keep(body: Any) -> Any:
        sent.append(await getattr(newer, name)(body))
        raise _Enough

    operation = SimpleNamespace(**{name: keep})
    with pytest.raises(_Enough):
        await CONSTRUCTS[name].check(operation, generated)
    return sent[0]


class _Enough(Exception):
    """One call is enough."""
