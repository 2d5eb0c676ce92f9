"""The pytest plugin, as a project uses it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = "pytester"
pytestmark = pytest.mark.integration

MODULE = """
import asyncio
from typing import Annotated

from fastapi import APIRouter, WebSocket
from modular_api import Module, Service


class Notes:
    async def __aenter__(self):
        self.lock = asyncio.Lock()
        self.texts = []
        return self

    async def __aexit__(self, *exc):
        self.texts.clear()


router = APIRouter()


@router.post("/notes/{text}")
async def add_note(text: str, notes: Annotated[Notes, Service]) -> list[str]:
    async with notes.lock:
        await asyncio.sleep(0.001)
        notes.texts.append(text)
        return notes.texts


@router.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    await socket.send_json(await socket.receive_json())


module = Module(routers={"v1": router}, service=Notes)
"""

CONFTEST = """
from pathlib import Path
import pytest
from modular_api import AppFactory


@pytest.fixture(scope="session")
def create_app():
    folder = Path(__file__).parent / "modules"
    return AppFactory(folder, title="Desk", generation="off").create_app
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of one module that has said how its app is made."""
    pytester.makeini(
        "[pytest]\naddopts = -p no:cacheprovider -p no:hypothesispytest --strict-markers\n"
        "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
        "filterwarnings = error\n"
    )
    pytester.makepyfile(
        **{"modules/notes/__init__": "'''Notes.'''", "modules/notes/module": MODULE}
    )
    pytester.makeconftest(CONFTEST)
    return pytester


def test_sync_and_async_tests_share_one_running_app(project: pytest.Pytester) -> None:
    """Each test has another loop; the service's lock does not mind."""
    project.makepyfile("""
        import asyncio

        async def add_ten(client):
            answers = await asyncio.gather(
                *(client.post(f"/api/v1/notes/notes/{n}") for n in range(10))
            )
            assert {answer.status_code for answer in answers} == {200}

        async def test_async(async_client):
            await add_ten(async_client)

        async def test_async_in_another_loop(async_client):
            await add_ten(async_client)

        def test_sync(client):
            assert len(client.post("/api/v1/notes/notes/last").json()) == 21

        def test_sync_with_with(client):
            with client:
                assert len(client.post("/api/v1/notes/notes/more").json()) == 22

        def test_socket(client):
            with client.websocket_connect("/api/v1/notes/ws") as ws:
                ws.send_json([1])
                assert ws.receive_json() == [1]

        def test_all_apps_are_one(apps, app, ws_apps):
            assert app is apps
            assert [m.name for m in apps.modules_apps] == ["notes"]
            assert ws_apps == []
        """)
    project.runpytest().assert_outcomes(passed=6)


def test_servers_serve_apps_of_their_own(project: pytest.Pytester) -> None:
    """One for the session, and one for each test that asks for a fresh one."""
    project.makepyfile("""
        def add(server):
            with server.client() as client:
                return len(client.post("/api/v1/notes/notes/a").json())

        def test_first(running_server, fresh_server, client):
            assert add(running_server) == 1
            assert add(fresh_server) == 1
            assert len(client.post("/api/v1/notes/notes/a").json()) == 1

        def test_second(running_server, fresh_server):
            assert add(running_server) == 2
            assert add(fresh_server) == 1
        """)
    project.runpytest().assert_outcomes(passed=2)


def test_a_kept_app_ends_with_the_run(project: pytest.Pytester) -> None:
    """Not with the test that made it, which may have been the first of many."""
    project.makepyfile("""
        from contextlib import asynccontextmanager
        from pathlib import Path

        from fastapi import FastAPI
        from fastapi.testclient import TestClient
        from modular_api.testing import keep_running

        @asynccontextmanager
        async def lifespan(app):
            yield {"here": True}
            Path("ended").touch()

        app = FastAPI(lifespan=lifespan)

        def test_one():
            assert TestClient(keep_running(app)).get("/").status_code == 404

        def test_two():
            assert not Path("ended").exists()
        """)
    project.runpytest().assert_outcomes(passed=2)
    assert (project.path / "ended").exists()


def test_asyncs_strict_mode_has_the_async_client_too(project: pytest.Pytester) -> None:
    """The fixture is a plain one; only the test must be marked."""
    project.makepyfile("""
        import pytest

        @pytest.mark.asyncio(loop_scope="module")
        async def test_marked(async_client):
            response = await async_client.get("/api/v1/notes/health")
            assert response.status_code == 200
        """)
    project.runpytest("-o", "asyncio_mode=strict").assert_outcomes(passed=1)


def test_a_project_may_define_apps_alone(project: pytest.Pytester) -> None:
    """Nothing but a server needs to make a second app."""
    project.makeconftest(
        CONFTEST.replace("def create_app", "def apps").rstrip() + "()\n"
    )
    project.makepyfile("""
        def test_client(client):
            assert client.get("/api/v1/notes/health").status_code == 200

        def test_server(fresh_server):
            pass
        """)
    result = project.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*Nobody says how to make the app*"])


def test_a_project_that_says_nothing_is_told_what_to_write(
    project: pytest.Pytester,
) -> None:
    """Without a traceback through the plugin."""
    project.makeconftest("")
    project.makepyfile("def test_client(client):\n    pass\n")
    result = project.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["Nobody says how to make the app*", "*def create_app*"]
    )
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_a_module_that_cannot_start_fails_the_test_with_its_reason(
    project: pytest.Pytester,
) -> None:
    """The error names the module, as the framework would when serving."""
    broken = MODULE.replace("self.lock = asyncio.Lock()", "raise OSError('disk full')")
    project.makepyfile(**{"modules/notes/module": broken})
    project.makepyfile(test_it="def test_client(client):\n    pass\n")
    result = project.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*BackgroundLifespanError*'notes'*disk full*"])


def test_the_markers_of_the_tiers_are_known(project: pytest.Pytester) -> None:
    """`--strict-markers` accepts them in every project."""
    project.makepyfile("""
        import pytest

        @pytest.mark.unit
        @pytest.mark.integration
        @pytest.mark.api
        @pytest.mark.model
        @pytest.mark.memory
        @pytest.mark.slow
        def test_marked():
            pass
        """)
    project.runpytest().assert_outcomes(passed=1)


def test_loading_the_plugin_loads_nothing_heavy() -> None:
    """pytest loads it in every run, also in projects that use nothing of it."""
    heavy = {"fastapi", "uvicorn", "httpx", "httpx2", "pydantic", "starlette"}
    script = (
        "import sys, modular_api.testing.plugin\n"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
