"""`modular-api run` in a process of its own, as people and programs use it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.framework.conftest import (
    MAIN,
    STOP_S,
    Invoke,
    Project,
    RunningCommand,
    Start,
    is_alive,
)

pytestmark = pytest.mark.integration

FAILING = """
from modular_api import Module

class Service:
    async def __aenter__(self):
        raise OSError("no database")

    async def __aexit__(self, *error):
        pass

module = Module(service=Service)
"""


PATIENT = """
import asyncio, logging
from fastapi import APIRouter
from modular_api import Module

log = logging.getLogger(__name__)
router = APIRouter()

@router.get("/wait")
async def wait() -> None:
    log.info("waiting")
    await asyncio.sleep(30)

class Service:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        log.info("stopped in peace")

module = Module(routers={"v1": router}, service=Service)
"""


@pytest.fixture(scope="module")
def banner_and_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[list[str], RunningCommand]]:
    """One server for all tests that only ask it something, and what it printed."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.write("main.py", MAIN)
    project.write_module("greeter", doc="Says [hello].")
    running = RunningCommand(project.folder, ("--app", "main:factory", "--port", "0"))
    yield running.lines_until("Process"), running
    assert running.stop(signal.SIGINT) == 0, running.log
    assert "Traceback" not in running.log.rpartition("Shutting down")[2]


@pytest.fixture
def banner(banner_and_server: tuple[list[str], RunningCommand]) -> str:
    """What the server printed."""
    return "\n".join(banner_and_server[0])


@pytest.fixture
def server(banner_and_server: tuple[list[str], RunningCommand]) -> RunningCommand:
    """The server."""
    return banner_and_server[1]


@pytest.fixture
def url(banner: str) -> str:
    """The address in the banner."""
    found = re.search(r"on (http://127\.0\.0\.1:[1-9]\d*)\n", banner)
    assert found, banner
    return found[1]


class TestServing:
    def test_the_banner_tells_what_is_where(self, banner: str, url: str) -> None:
        """Title, modules with address and description, docs, specs, process; no colours."""
        assert f"Greetings 0.1.0 on {url}" in banner
        assert re.search(rf"greeter +{url}/api/v1/greeter +Says \[hello\]\.", banner)
        assert re.search(rf"docs +{url}/api/v1/docs", banner)
        assert re.search(rf"specs +{url}/api/v1/openapi\.json", banner)
        assert re.search(r"Process \d+: Python 3\.\d+\.\d+, uvicorn \d", banner)
        assert "\x1b" not in banner

    def test_the_addresses_in_the_banner_answer(self, banner: str, url: str) -> None:
        """It is printed once they do."""
        for path in ("greeter/greeting", "docs", "openapi.json"):
            assert httpx.get(f"{url}/api/v1/{path}").status_code == 200

    def test_every_line_about_a_request_has_its_id(
        self, url: str, server: RunningCommand
    ) -> None:
        """The access log, too."""
        headers = {"X-Request-ID": "request-17"}
        httpx.get(f"{url}/api/v1/greeter/greeting", headers=headers)
        log = server.log_with("request-17")
        [line] = [line for line in log.splitlines() if "request-17" in line]
        assert re.search(r"INFO +uvicorn\.access \[request-17\]: .*GET .* 200", line)

    def test_a_bug_in_a_handler_is_a_problem_outside_and_a_traceback_inside(
        self, url: str, server: RunningCommand
    ) -> None:
        """Both carry the request's id; only the log says what happened."""
        answer = httpx.get(f"{url}/api/v1/greeter/bug")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        request_id = answer.json()["request_id"]
        assert answer.headers["X-Request-ID"] == request_id
        assert "a bug" not in answer.text
        log = server.log_with("RuntimeError: a bug")
        told = log.partition(f"ERROR   uvicorn.error [{request_id}]")[2]
        assert "Traceback" in told
        assert "RuntimeError: a bug" in told
        assert re.search(rf"uvicorn\.access \[{request_id}\]: .* 500\n", log)


class TestStopping:
    def test_kill_stops_exactly_the_server_of_the_pid_file(
        self, project: Project, start_command: Start, invoke: Invoke
    ) -> None:
        """It stops with exit code 0, and its file is gone; JSON announced it."""
        project.write("main.py", MAIN)
        project.write_module("greeter")
        arguments = ("--app", "main:factory", "--port", "0", "--json")
        running = start_command(*arguments, "--pid-file", "run/server.json")
        announced = running.announcement()
        [module] = announced["modules"]
        assert httpx.get(f"{module['urls'][0]}/health").status_code == 200
        record = json.loads((project.folder / "run/server.json").read_text())
        assert record["pid"] == running.process.pid == announced["pid"]
        assert announced["url"].endswith(f":{record['port']}")

        result = invoke("kill", "--pid-file", "run/server.json")
        assert result.stdout == f"Stopped process {record['pid']}.\n"
        assert running.wait() == 0
        assert not (project.folder / "run/server.json").exists()

    def test_a_request_has_as_long_to_end_as_was_said(
        self, project: Project, start_command: Start
    ) -> None:
        """The process ends well then, though the request has not."""
        project.write("main.py", MAIN)
        project.write("modules/patient/__init__.py", "")
        project.write("modules/patient/module.py", PATIENT)
        arguments = ("--app", "main:factory", "--port", "0", "--json")
        running = start_command(*arguments, "--drain", "1")
        [module] = running.announcement()["modules"]
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(httpx.get, f"{module['urls'][0]}/wait", timeout=30)
            running.log_with("waiting")
            began = time.monotonic()
            assert running.stop() == 0, running.log
            assert 1 <= time.monotonic() - began < 5
            assert waiting.exception() or waiting.result().status_code >= 500
        assert "stopped in peace" in running.log


class TestFailing:
    def test_a_taken_port_names_its_holder_and_nothing_is_started(
        self, project: Project, start_command: Start
    ) -> None:
        """The app is not even imported."""
        project.write("main.py", "raise AssertionError('imported')\n")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            running = start_command("--app", "main:app", "--port", str(port))
            assert running.wait() == 1
        assert f"port {port}: it is taken by process {os.getpid()} (" in running.log
        command = " ".join(psutil.Process().cmdline())
        assert command[:60] in running.log
        assert running.log.count("\n") == 1

    def test_a_failing_start_is_one_message_with_the_place(
        self, project: Project, start_command: Start
    ) -> None:
        """No traceback, no banner, exit code 1."""
        project.write("main.py", MAIN)
        file = project.write_module("broken", FAILING)
        running = start_command("--app", "main:factory", "--port", "0")
        assert running.wait() == 1
        last = running.log.splitlines()[-1]
        assert last.startswith(
            "error: Module 'broken' failed while entering its service"
        )
        assert f"{file}:5: OSError: no database" in last
        assert "Traceback" not in running.log
        assert running.log.count("no database") == 1

    def test_debug_adds_the_traceback(self, project: Project, invoke: Invoke) -> None:
        """With the cause in the module's own code."""
        project.write("main.py", MAIN)
        project.write_module("broken", FAILING)
        result = invoke("run", "--app", "main:factory", "--port", "0", "--debug")
        assert result.exit_code == 1
        assert "Traceback" in result.stderr
        assert 'raise OSError("no database")' in result.stderr

    def test_unknown_and_broken_modules_are_listed_together(
        self, project: Project, invoke: Invoke
    ) -> None:
        """One message for all of them."""
        file = project.write_module("broken", "import no_such_thing\n")
        names = "broken,missing"
        result = invoke(
            "run", "--modules-dir", "modules", "--modules", names, "--port", "0"
        )
        assert result.exit_code == 1
        assert "error: 2 faults in the modules:" in result.stderr
        assert f"{file}:1: ModuleNotFoundError" in result.stderr
        assert "There is no module 'missing'" in result.stderr


class TestReload:
    def test_a_folder_dropped_in_is_served_at_the_same_address(
        self, project: Project, start_command: Start
    ) -> None:
        """After one restart; the command ends its child and exits with 0."""
        project.write("main.py", MAIN)
        project.write_module("first")
        running = start_command(
            "--app", "main:factory", "--port", "0", "--reload", "--json"
        )
        announced = running.announcement()
        assert announced["pid"] != running.process.pid

        project.write_module("second")
        again = running.announcement()
        assert [module["name"] for module in again["modules"]] == ["first", "second"]
        assert again["url"] == announced["url"]
        answer = httpx.get(f"{again['url']}/api/v1/second/greeting", timeout=STOP_S)
        assert answer.json() == "hello"
        assert running.log.count("restarting:") == 1

        assert running.stop() == 0, running.log
        assert not is_alive(again["pid"])

    @pytest.mark.slow
    def test_the_generator_stays_warm_between_changes(
        self, project: Project, start_command: Start
    ) -> None:
        """The process that serves is new after a change, the one that renders is not."""
        module = project.write_module("greeter")
        running = start_command(
            "--modules-dir", "modules", "--port=0", "--reload", "--json"
        )
        first = running.announcement()
        [worker] = workers_of(running)
        module.write_text(module.read_text().replace('"/greeting"', '"/hello"'))
        second = running.announcement()
        assert first["pid"] != second["pid"]
        assert workers_of(running) == [worker]
        client = project.modules / "greeter" / "client_generated" / "_greeter"
        assert '"/hello"' in (client / "api/operations/greet.py").read_text()


def workers_of(running: RunningCommand) -> list[int]:
    """Return the processes below the command that render."""
    below = psutil.Process(running.process.pid).children(recursive=True)
    return [p.pid for p in below if "codegen.worker" in " ".join(p.cmdline())]
