"""A socket with everything a document may have to say. Run: print its document's hash."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from modular_api.specs.canonical import canonical_bytes, sha256_hex
from modular_api.ws.asyncapi import build_asyncapi_document
from modular_api.ws.operations import Operation, OperationKind, SocketSpec

T = TypeVar("T")


class BarsRequest(BaseModel):
    """Whose bars are followed."""

    symbol: str = Field(examples=["AAPL"])
    resolution: Literal["1", "5"] = "1"
    tags: set[str] = {"c", "a", "b"}


class BarsAnswer(BarsRequest):
    success: bool


class Bar(BaseModel):
    """A bar."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    time: datetime
    close: Decimal
    pair: tuple[int, str] = (1, "a")


class Cat(BaseModel):
    kind: Literal["cat"]
    age: int = Field(gt=3)


class Dog(BaseModel):
    kind: Literal["dog"]
    puppy: Dog | None = None


class Page(BaseModel, Generic[T]):
    items: list[T]


class ErrorDetail(BaseModel):
    code: str
    message: str
    ref: str | int | None


def _user(doc: str) -> type[BaseModel]:
    """Make one of several classes of one name."""

    class User(BaseModel):
        name: str

    User.__doc__ = doc
    return User


def receive(name: str, kind: OperationKind, payload: Any = None, **more: Any) -> Any:
    return _operation(name, kind, payload, action="receive", **more)


def send(name: str, kind: OperationKind, payload: Any = None, **more: Any) -> Any:
    return _operation(name, kind, payload, action="send", **more)


def _operation(name: str, kind: OperationKind, payload: Any, **more: Any) -> Operation:
    if "reply_payload" in more:
        more["reply_payload"] = TypeAdapter(more["reply_payload"])
    adapter = None if payload is None else TypeAdapter(payload)
    return Operation(name=name, kind=kind, payload=adapter, **more)


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]

OPERATIONS: tuple[Operation, ...] = (
    receive(
        "bars.subscribe",
        OperationKind.SUBSCRIBE,
        BarsRequest,
        reply="bars.subscribe.response",
        reply_payload=BarsAnswer,
        router="bars",
        summary="Live bars.",
        description="One symbol each.",
    ),
    receive(
        "bars.unsubscribe",
        OperationKind.UNSUBSCRIBE,
        BarsRequest,
        reply="bars.unsubscribe.response",
        reply_payload=BarsAnswer,
        router="bars",
    ),
    send("bars.update", OperationKind.UPDATE, Bar, router="bars", policy="conflate"),
    send("bars.gap", OperationKind.GAP, dict[str, int | None], router="bars"),
    receive(
        "pets",
        OperationKind.REQUEST,
        Pet,
        reply="pets",
        reply_payload=Page[Pet],
        tags=("zoo",),
    ),
    receive("ping", OperationKind.REQUEST, reply="pong"),
    receive("maybe", OperationKind.ONE_WAY, Cat | None),
    receive("numbers", OperationKind.ONE_WAY, list[int]),
    receive("user", OperationKind.ONE_WAY, _user("One.")),
    send("user.changed", OperationKind.EVENT, _user("Another.")),
    send("room/joined", OperationKind.EVENT, Cat),
    send("default", OperationKind.EVENT, Cat),
    send("error", OperationKind.ERROR, ErrorDetail),
)

SPEC = SocketSpec(
    module="datafeed",
    version="v1",
    address="/api/v1/datafeed/ws",
    operations=OPERATIONS,
    description="Prices.",
)

if __name__ == "__main__":
    print(sha256_hex(canonical_bytes(build_asyncapi_document(SPEC))))
