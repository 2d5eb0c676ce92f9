"""A client of an earlier document keeps working with a newer server."""

from __future__ import annotations

import asyncio
import enum
import importlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from modular_api import Module
from modular_api.app.modular_app import ModularApp
from modular_api.app.socket_documents import socket_documents
from modular_api.clients.sockets import Gap
from modular_api.codegen.python_socket_client.render import render_python_socket_client
from modular_api.ws import WsRouter


class Side(enum.StrEnum):
    BUY = "buy"
    SELL = "sell"


class NewerSide(enum.StrEnum):
    BUY = "buy"
    SELL = "sell"
    SHORT = "short"


class Filled(BaseModel):
    kind: Literal["filled"]
    qty: int


class Rejected(BaseModel):
    kind: Literal["rejected"]
    reason: str


class Amended(BaseModel):
    kind: Literal["amended"]
    price: str


class Order(BaseModel):
    side: Side
    event: Annotated[Filled | Rejected, Field(discriminator="kind")]


class NewerOrder(BaseModel):
    side: NewerSide
    event: Annotated[Filled | Rejected | Amended, Field(discriminator="kind")]
    venue: str


class Wanted(BaseModel):
    account: str


class NewerWanted(BaseModel):
    account: str
    depth: int = 1


class Orders(WsRouter[Wanted, Order]):
    """Orders."""


class NewerOrders(WsRouter[NewerWanted, NewerOrder]):
    """Orders, of new kinds and on new sides."""

    async def stream(self, request: NewerWanted) -> AsyncIterator[NewerOrder]:
        filled = Filled(kind="filled", qty=1)
        yield NewerOrder(side=NewerSide.SHORT, event=filled, venue="x")
        amended = Amended(kind="amended", price="2")
        yield NewerOrder(side=NewerSide.BUY, event=amended, venue="y")
        await asyncio.sleep(3600)


class Added(WsRouter[None, Wanted]):
    """A router the client has never heard of."""


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The client generated from the earlier document."""
    module = Module(ws={"v1": [Orders("orders")]}).create_app("desk")
    files = render_python_socket_client(
        socket_documents(module)["v1"],
        module="desk",
        version="v1",
        rest_files={},
        format_file=str,
    )
    folder = tmp_path_factory.mktemp("generated")
    for path, text in {**files, "__init__.py": ""}.items():
        target: Path = folder / "earlier_generated" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    sys.path.insert(0, str(folder))
    yield importlib.import_module("earlier_generated.desk_socket")
    sys.path.remove(str(folder))
    for name in [n for n in sys.modules if n.startswith("earlier_generated")]:
        del sys.modules[name]


async def test_what_is_new_arrives_as_it_is_and_raises_nothing(
    earlier: ModuleType,
) -> None:
    """A new value of an enum, a new member of a union, a new field."""
    module = Module(ws={"v1": [NewerOrders("orders"), Added("added")]})
    app = ModularApp([module.create_app("desk")])
    async with (
        app.router.lifespan_context(app) as state,
        earlier.DeskSocket(app=app, state=state) as socket,
        socket.orders(earlier.Wanted(account="a")) as orders,
    ):
        async with asyncio.timeout(5):
            first, second = await anext(orders), await anext(orders)
    assert not isinstance(first, Gap) and not isinstance(second, Gap)
    assert first.side.value == "short"
    assert isinstance(first.side, type(second.side))
    assert first.event == earlier.Filled(kind=first.event.kind, qty=1)
    assert first["venue"] == "x"
    assert first.to_dict() == {
        "side": "short",
        "event": {"kind": "filled", "qty": 1},
        "venue": "x",
    }
    assert second.side is type(second.side).BUY
    assert second.to_dict()["event"] == {"kind": "amended", "price": "2"}
