"""The table of constructs in the docs, and what a run found of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.framework.codegen.constructs.catalogue import Construct
from tests.framework.codegen.constructs.rest_constructs import CONSTRUCTS, document
from tests.framework.codegen.constructs.socket_constructs import (
    SOCKET_CONSTRUCTS,
    SocketConstruct,
)

PAGE = Path(__file__).parents[5] / "docs" / "reference" / "client-constructs.md"

TYPESCRIPT_STATES = Path(__file__).with_name("typescript_states.json")
"""What the TypeScript compiler said of each construct's operations, by its id."""

COMMAND = "CONSTRUCTS_TABLE=write pytest -n 0 tests/framework/codegen/constructs"

WORKS = "works"

_HEAD = f"""# What generated clients carry

Every construct is a route, or a router of a socket, of its own in `backend/tests/framework/codegen/constructs/`.
*Python* says whether typed values went through the generated client to a live app and came back equal, in value and in type.
*TypeScript* says what the compiler makes of the generated client.
This page is written by the tests: `{COMMAND}`.
What neither carries fails the generation by name, see [the guide](../../backend/docs/SPECS_AND_CLIENT_GEN.md).
"""


def page(rest_states: Mapping[str, str], socket_states: Mapping[str, str]) -> str:
    """Return the page as it should stand in the docs.

    Args: what became of each construct in Python, by its id.
    """
    tables = (*_rest_table(rest_states), "", *_socket_table(socket_states))
    return "\n".join([_HEAD, *tables, ""])


def _rest_table(python_states: Mapping[str, str]) -> Iterator[str]:
    routes = _routes()
    typescript = _typescript_states()
    yield f"## REST: {len(CONSTRUCTS)} constructs"
    yield ""
    yield "| Construct | Route | Python | TypeScript |"
    yield "|---|---|---|---|"
    for construct in CONSTRUCTS.values():
        route = ", ".join(f"`{routes[name]}`" for name in construct.operations)
        state = python_states[construct.id]
        other = typescript.get(construct.id, "not tried")
        yield f"| {_cell(construct.words)} | {route} | {state} | {other} |"


def _socket_table(python_states: Mapping[str, str]) -> Iterator[str]:
    typescript = _typescript_states()
    yield f"## Sockets: {len(SOCKET_CONSTRUCTS)} constructs"
    yield ""
    yield "| Construct | Router or operation | Python | TypeScript |"
    yield "|---|---|---|---|"
    for construct in SOCKET_CONSTRUCTS.values():
        state = python_states[construct.id]
        other = typescript.get(construct.id, "not tried")
        words = _cell(construct.words)
        yield f"| {words} | `{construct.id}` | {state} | {other} |"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def _routes() -> dict[str, str]:
    """Return `POST /str_body` by operationId."""
    return {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, item in document()["paths"].items()
        for method, operation in item.items()
    }


def _typescript_states() -> dict[str, str]:
    if not TYPESCRIPT_STATES.exists():
        return {}
    states: dict[str, str] = json.loads(TYPESCRIPT_STATES.read_text("utf-8"))
    return states


async def state_of(
    construct: Construct | SocketConstruct, client: Any, generated: Any
) -> str:
    """Run one construct and say what became of it."""
    try:
        await construct.check(client, generated)
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0]
        words = f"fails: {type(error).__name__} {first_line}".strip()
        return _cell(words)
    return WORKS
