"""TypeScript clients by `modular-api generate` and `clean`, where there is no Node.js."""

from __future__ import annotations

import json

import pytest

from tests.framework.conftest import Invoke, Project

SOCKET = """
    from collections.abc import AsyncIterator

    from modular_api import Module
    from modular_api.ws import WsRouter


    class Ticks(WsRouter[None, int]):
        async def stream(self, request: None) -> AsyncIterator[int]:
            yield 1


    module = Module(ws={"v1": [Ticks("ticks")]})
"""
SETTINGS = '[tool.modular_api]\nmodules_dir = "modules"\ntypescript = "web"\n'


@pytest.fixture(autouse=True)
def without_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what is told is taken from the PATH."""
    monkeypatch.setattr("shutil.which", lambda _: None)


@pytest.fixture
def generated(project: Project, invoke: Invoke) -> Project:
    """A project with a socket, generated as its settings say."""
    project.write("pyproject.toml", SETTINGS)
    project.write_module("clock", SOCKET)
    result = invoke("generate")
    assert result.exit_code == 0, result.stderr
    assert "typescript/clock/rest: left out, there is no node" in result.stdout
    return project


def test_the_settings_name_the_folder(generated: Project) -> None:
    """Python clients are written as ever, the socket client too."""
    assert "ticks(): Feed<number>" in (generated.folder / "web/clock/ws.ts").read_text()
    assert (generated.folder / "web/_runtime/index.ts").exists()
    assert (generated.modules / "clock/client_generated/clock_client.py").exists()


def test_what_was_left_out_is_stale(generated: Project, invoke: Invoke) -> None:
    """CI must not pass by leaving out; Python's drift stands in the same list."""
    (generated.modules / "clock/client_generated/clock_client.py").write_text("")
    (generated.folder / "web/clock/ws.ts").write_text("")
    result = invoke("generate", "--check")
    assert result.exit_code == 1
    assert "clock/client_generated/clock_client.py: edited by hand" in result.stderr
    assert "typescript/clock/ws.ts: edited by hand" in result.stderr
    assert "typescript/clock/rest: never generated" in result.stderr
    assert result.stderr.count("Run `modular-api generate`") == 1


def test_what_was_left_out_is_told_to_programs(
    generated: Project, invoke: Invoke
) -> None:
    """With the reason."""
    modules = json.loads(invoke("generate", "--json").stdout)["modules"]
    told = {module["module"]: module["outcome"] for module in modules}
    assert told == {
        "clock": "fresh",
        "typescript/_runtime": "fresh",
        "typescript/clock": "fresh",
        "typescript/clock/rest": "left_out",
    }


@pytest.mark.parametrize(
    "options",
    [["--output-dir", "out"], ["--modules-dir", "modules"]],
)
def test_a_folder_of_the_settings_belongs_to_the_settings_app(
    generated: Project, invoke: Invoke, options: list[str]
) -> None:
    """Who asks for another app, or another place, does not mean that folder."""
    (generated.folder / "web/clock/ws.ts").unlink()
    assert invoke("generate", *options).exit_code == 0
    assert not (generated.folder / "web/clock/ws.ts").exists()
    assert invoke("generate", *options, "--typescript", "web").exit_code == 0
    assert (generated.folder / "web/clock/ws.ts").exists()


def test_clean_removes_them(generated: Project, invoke: Invoke) -> None:
    """And tells how many."""
    result = invoke("clean")
    assert result.exit_code == 0
    assert "typescript/clock: 2 files removed" in result.stdout
    assert not list((generated.folder / "web").rglob("*.ts"))
