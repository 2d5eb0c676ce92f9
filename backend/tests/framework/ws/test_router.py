"""What a declaration of a router means, before anybody connects."""

from __future__ import annotations

from collections.abc import Callable
from types import new_class
from typing import Any, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel

from modular_api.module.declaration import BadDeclaration
from modular_api.ws import Policy, WsRouter
from modular_api.ws.errors import BadSocketDeclaration, SocketNotRunning

T = TypeVar("T")


class Req(BaseModel):
    """A request."""

    a: int
    b: str = "x"


class Upd(BaseModel):
    """An update."""

    value: int


class Plain(WsRouter[Req, Upd]):
    """First sentence.

    And more.
    """


class Base(WsRouter[list[T], T], Generic[T]):
    """Generic in one of two."""


class Derived(Base[Upd]):
    """Fills it."""


def test_equal_requests_share_a_topic_whatever_their_key_order() -> None:
    """Defaults count as if they were sent; other values make another topic."""
    router = Plain("plain")
    one = router.topic_of(Req.model_validate({"a": 1, "b": "x"}))
    assert one == router.topic_of(Req.model_validate({"b": "x", "a": 1}))
    assert one == router.topic_of(Req(a=1))
    assert one != router.topic_of(Req(a=2))
    assert one != Plain("other").topic_of(Req(a=1))
    assert one.startswith("plain:")


def test_a_generic_base_can_be_filled_later() -> None:
    """Real generics: the type parameters are followed through the bases."""
    router = Derived("d")
    assert router.reader.adapter is not None
    assert router.reader.adapter.validate_python([{"value": 1}]) == [Upd(value=1)]
    assert router.writer.write(Upd(value=2)) == b'{"value":2}'


@pytest.mark.parametrize("bare", [WsRouter, Base])
def test_a_router_must_say_what_it_takes_and_sends(bare: type[Any]) -> None:
    """WsRouter alone, or with open type parameters, declares nothing."""
    with pytest.raises(BadSocketDeclaration, match=r"WsRouter\[Request, Update\]"):
        bare("x")


@pytest.mark.parametrize("name", ["", "Bars", "a b", "1a", "a.", "auth", "error"])
def test_an_impossible_name_is_refused(name: str) -> None:
    """Names become types of messages; a few are the framework's own."""
    with pytest.raises(BadSocketDeclaration, match="a router's name"):
        Plain(name)


def test_a_request_cannot_have_a_field_named_success() -> None:
    """Answers add it to the request's fields."""

    class Clash(BaseModel):
        success: int

    class Bad(WsRouter[Clash, Upd]):
        """Clashes."""

    with pytest.raises(BadSocketDeclaration, match="'success'"):
        Bad("bad")


def test_a_type_pydantic_cannot_validate_is_refused() -> None:
    """The error names the router and the types."""

    class Unknown:
        """No model."""

    class Bad(WsRouter[Unknown, Upd]):
        """Cannot be validated."""

    with pytest.raises(BadSocketDeclaration, match=r"Bad\('bad'\).*Unknown"):
        Bad("bad")


def test_a_policy_is_of_the_class_or_of_the_instance() -> None:
    """An instance may say otherwise; an unknown policy is an error."""

    class Quick(WsRouter[Req, Upd]):
        """Conflates."""

        policy = Policy.CONFLATE

    assert Quick("q").policy is Policy.CONFLATE
    assert Quick("q", policy="drop_oldest").policy is Policy.DROP_OLDEST
    with pytest.raises(ValueError, match="nonsense"):
        Quick("q", policy="nonsense")


def test_operations_are_described() -> None:
    """Names, directions, replies, payloads and texts, for whoever makes documents."""
    subscribe, unsubscribe, update, gap = Plain("plain").operations()
    assert (subscribe.name, subscribe.action) == ("plain.subscribe", "receive")
    assert (subscribe.reply, unsubscribe.reply) == (
        "plain.subscribe.response",
        "plain.unsubscribe.response",
    )
    assert subscribe.reply_payload is not None
    answer = subscribe.reply_payload.json_schema()
    assert answer["required"] == ["a", "success"]
    assert (update.name, update.action, update.policy) == (
        "plain.update",
        "send",
        "disconnect",
    )
    assert (update.summary, update.description) == ("First sentence.", "And more.")
    assert gap.name == "plain.gap"


@pytest.mark.parametrize(
    ("type_", "value", "answer"),
    [
        (None, None, b'{"success":true}'),
        (list[int], [1], b'{"request":[1],"success":true}'),
        (Req | None, None, b'{"success":true}'),
        (Req | None, Req(a=1), b'{"a":1,"b":"x","success":true}'),
        (Literal["a", "b"], "a", b'{"request":"a","success":true}'),
    ],
)
def test_any_type_can_be_a_request(type_: Any, value: Any, answer: bytes) -> None:
    """What is no object stands in the answer as `request`."""
    router_class: Any = new_class("Any_", (WsRouter[type_, Upd],))
    assert router_class("any").answer_to(value, True) == answer


def test_a_declared_router_serves_nobody() -> None:
    """Publishing outside of a lifespan is a typed error that says what to use."""
    with pytest.raises(SocketNotRunning, match="running_router"):
        Plain("plain").publish(Req(a=1), Upd(value=1))


def test_two_routers_of_one_name_are_refused(sockets: Callable[..., Any]) -> None:
    """The error names module, version and name."""
    with pytest.raises(BadDeclaration, match=r"ws\['v1'\].*two routers.*'plain'"):
        sockets(Plain("plain"), Plain("plain"))


def test_what_is_no_router_is_refused(sockets: Callable[..., Any]) -> None:
    """A class in place of an instance, for example."""
    with pytest.raises(BadDeclaration, match="is a type, expected a WsRouter instance"):
        sockets(Plain)
