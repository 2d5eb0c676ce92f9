"""The table in the docs says what the clients carry."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from tests.framework.codegen.constructs.conftest import socket_into_app
from tests.framework.codegen.constructs.rest_constructs import CONSTRUCTS
from tests.framework.codegen.constructs.socket_constructs import SOCKET_CONSTRUCTS
from tests.framework.codegen.constructs.table import COMMAND, PAGE, page, state_of


async def test_the_table_says_what_a_run_finds(
    client: Any, generated: ModuleType, sockets: ModuleType
) -> None:
    """Set CONSTRUCTS_TABLE=write to have it written."""
    states = {
        each.id: await state_of(each, client, generated) for each in CONSTRUCTS.values()
    }
    socket_states = {}
    for construct in SOCKET_CONSTRUCTS.values():
        async with socket_into_app(sockets) as socket:
            state = await state_of(construct, socket, sockets)
            socket_states[construct.id] = state
    text = page(states, socket_states)
    if os.environ.get("CONSTRUCTS_TABLE") == "write":
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text, f"write it anew: {COMMAND}"
