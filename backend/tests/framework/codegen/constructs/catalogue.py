"""What a construct is, and the short ways to declare one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import attrs
from fastapi import APIRouter, Body, Cookie, Header, Path, Query

Client = Any
"""An instance of the generated `ConstructsClient`."""

Generated = Any
"""The generated module, which holds the models."""

Values = Callable[[Generated], Iterable[Any]]
"""Makes the typed values that go out and have to come back equal."""

Check = Callable[[Client, Generated], Awaitable[None]]
"""Calls the operations of a construct and asserts what came back."""


@dataclass(frozen=True)
class Construct:
    """One thing an interface can say.

    Attributes:
        id: of the construct; also the operationId, and the route is `/<id>…`.
        words: what it is, for the table in the docs.
        operations: the operationIds that belong to it.
    """

    id: str
    words: str
    check: Check
    operations: tuple[str, ...]


class Theme:
    """Constructs of one kind and the routes they need."""

    def __init__(self) -> None:
        self.router = APIRouter()
        self.constructs: list[Construct] = []

    def add(
        self,
        id: str,
        words: str,
        endpoint: Callable[..., Any],
        check: Check,
        *,
        methods: Sequence[str] = ("GET",),
        path: str = "",
        operations: Sequence[str] = (),
        **route: Any,
    ) -> None:
        """Declare a construct of any shape."""
        endpoint.__name__ = id
        self.router.add_api_route(
            f"/{id}{path}", endpoint, methods=list(methods), **route
        )
        construct = Construct(id, words, check, tuple(operations) or (id,))
        self.constructs.append(construct)

    def body(self, id: str, words: str, type_: Any, values: Values) -> None:
        """Declare a JSON body that is answered as it came."""

        async def endpoint(body: Any) -> Any:
            return body

        annotate(endpoint, body=Annotated[type_, Body()], answer=type_)
        self.add(id, words, endpoint, echoes(id, values), methods=["POST"])

    def query(self, id: str, words: str, type_: Any, values: Values) -> None:
        """Declare a query parameter that is answered as it came."""
        self._parameter(id, words, type_, values, Query())

    def header(self, id: str, words: str, type_: Any, values: Values) -> None:
        """Declare a header that is answered as it came."""
        self._parameter(id, words, type_, values, Header(alias="x-value"))

    def cookie(self, id: str, words: str, type_: Any, values: Values) -> None:
        """Declare a cookie that is answered as it came."""
        self._parameter(id, words, type_, values, Cookie())

    def path(self, id: str, words: str, type_: Any, values: Values) -> None:
        """Declare a path parameter that is answered as it came."""
        self._parameter(id, words, type_, values, Path(), path="/{value}")

    def _parameter(
        self,
        id: str,
        words: str,
        type_: Any,
        values: Values,
        place: Any,
        path: str = "",
    ) -> None:
        async def endpoint(value: Any) -> Any:
            return value

        annotate(endpoint, value=Annotated[type_, place], answer=type_)
        keyword = "x_value" if getattr(place, "alias", None) == "x-value" else "value"

        async def check(client: Client, c: Generated) -> None:
            for value in values(c):
                answer = await getattr(client, id)(**{keyword: value})
                assert_same(value, answer)

        self.add(id, words, endpoint, check, path=path)


def annotate(endpoint: Callable[..., Any], *, answer: Any, **parameters: Any) -> None:
    """Give a route the types its declaration names."""
    endpoint.__annotations__ = {**parameters, "return": answer}


def echoes(id: str, values: Values) -> Check:
    """Return a check that sends each value as the body, and gets it back equal."""

    async def check(client: Client, c: Generated) -> None:
        for value in values(c):
            assert_same(value, await getattr(client, id)(value))

    return check


def assert_same(sent: Any, answered: Any) -> None:
    """Compare values and types, all the way down.

    `1 == True` and `"buy" == Side.BUY` are true and yet not the same. The two halves of
    an input/output pair are, where their fields are.
    """
    assert _name(sent) == _name(answered), (sent, answered)
    if attrs.has(type(sent)):
        for field in attrs.fields(type(sent)):
            assert_same(getattr(sent, field.name), getattr(answered, field.name))
    elif isinstance(sent, dict):
        assert sent.keys() == answered.keys()
        for key, value in sent.items():
            assert_same(value, answered[key])
    elif isinstance(sent, list | tuple):
        assert len(sent) == len(answered), (sent, answered)
        for one, other in zip(sent, answered, strict=True):
            assert_same(one, other)
    else:
        assert sent == answered


def _name(value: Any) -> str:
    return type(value).__name__.removesuffix("Input").removesuffix("Output")
