"""Values of another type than the signature says: sent if that is safe, or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import pytest

from modular_api.clients.errors import InvalidArgument, UnprocessableContent

Call = Callable[[Any, ModuleType], Awaitable[Any]]


async def test_the_plain_value_of_an_enum_is_sent(
    client: Any, generated: ModuleType
) -> None:
    """The most natural call of somebody without a type checker; see `test_types`."""
    side, level = generated.Side, generated.Level
    assert await client.str_enum("buy") is side.BUY
    assert await client.int_enum(7) is level(7)
    for call in ("query", "path", "cookie"):
        assert await getattr(client, f"enum_{call}")(value="buy") is side.BUY
    assert await client.enum_header(x_value="sell") is side.SELL
    answer = await client.enum_fields(
        generated.Flagged(side="buy", maybe="sell", many=["buy"], by={"a": "sell"})
    )
    assert (answer.side, answer.maybe, answer.many) == ("buy", "sell", ["buy"])


async def test_a_value_of_a_newer_server_is_sent_as_a_member(
    client: Any, generated: ModuleType
) -> None:
    """An enum is open to what it does not know; a text that stands alone is a mistake."""
    unknown = generated.Side("hold")
    with pytest.raises(UnprocessableContent):
        await client.str_enum(unknown)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda client, c: client.str_enum("by"),
            "'by' of 'body' is no Side, which knows 'buy', 'sell'",
        ),
        (
            lambda client, c: client.enum_query(value=["buy"]),
            "of 'value' is no Side",
        ),
        (lambda client, c: client.int_enum(True), "of 'body' is no Level"),
        (
            lambda client, c: client.enum_fields(
                c.Flagged(side="buy", many=["buy", "by"], by={})
            ),
            "'by' of 'many' is no Side",
        ),
        (
            lambda client, c: client.enum_fields({"side": "buy"}),
            "of 'body' is of type dict, expected Flagged",
        ),
        (
            lambda client, c: client.enum_fields("buy"),
            "'buy' of 'body' is of type str, expected Flagged",
        ),
        (
            lambda client, c: client.two_bodies(
                c.BodyTwoBodies(note={"text": "t"}, address=c.Address(street="s"))
            ),
            "of 'note' is of type dict, expected Note",
        ),
        (
            lambda client, c: client.form_fields({"name": "n"}),
            "of 'body' is of type dict, expected BodyFormFields",
        ),
        (
            lambda client, c: client.upload_single({"file": b"f"}),
            "of 'body' is of type dict, expected BodyUploadSingle",
        ),
        (
            lambda client, c: client.several_media_types({"text": "a"}),
            r"of 'body' is of type dict, expected Note \| str",
        ),
        (
            lambda client, c: client.date_query(value="2026-01-02"),
            "'2026-01-02' of 'value' is of type str, expected date",
        ),
        (
            lambda client, c: client.timedelta_path(60),
            "'60' of 'value' is of type int, expected timedelta",
        ),
        (
            lambda client, c: client.decimal_body("1.5"),
            "'1.5' of 'body' is of type str, expected Decimal",
        ),
    ],
)
async def test_what_is_of_another_type_is_refused_by_name(
    client: Any, generated: ModuleType, call: Call, told: str
) -> None:
    """Before anything is sent, and not by an error from inside generated code."""
    with pytest.raises(InvalidArgument, match=told):
        await call(client, generated)
