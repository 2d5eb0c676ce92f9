"""What is compiled, each package once: starting the compiler is what costs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modular_api.app.generation import job_of
from modular_api.specs.draft_7 import to_draft_7
from tests.framework.codegen.constructs import rest_constructs, socket_constructs
from tests.framework.codegen.typescript_client.lab_app import make_app
from tests.framework.codegen.typescript_client.node import (
    Package,
    compiled,
    generate,
    new_package,
)
from tests.framework.codegen.typescript_client.openapi_types import rest_claims_text
from tests.framework.codegen.typescript_client.oracle import comparison_with_oracle
from tests.framework.codegen.typescript_client.socket_methods import (
    socket_claims,
    socket_claims_text,
)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The clients of the lab, and their tests."""
    folder = new_package(tmp_path_factory.mktemp("lab"))
    generate(folder, [job_of(module, folder) for module in make_app().modules_apps])
    shutil.copytree(Path(__file__).with_name("lab"), folder / "tests")
    return compiled(folder)


@pytest.fixture(scope="session")
def constructs(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The clients of all constructs, and what their types are compared with."""
    folder = new_package(tmp_path_factory.mktemp("constructs"))
    modules = [
        rest_constructs.module.create_app(rest_constructs.NAME),
        socket_constructs.module.create_app(socket_constructs.NAME),
    ]
    generate(folder, [job_of(module, folder) for module in modules])
    document = rest_constructs.document()
    schemas = to_draft_7({"schemas": document["components"]["schemas"]})["schemas"]
    socket = socket_constructs.document()
    components = socket["components"]
    messages = {
        f"message {key}": message["payload"]
        for key, message in components["messages"].items()
    }
    client = (folder / "src/generated/socket_constructs/ws.ts").read_text()
    claims = socket_claims(socket, client)
    files = {
        "constructs.ts": rest_claims_text(document),
        "rest_oracle.ts": comparison_with_oracle(folder, schemas),
        "socket_oracle.ts": comparison_with_oracle(
            folder, {**components["schemas"], **messages}
        )
        + socket_claims_text(
            claims, "../src/generated/socket_constructs/ws.js", "SocketConstructsSocket"
        ),
    }
    (folder / "tests").mkdir()
    for name, text in files.items():
        (folder / "tests" / name).write_text(text)
    return compiled(folder)
