"""Typed values go through the generated socket client to a live app, and come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import pytest

from tests.framework.codegen.constructs.conftest import socket_into_app
from tests.framework.codegen.constructs.socket_constructs import (
    SOCKET_CONSTRUCTS,
    SocketConstruct,
)


@pytest.fixture
async def socket(sockets: ModuleType) -> AsyncIterator[Any]:
    """A socket into the module's app, in process."""
    async with socket_into_app(sockets) as socket:
        yield socket


@pytest.mark.parametrize("construct", SOCKET_CONSTRUCTS.values(), ids=SOCKET_CONSTRUCTS)
async def test_a_message_comes_back_as_it_went_out(
    construct: SocketConstruct, socket: Any, sockets: ModuleType
) -> None:
    """In value and in type, all the way down."""
    await construct.check(socket, sockets)


def test_every_method_belongs_to_a_construct(sockets: ModuleType) -> None:
    """And every construct has methods: none is a word alone."""
    stated = {name for each in SOCKET_CONSTRUCTS.values() for name in each.methods}
    made = {
        name
        for name, value in vars(sockets.SocketConstructsSocket).items()
        if callable(value) and not name.startswith("_")
    }
    assert stated == made
