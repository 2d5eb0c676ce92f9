"""A client meets a server that says more than its specification did."""

from __future__ import annotations

import copy
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from modular_api.clients.enums import OtherValue
from modular_api.clients.errors import MalformedResponse, UnexpectedStatus
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


OF_ANOTHER_TYPE: list[tuple[str, Any]] = [
    ("str_enum", 5),
    ("str_enum", True),
    ("str_enum", None),
    ("str_enum", {"a": [1]}),
    ("int_enum", "high"),
    ("int_enum", 1.5),
    ("int_enum", True),
    ("int_enum", [7]),
    ("float_enum", "half"),
    ("mixed_enum", True),
]
"""Values, by operation, of a JSON type that no value of the enum has."""


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


@pytest.mark.parametrize(("name", "value"), OF_ANOTHER_TYPE)
async def test_a_value_of_another_type_than_its_enums_arrives_and_goes_back(
    name: str,
    value: Any,
    newer: Any,
    generated: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As itself: neither a member that equals it, nor an error."""
    monkeypatch.setitem(NEWER, name, value)
    answer = await _call(newer, generated, name)
    assert (type(answer.value), answer.value) == (type(value), value)
    assert answer.name == str(value)
    newer.seen.clear()
    await getattr(newer, name)(answer)
    assert repr(newer.seen) == repr({name: value})


async def test_a_field_of_another_type_than_its_enums_compares_as_its_value(
    newer: Any, generated: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no member, and the model goes back as it came."""
    sent = {"side": 5, "maybe": ["new"], "many": ["buy", 1.5], "by": {"a": False}}
    monkeypatch.setitem(NEWER, "enum_fields", sent)
    answer = await _call(newer, generated, "enum_fields")
    assert answer.side == 5
    assert answer.side == OtherValue(5) != generated.Side.BUY
    assert not isinstance(answer.side, generated.Side)
    assert answer.many == [generated.Side.BUY, 1.5]
    assert answer.to_dict() == sent


async def test_a_whole_number_is_one_however_it_is_written(
    newer: Any, generated: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON has one type of numbers."""
    monkeypatch.setitem(NEWER, "int_enum", 7.0)
    assert await _call(newer, generated, "int_enum") is generated.Level.VALUE_7


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


REPORT = {"title": "new"}


def _answering(generated: ModuleType, status: int, content: Any) -> Any:
    """Return a client of a server that answers everything alike."""
    app = FastAPI()

    @app.api_route("/api/v1/constructs/{name}", methods=["DELETE", "GET", "POST"])
    async def answer(name: str) -> Response:
        if content is None:
            return Response(status_code=status)
        return JSONResponse(content, status)

    return generated.ConstructsClient(app=app)


@pytest.mark.parametrize("status", [200, 202, 299])
async def test_another_success_is_read_like_the_documented_one(
    status: int, generated: ModuleType
) -> None:
    """Where there is one: `created` is documented with 201."""
    client = _answering(generated, status, REPORT)
    report = generated.Report(title="new")
    assert await client.created() == report
    assert client.sync.created() == report
    assert await client.ranges_and_default(code=0) == report
    told = await client.response_headers_with_headers()
    assert told.value == report


@pytest.mark.parametrize(("status", "content"), [(200, REPORT), (205, None)])
async def test_who_promised_nothing_may_answer_anything(
    status: int, content: Any, generated: ModuleType
) -> None:
    """`no_content` is documented with 204."""
    assert await _answering(generated, status, content).no_content() is None


@pytest.mark.parametrize(
    ("name", "status", "content"),
    [
        ("created", 204, None),
        ("created", 202, {"job": 1}),
        ("several_successes", 203, REPORT),
        ("no_content", 302, None),
    ],
)
async def test_another_success_that_is_none_of_the_documented_ones_is_named(
    name: str, status: int, content: Any, generated: ModuleType
) -> None:
    """Without the body, with another one, or with two it could be."""
    client = _answering(generated, status, content)
    with pytest.raises(UnexpectedStatus, match=f"{name} answered {status}") as caught:
        await getattr(client, name)()
    assert (caught.value.status, caught.value.problem) == (status, content)


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
