"""One call, carried into an app of this process and over HTTP."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
from contextvars import ContextVar
from typing import Any

import pytest

from modular_api.clients import app_tasks, errors
from modular_api.clients.context import outgoing_headers, request_id
from modular_api.clients.wire import json_lines
from modular_api.errors import ConfigurationError

seen: ContextVar[str] = ContextVar("seen", default="outside")


async def test_both_transports_send_the_same(
    client_class: Any, app: Any, echo_server: Any
) -> None:
    """Method, path, query, body and our headers are equal byte for byte."""
    call = {
        "method": "post",
        "params": {"a": "x y&", "b": [1, True], "none": None},
        "json": {"ü": 1},
        "headers": {"Content-Type": "application/json", "X-N": 4, "X-None": None},
        "cookies": {"c": 5},
    }
    answers = []
    for target in ({"app": app}, {"base_url": echo_server.base_url}):
        async with client_class(**target, token="t", headers={"X-A": "b"}) as client:
            answers += [await client.call(**dict(call)), client.call_sync(**dict(call))]
    parts = ("method", "path", "raw_path", "query", "body")
    assert len({str([answer[part] for part in parts]) for answer in answers}) == 1
    assert answers[0]["query"] == "a=x+y%26&b=1&b=true"
    assert answers[0]["body"] == '{"Ã¼":1}'
    for answer in answers:
        headers = answer["headers"]
        assert headers["authorization"] == "Bearer t"
        assert (headers["x-a"], headers["x-n"]) == ("b", "4")
        assert headers["cookie"] == "c=5"
        assert headers["content-type"] == "application/json"
        assert headers["content-length"] == "8"
        assert "x-none" not in headers


async def test_a_header_may_be_repeated(
    client_class: Any, target: dict[str, Any]
) -> None:
    """Each value in a field of its own."""
    async with client_class(**target) as client:
        for answer in (
            await client.call(headers={"X-List": ["a", 1]}),
            client.call_sync(headers={"X-List": ["a", 1]}),
        ):
            assert answer["repeated"] == [["x-list", "a"], ["x-list", "1"]]


async def test_headers_of_one_name_arrive_joined(
    client_class: Any, target: dict[str, Any]
) -> None:
    """None is lost, and it is the same text in process and over HTTP."""
    async with client_class(**target) as client:
        assert (await client.answer()).headers["x-tags"] == "a, b"


async def test_a_latin_1_value_arrives(
    client_class: Any, target: dict[str, Any]
) -> None:
    """In a header, in a cookie, and in a call of plain code."""
    parts = {"headers": {"x": "grün\tso"}, "cookies": {"c": "ü"}}
    async with client_class(**target) as client:
        for answer in (await client.call(**parts), client.call_sync(**parts)):
            assert answer["headers"]["x"] == "grün\tso"
            assert answer["headers"]["cookie"] == "c=ü"


async def test_a_post_without_a_body_says_so(
    client_class: Any, target: dict[str, Any]
) -> None:
    """A GET says nothing."""
    async with client_class(**target) as client:
        assert (await client.call(method="post"))["headers"]["content-length"] == "0"
        assert "content-length" not in (await client.call())["headers"]


async def test_forms_and_streams_are_sent(
    client_class: Any, target: dict[str, Any]
) -> None:
    """A form leaves null out; content may be bytes or a file."""
    async with client_class(**target) as client:
        form = await client.call(method="post", data={"a": None, "b": [1, 2], "c": "é"})
        raw = await client.call(method="post", content=b"raw")
        file = await client.call(method="post", content=io.BytesIO(b"file"))
        empty = await client.call(method="post", files=[])
    assert form["body"] == "b=1&b=2&c=%C3%A9"
    assert (raw["body"], file["body"]) == ("raw", "file")
    assert empty["headers"]["content-type"].startswith("multipart/form-data; boundary=")


async def test_equal_uploads_are_equal_bytes(
    client_class: Any, target: dict[str, Any]
) -> None:
    """Or a repeated idempotency key would seem to be used for another request."""

    def files(content: bytes) -> Any:
        return [("a", ("a.bin", content, None)), ("b", (None, "text", None))]

    async with client_class(**target) as client:
        first, again, other = [
            await client.call(method="post", files=files(content))
            for content in (b"one", b"one", b"two")
        ]
    types = [each["headers"]["content-type"] for each in (first, again, other)]
    assert (first["body"], types[0]) == (again["body"], types[1])
    assert types[0] != types[2]
    boundary = types[0].partition("boundary=")[2]
    assert first["body"].count(f"--{boundary}") == 3
    assert "one" in first["body"]


async def test_cookies_of_the_client_and_of_a_call_are_joined(
    client_class: Any, target: dict[str, Any]
) -> None:
    """One field, as RFC 6265 asks for."""
    async with client_class(**target, headers={"Cookie": "session=1"}) as client:
        assert (await client.call())["headers"]["cookie"] == "session=1"
        answer = await client.call(cookies={"q": "s", "none": None})
    assert answer["headers"]["cookie"] == "session=1; q=s"


@pytest.mark.parametrize("value", [float("inf"), float("nan"), object(), {(1,): 2}])
async def test_what_is_no_json_is_not_sent(client_class: Any, value: Any) -> None:
    """Neither as a body nor as a line of one."""
    async with client_class(base_url="http://127.0.0.1:1") as client:
        with pytest.raises(errors.InvalidArgument, match="not possible in JSON"):
            await client.call(method="post", json=[value])
    with pytest.raises(errors.InvalidArgument, match="not possible in JSON"):
        json_lines([1, value])


async def test_a_call_does_not_depend_on_the_cookies_of_another(
    client_class: Any, target: dict[str, Any]
) -> None:
    """The server's Set-Cookie is not kept."""
    async with client_class(**target) as client:
        for answer in (await client.call(), await client.call()):
            assert "cookie" not in answer["headers"]


async def test_the_context_travels_along_but_the_client_has_the_last_word(
    client_class: Any, target: dict[str, Any]
) -> None:
    """Request id and headers of the context, for both ways of calling."""
    id_token = request_id.set("r-1")
    headers_token = outgoing_headers.set({"X-Trace": "t", "Authorization": "user"})
    async with client_class(**target, token="own") as client:
        answers = [await client.call(), client.call_sync()]
    outgoing_headers.reset(headers_token)
    request_id.reset(id_token)
    for answer in answers:
        assert answer["headers"]["x-request-id"] == "r-1"
        assert answer["headers"]["x-trace"] == "t"
        assert answer["headers"]["authorization"] == "Bearer own"


async def test_a_raising_app_answers_500(
    client_class: Any, target: dict[str, Any]
) -> None:
    """As a server would, with the same body."""
    async with client_class(**target) as client:
        with pytest.raises(errors.MalformedResponse) as caught:
            await client.call("/told", method="head")
        assert caught.value.response.content == b""
        for answer in (
            client.call("/raise"),
            asyncio.to_thread(client.call_sync, "/raise"),
        ):
            with pytest.raises(errors.InternalServerError) as broken:
                await answer
            assert broken.value.response.text == "Internal Server Error"


async def test_an_answer_that_breaks_off_is_no_answer(
    client_class: Any, target: dict[str, Any]
) -> None:
    """Half a body is never parsed."""
    async with client_class(**target) as client:
        with pytest.raises(
            errors.PeerUnavailable,
            match="GET /api/v1/echo/break got no whole answer.*may have acted",
        ) as caught:
            await client.call("/break")
        assert caught.value.may_have_acted


async def test_the_app_is_told_of_the_disconnect(
    client_class: Any, target: dict[str, Any]
) -> None:
    """Once its answer is complete, `receive` says that the client is gone."""
    async with client_class(**target) as client:
        assert (await client.call("/disconnect"))["method"] == "GET"


async def test_a_call_ends_with_its_time(
    client_class: Any, target: dict[str, Any]
) -> None:
    """Also one that waits for an app that waits for us."""
    async with client_class(**target, timeout_s=0.05) as client:
        with pytest.raises(errors.ClientTimeout) as caught:
            await client.call("/wait")
        with pytest.raises(errors.ClientTimeout):
            client.call_sync("/wait")
    assert caught.value.call == "GET /api/v1/echo/wait"
    assert caught.value.timeout_s == 0.05


@pytest.mark.parametrize("how", ["cancelled", "out of time", "from a thread"])
async def test_an_app_whose_caller_has_gone_comes_to_its_end(
    client_class: Any, how: str
) -> None:
    """It is told so, and acts on; closing the client waits for it."""
    acted: list[str] = []
    begun = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await receive()
        acted.append((await receive())["type"])
        await asyncio.sleep(0.05)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"nobody reads this"})
        acted.append("to its end")

    async with client_class(app=app, timeout_s=0.02) as client:
        if how == "cancelled":
            call = asyncio.ensure_future(client.call())
            while not begun.is_set():
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        elif how == "out of time":
            with pytest.raises(errors.ClientTimeout):
                await client.call()
        else:
            with pytest.raises(errors.ClientTimeout):
                await asyncio.to_thread(client.call_sync)
            await asyncio.sleep(0.2)
    assert acted == ["http.disconnect", "to its end"]


async def test_an_app_that_never_ends_is_cancelled_with_its_client(
    client_class: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whichever loop it runs; no task is left behind."""
    monkeypatch.setattr(app_tasks, "_CLOSE_TIMEOUT_S", 0.05)
    ended: list[str] = []

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(threading.current_thread().name)

    async with client_class(app=endless, timeout_s=0.01) as client:
        with pytest.raises(errors.ClientTimeout):
            await client.call()
        with pytest.raises(errors.ClientTimeout):
            client.call_sync()
    assert sorted(ended) == ["MainThread", "client-calls"]


async def test_the_app_runs_in_a_context_of_its_own(client_class: Any) -> None:
    """It sees the caller's variables, and the caller none of what it sets."""
    found: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.append(seen.get())
        seen.set("inside")
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"1"})

    token = seen.set("caller")
    async with client_class(app=app) as client:
        assert await client.call() == client.call_sync() == 1
    assert seen.get() == "caller"
    assert found == ["caller", "caller"]
    seen.reset(token)


async def test_state_is_copied_for_each_call(client_class: Any) -> None:
    """As a server does: what a request adds is gone with it."""
    states: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        states.append(dict(scope["state"]))
        scope["state"]["added"] = True
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"1"})

    async with client_class(app=app, state={"service": 1}) as client:
        await client.call()
        await client.call()
    assert states == [{"service": 1}] * 2


async def test_a_server_that_is_not_there_is_unavailable(client_class: Any) -> None:
    """The error names the call and the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with client_class(base_url=address) as client:
            with pytest.raises(errors.PeerUnavailable, match=address) as caught:
                await client.call()
            assert not caught.value.may_have_acted
            assert "could not be sent" in str(caught.value)
            with pytest.raises(errors.PeerUnavailable):
                client.call_sync()


@pytest.mark.parametrize(
    "parts",
    [
        {"headers": {"x": "a\r\nevil: 1"}},
        {"headers": {"x": "a\x01"}},
        {"headers": {"x": "\x7f"}},
        {"headers": {"x": " a"}},
        {"headers": {"x": ["b", "a\t"]}},
        {"headers": {"x": "€"}},
        {"cookies": {"x": "a\x01"}},
        {"cookies": {"x": "a\t"}},
        {"cookies": {"x": "a; evil=1"}},
    ],
)
async def test_a_value_that_a_header_cannot_carry_is_refused(
    client_class: Any, target: dict[str, Any], parts: dict[str, Any]
) -> None:
    """Before anything is sent."""
    async with client_class(**target) as client:
        with pytest.raises(errors.InvalidArgument, match="of 'x'"):
            await client.call(**parts)


def test_a_client_has_exactly_one_target(client_class: Any, app: Any) -> None:
    """An app or an address, and the address is a URL."""
    for wrong in ({}, {"app": app, "base_url": "http://x"}):
        with pytest.raises(ConfigurationError, match="EchoClient.*exactly one"):
            client_class(**wrong)
    with pytest.raises(ConfigurationError, match="'localhost:80'.*http://"):
        client_class(base_url="localhost:80")


async def test_an_address_may_have_a_path(client_class: Any, echo_server: Any) -> None:
    """The server may stand below one."""
    async with client_class(base_url=f"{echo_server.base_url}/below/") as client:
        assert (await client.call())["path"] == "/below/api/v1/echo/told"


async def test_a_client_can_be_used_again_after_it_was_closed(
    client_class: Any, target: dict[str, Any]
) -> None:
    """Connections and threads are made when they are needed."""
    client = client_class(**target)
    client.call_sync()
    await client.aclose()
    client.call_sync()
    await client.call()
    await client.aclose()
    client.close()
