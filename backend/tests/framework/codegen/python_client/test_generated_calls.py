"""Generated clients are called: every operation, in process and over HTTP."""

from __future__ import annotations

import datetime
import inspect
import io
import uuid
from types import ModuleType
from typing import Any

import pytest

from modular_api.clients import errors
from modular_api.clients.context import outgoing_headers, request_id

ORDER_ID = uuid.UUID(int=9)
NOON = datetime.datetime(2026, 3, 4, 12, tzinfo=datetime.UTC)


async def test_a_model_goes_out_and_another_comes_back(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """Enums, dates, ids, nested lists and maps arrive as their Python types."""
    async with shop.ShopClient(**shop_target) as client:
        order = await client.place_order(
            shop.OrderRequest(symbol="AAPL", qty=3, side=shop.Side.SELL)
        )
    assert isinstance(order, shop.Order)
    assert (order.symbol, order.qty, order.side) == ("AAPL", 3, shop.Side.SELL)
    assert order.id == uuid.UUID(int=7)
    assert order.day == datetime.date(2026, 1, 2)
    assert order.placed_at == datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC)
    assert order.tags == ["a"]
    assert order.meta["n"] == 1


async def test_the_sync_twin_gives_the_same_inside_a_running_loop(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """The call blocks this loop, and is answered by another one."""
    with shop.ShopClient(**shop_target) as client:
        order = client.sync.get_order(ORDER_ID)
        assert order == await client.get_order(ORDER_ID)
        await client.aclose()
    assert order.id == ORDER_ID


def test_the_sync_twin_works_without_a_loop(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """Plain code needs nothing but `with`."""
    with shop.ShopClient(**shop_target) as client:
        assert client.sync.get_order(ORDER_ID).id == ORDER_ID
        assert client.sync.version().seen["version"] == 1


async def test_every_operation_answers(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """One call of each operation; none is forgotten."""
    calls: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "list_orders": ((), {"limit": 2, "side": shop.Side.BUY, "symbols": ["A", "B"]}),
        "place_order": ((shop.OrderRequest(symbol="A", qty=1),), {}),
        "get_order": ((ORDER_ID,), {}),
        "cancel_order": ((ORDER_ID,), {}),
        "put_day": ((NOON.date(), shop.Level.VALUE_2, "a ü?", NOON), {}),
        "echo": (("p",), {}),
        "read_path": (("a/b c",), {}),
        "pay": ((shop.Payment(shop.Cash(amount=3)),), {}),
        "put_names": ((["x", "y"],), {}),
        "maybe": ((), {}),
        "awkward": ((_awkward(shop),), {}),
        "generator": ((shop.GeneratorModel(watts=1.5),), {}),
        "send_form": ((shop.BodySendForm(name="n", count=2),), {}),
        "upload": ((_upload(shop),), {}),
        "double_price": ((shop.PriceInput(amount="1.5"),), {}),
        "raw": ((3,), {}),
        "read_day": ((), {}),
        "text": ((), {}),
        "anything": ((), {}),
        "accepted": ((), {"wait": True}),
        "malformed": ((503,), {}),
        "slow": ((0.0,), {}),
        "sync_": ((), {}),
        "import_": ((), {}),
        "version": ((), {}),
    }
    expected_errors = {"malformed": errors.UnexpectedStatus}
    async with shop.ShopClient(**shop_target) as client:
        for name, (args, kwargs) in calls.items():
            if name in expected_errors:
                with pytest.raises(expected_errors[name]):
                    await getattr(client, name)(*args, **kwargs)
            else:
                await getattr(client, name)(*args, **kwargs)
    assert set(calls) == _operations(shop.ShopClient)
    assert set(calls) == _operations(shop.SyncShopClient)


async def test_parameters_arrive_as_they_were_given(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """Path, query, headers and cookies, reserved names and unsafe characters among them."""
    async with shop.ShopClient(**shop_target, token="secret") as client:
        day = await client.put_day(NOON.date(), shop.Level.VALUE_2, "a ü?%2F#", at=NOON)
        path = await client.read_path("a/b c/ü")
        echo = await client.echo(
            "a&b=c d",
            flag=True,
            ratio=1.25,
            x_trace="t",
            x_count=4,
            visit=5,
            json_params="j",
        )
        bare = await client.echo("")
    assert day.seen == {
        "day": "2026-03-04",
        "level": 2,
        "name": "a ü?%2F#",
        "at": "2026-03-04T12:00:00+00:00",
    }
    assert path.seen["path"] == "a/b c/ü"
    assert echo.seen["params"] == "a&b=c d"
    assert (echo.seen["flag"], echo.seen["ratio"]) == (True, 1.25)
    assert (echo.seen["x_trace"], echo.seen["x_count"]) == ("t", 4)
    assert (echo.seen["visit"], echo.seen["json_params"]) == (5, "j")
    assert echo.seen["authorization"] == "Bearer secret"
    assert (bare.seen["flag"], bare.seen["ratio"], bare.seen["visit"]) == (
        False,
        0.5,
        None,
    )


async def test_a_path_parameter_cannot_lead_to_another_route(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """An empty one and dot segments are refused before anything is sent."""
    async with shop.ShopClient(**shop_target) as client:
        for hostile in ("", ".", ".."):
            with pytest.raises(errors.InvalidArgument, match="'path'"):
                await client.read_path(hostile)


async def test_a_slash_in_a_path_parameter_cannot_lead_to_another_route(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """Servers decode it before they look for a route; `{path:path}` alone takes one."""
    async with shop.ShopClient(**shop_target) as client:
        with pytest.raises(errors.InvalidArgument, match="'name' has a slash"):
            await client.put_day(NOON.date(), shop.Level.VALUE_2, "a/b", at=NOON)
        assert (await client.read_path("a/b")).seen["path"] == "a/b"


async def test_bodies_of_every_kind_arrive(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """Lists, unions, null, awkward names, forms and files."""
    async with shop.ShopClient(**shop_target) as client:
        for method in (shop.Card(number="1"), shop.Cash(amount=2)):
            assert await client.pay(shop.Payment(method)) == shop.Payment(method)
        assert await client.put_names(["a", "b"]) == ["a", "b"]
        assert await client.maybe() is None
        assert await client.maybe(body=None) is None
        symbol = await client.maybe(body=shop.Symbol(symbol="A", listed_at=NOON))
        assert (symbol.symbol, symbol.listed_at) == ("A", NOON)
        assert await client.awkward(_awkward(shop)) == _awkward(shop)
        form = await client.send_form(shop.BodySendForm(name="a b&c", count=None))
        assert form.seen == {"name": "a b&c", "count": None}
        doubled = await client.double_price(shop.PriceInput(amount="1.25"))
        assert doubled == shop.PriceOutput(amount="2.50")
        upload = await client.upload(_upload(shop))
    assert upload.seen == {
        "file": ["a.txt", "--+++ first"],
        "more": ["second", "third"],
        "note": "n",
        "extra": None,
    }


async def test_answers_of_every_kind_are_read(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """No content, text, untyped JSON, and one model a success status."""
    async with shop.ShopClient(**shop_target) as client:
        assert await client.cancel_order(ORDER_ID) is None
        assert await client.text() == "grüße"
        assert await client.read_day() == shop.Day(day=datetime.date(2026, 1, 2))
        assert await client.anything() == {"a": [1, None]}
        assert await client.accepted() == shop.Symbol(symbol="A", listed_at=None)
        assert await client.accepted(wait=True) == []


async def test_a_documented_status_raises_its_class_with_the_typed_problem(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """422 carries FastAPI's own model."""
    async with shop.ShopClient(**shop_target) as client:
        with pytest.raises(errors.UnprocessableContent) as caught:
            await client.place_order(shop.OrderRequest(symbol="A", qty=0))
        with pytest.raises(errors.UnprocessableContent):
            client.sync.place_order(shop.OrderRequest(symbol="A", qty=0))
    assert caught.value.status == 422
    assert isinstance(caught.value.problem, shop.HTTPValidationError)
    assert "POST /api/v1/shop/orders answered 422" in str(caught.value)


async def test_a_documented_status_is_raised_even_if_its_body_is_another(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """The documented model does not fit, so the problem is the JSON as it came."""
    async with shop.ShopClient(**shop_target) as client:
        with pytest.raises(errors.Conflict) as conflict:
            await client.place_order(shop.OrderRequest(symbol="TAKEN", qty=1))
        with pytest.raises(errors.OtherClientError) as teapot:
            await client.place_order(shop.OrderRequest(symbol="TEAPOT", qty=1))
    assert conflict.value.problem == {"detail": "there is one already"}
    assert "there is one already" in str(conflict.value)
    assert teapot.value.status == 418


async def test_other_statuses_are_unexpected(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """An undocumented status, and a handler that raises."""
    async with shop.ShopClient(**shop_target) as client:
        with pytest.raises(errors.UnexpectedStatus) as gone:
            await client.place_order(shop.OrderRequest(symbol="GONE", qty=1))
        with pytest.raises(errors.MalformedResponse):
            await client.malformed(200)
        # The last one: uvicorn ends the connection behind a handler that raises.
        with pytest.raises(errors.UnexpectedStatus) as broken:
            await client.place_order(shop.OrderRequest(symbol="BROKEN", qty=1))
    assert (gone.value.status, gone.value.problem) == (410, {"detail": "undocumented"})
    assert (broken.value.status, broken.value.problem) == (500, None)
    assert broken.value.response.text == "Internal Server Error"


async def test_a_slow_answer_is_a_timeout(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """Both ways of calling raise the same error."""
    async with shop.ShopClient(**shop_target, timeout_s=0.1) as client:
        with pytest.raises(errors.ClientTimeout, match="within 0.1 s"):
            await client.slow(0.5)
        with pytest.raises(errors.ClientTimeout):
            client.sync.slow(0.5)


async def test_context_headers_travel_along(
    shop: ModuleType, shop_target: dict[str, Any]
) -> None:
    """The id of the request being served, and whatever else the context sets."""
    tokens = (
        request_id.set("r-1"),
        outgoing_headers.set({"X-Trace": "t-1"}),
    )
    async with shop.ShopClient(**shop_target) as client:
        answers = [await client.echo("p"), client.sync.echo("p")]
    request_id.reset(tokens[0])
    outgoing_headers.reset(tokens[1])
    for answer in answers:
        assert answer.seen["request_id"] == "r-1"
        assert answer.seen["x_trace"] == "t-1"


async def test_lifespan_state_reaches_the_app(
    shop: ModuleType, shop_app: ModuleType
) -> None:
    """Each call gets a copy of the running app's state."""
    state = {"service": object()}
    async with shop.ShopClient(app=shop_app.make_app(), state=state) as client:
        answer = await client.echo("p")
    assert answer.seen["state"] == ["service"]


def _awkward(shop: ModuleType) -> Any:
    return shop.Awkward(
        d=1, cls="c", from_dict_="f", class_="k", with_dash_and_space="w"
    )


def _upload(shop: ModuleType) -> Any:
    files = [io.BytesIO(text) for text in (b"--+++ first", b"second", b"third")]
    return shop.BodyUpload(
        file=shop.File(files[0], file_name="a.txt"),
        more=[shop.File(files[1], "b.txt"), shop.File(files[2], mime_type="text/css")],
        note="n",
    )


def _operations(class_: type) -> set[str]:
    """Methods that the class itself defines."""
    return {
        name
        for name, value in vars(class_).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }
