"""The types of generated clients, judged by the compiler.

Every comparison is a line that compiles only if two have made the same type.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from modular_api.codegen.typescript_client.names import camel_case
from tests.framework.codegen.constructs.rest_constructs import CONSTRUCTS
from tests.framework.codegen.constructs.socket_constructs import SOCKET_CONSTRUCTS
from tests.framework.codegen.constructs.table import TYPESCRIPT_STATES
from tests.framework.codegen.typescript_client.node import Package
from tests.framework.codegen.typescript_client.states import typescript_states


@pytest.mark.slow
def test_the_clients_of_all_constructs_compile_strictly(constructs: Package) -> None:
    """The REST clients by hey-api, our socket clients and their runtime."""
    assert constructs.faults_in("src/") == []


@pytest.mark.slow
def test_every_construct_has_the_type_its_document_says(constructs: Package) -> None:
    """All inputs and answers, but for the ones that are named."""
    assert constructs.text("tests/constructs.ts").count("> = true;") > 350
    assert constructs.faults_in("tests/constructs.ts") == []


@pytest.mark.slow
@pytest.mark.parametrize(("oracle", "count"), [("rest", 80), ("socket", 120)])
def test_our_types_are_those_of_the_oracle(
    constructs: Package, oracle: str, count: int
) -> None:
    """json-schema-to-typescript, of every component and message, both ways."""
    file = f"tests/{oracle}_oracle.ts"
    assert constructs.text(file).count("IsSame: ") > count
    assert constructs.faults_in(file) == []


@pytest.mark.slow
def test_nothing_else_is_wrong(constructs: Package) -> None:
    """No file is forgotten above."""
    assert constructs.faults == ()


@pytest.mark.slow
def test_every_socket_construct_has_a_method(constructs: Package) -> None:
    """With the name of its router or operation."""
    text = constructs.text("src/generated/socket_constructs/ws.ts")
    methods = set(re.findall(r"^  (\w+?)_?\(", text, re.MULTILINE))
    wanted = {
        camel_case(name) for c in SOCKET_CONSTRUCTS.values() for name in c.methods
    }
    assert methods == {"constructor", *wanted}


def test_the_states_of_constructs_are_written_down() -> None:
    """What the tests above prove, for the table in the docs."""
    states = typescript_states()
    assert states.keys() == {*CONSTRUCTS, *SOCKET_CONSTRUCTS}
    if os.environ.get("CONSTRUCTS_TABLE") == "write":
        TYPESCRIPT_STATES.write_text(json.dumps(states, indent=2) + "\n", "utf-8")
    written = json.loads(TYPESCRIPT_STATES.read_text("utf-8"))
    assert written == states, (
        f"run `CONSTRUCTS_TABLE=write pytest -n 0 {Path(__file__).parent}`, then the "
        "tests of constructs in the same way"
    )
