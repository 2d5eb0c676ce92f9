"""The committed TypeScript clients, and the examples of their page, against the app."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from modular_api.codegen.mode import GenerationMode
from modular_api.testing.live_server import LiveServer
from tests.framework.codegen.typescript_client.node import (
    FRONTEND,
    Package,
    compiled,
    new_package,
    run,
    run_tests,
)
from trading_api.app_factory import AppFactory

PAGE = FRONTEND.parent / "docs" / "TYPESCRIPT.md"
WRITTEN_URL = "http://127.0.0.1:8000"
WITH_WEBSOCKET = """
import { WebSocket } from "ws";
Object.assign(globalThis, { WebSocket });
"""


def examples() -> list[str]:
    """Return the programs of the page."""
    return re.findall(r"```ts\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package as it is committed, and the page's examples beside it."""
    folder = new_package(tmp_path_factory.mktemp("frontend"))
    for name in ("src", "tests"):
        shutil.copytree(FRONTEND / name, folder / name)
    for number, text in enumerate(examples()):
        program = re.sub(
            rf'"{WRITTEN_URL}(.*?)"', r"process.env['BASE_URL'] + '\1'", text
        )
        (folder / "src" / f"example{number}.ts").write_text(program)
    (folder / "src" / "websocket.ts").write_text(WITH_WEBSOCKET)
    return compiled(folder)


def test_the_clients_work_against_the_trading_app(frontend: Package) -> None:
    """They compile strictly, and what the page shows prints what it should."""
    assert frontend.faults == ()
    with LiveServer(AppFactory().create_app(generation=GenerationMode.OFF)) as server:
        assert run_tests(frontend, BASE_URL=server.base_url) == ""
        printed = [
            run_example(frontend.folder, number, server.base_url)
            for number in range(len(examples()))
        ]
    assert len(printed) == 2
    assert printed[0] in ("filled\n", "working\n")
    assert re.fullmatch(r"\d+\.\d+\n", printed[1])


def run_example(folder: Path, number: int, base_url: str) -> str:
    build = folder / ".local" / "build" / "src"
    program = f"await import('{build}/websocket.js'); await import('{build}/example{number}.js')"
    command = ["node", "--input-type=module", "--eval", program]
    done = run(command, folder, BASE_URL=base_url)
    assert done.returncode == 0, done.stderr
    return done.stdout
