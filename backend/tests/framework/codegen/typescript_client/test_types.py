"""The types of generated clients, judged by the compiler.

Every claim is a line that compiles only if two have made the same type.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from modular_api.codegen.typescript_client.names import camel_case
from tests.framework.codegen.constructs import rest_constructs, socket_constructs
from tests.framework.codegen.constructs.rest_constructs import CONSTRUCTS
from tests.framework.codegen.constructs.socket_constructs import SOCKET_CONSTRUCTS
from tests.framework.codegen.constructs.table import TYPESCRIPT_STATES
from tests.framework.codegen.typescript_client.node import Package
from tests.framework.codegen.typescript_client.openapi_types import (
    rest_claims,
    rest_claims_text,
)
from tests.framework.codegen.typescript_client.socket_methods import socket_claims
from tests.framework.codegen.typescript_client.states import (
    TYPED,
    Claim,
    rejected,
    states,
)

REST, SOCKET = "tests/constructs.ts", "tests/socket_oracle.ts"
SOCKET_CLIENT = "src/generated/socket_constructs/ws.ts"
DIFFERENT = {("several_media_types", "body")}
"""Operation and aspect whose type is not what the document says."""


def rest_operations() -> Mapping[str, tuple[str, ...]]:
    return {id_: construct.operations for id_, construct in CONSTRUCTS.items()}


def socket_operations() -> Mapping[str, tuple[str, ...]]:
    return {
        id_: tuple(camel_case(method) for method in construct.methods)
        for id_, construct in SOCKET_CONSTRUCTS.items()
    }


def socket_claims_of(package: Package) -> list[Claim]:
    return socket_claims(socket_constructs.document(), package.text(SOCKET_CLIENT))


@pytest.mark.slow
def test_the_clients_of_all_constructs_compile_strictly(constructs: Package) -> None:
    """The REST clients by hey-api, our socket clients and their runtime."""
    assert constructs.faults_in("src/") == []


@pytest.mark.slow
def test_every_construct_has_the_type_its_document_says(constructs: Package) -> None:
    """All inputs and answers, but for the ones that are named."""
    claims = rest_claims(rest_constructs.document())
    assert len(claims) > 350
    wrong = rejected(constructs, REST, claims)
    assert {(each.operation, each.aspect) for each in wrong} == DIFFERENT
    assert len(constructs.faults_in(REST)) == len(wrong)


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
    assert [f for f in constructs.faults if not f.startswith(REST)] == []


@pytest.mark.slow
def test_every_socket_construct_has_a_method(constructs: Package) -> None:
    """With the name of its router or operation."""
    text = constructs.text(SOCKET_CLIENT)
    methods = set(re.findall(r"^  (\w+?)_?\(", text, re.MULTILINE))
    wanted = {name for names in socket_operations().values() for name in names}
    assert methods == {"constructor", *wanted}


@pytest.mark.slow
def test_the_table_says_what_the_compiler_says(constructs: Package) -> None:
    """Set CONSTRUCTS_TABLE=write to have it written down for the docs."""
    of_rest = rest_claims(rest_constructs.document())
    of_socket = socket_claims_of(constructs)
    found = {
        **states(rest_operations(), of_rest, rejected(constructs, REST, of_rest)),
        **states(
            socket_operations(), of_socket, rejected(constructs, SOCKET, of_socket)
        ),
    }
    if os.environ.get("CONSTRUCTS_TABLE") == "write":
        TYPESCRIPT_STATES.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    written = json.loads(TYPESCRIPT_STATES.read_text("utf-8"))
    assert written == found, (
        f"run `CONSTRUCTS_TABLE=write pytest -m slow -n 0 {Path(__file__).parent}`, "
        "then the tests of constructs in the same way"
    )


def test_every_construct_has_a_state() -> None:
    """The slow tests find out which; a new construct needs them to be run."""
    written = json.loads(TYPESCRIPT_STATES.read_text("utf-8"))
    assert written.keys() == {*CONSTRUCTS, *SOCKET_CONSTRUCTS}
    assert "not compared" not in written.values()


@pytest.mark.parametrize(
    ("operation", "aspect", "state"),
    [
        ("str_body", "body", "not what its document says: body"),
        ("str_body", "200", "not what its document says: 200"),
        ("typed_events", "query", "not what its document says: query"),
        ("several_media_types", "body", "typed; the first media type is sent"),
    ],
)
def test_what_the_compiler_rejects_shows_in_the_table(
    tmp_path: Path, operation: str, aspect: str, state: str
) -> None:
    """A claim that is explained by another, which holds, does not."""
    document = rest_constructs.document()
    claims = rest_claims(document)
    (tmp_path / "tests").mkdir()
    text = rest_claims_text(document)
    (tmp_path / REST).write_text(text)
    wanted = [c for c in claims if (c.operation, c.aspect) == (operation, aspect)]
    claim = claims.index(wanted[0])
    [number] = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if line.startswith(f"export const claim{claim}:")
    ]
    fault = f"{REST}({number},14): error TS2322: Type 'true' is not assignable"
    wrong = rejected(Package(tmp_path, (fault,)), REST, claims)
    assert wrong == {claims[claim]}
    found = states(rest_operations(), claims, wrong)
    assert found[operation] == state
    assert states(rest_operations(), claims, ())["str_body"] == TYPED
