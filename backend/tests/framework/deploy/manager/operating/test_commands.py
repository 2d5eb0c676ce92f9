"""`modular-api manager` as an operator uses it, in processes of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from ..conftest import TinyProject, free_ports

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("manager_commands")]

CONFIG = """\
nginx: {port: 0}
servers:
  alpha: {modules: [alpha]}
  beta: {modules: [beta]}
timeouts: {start_s: 30, idle_s: 0.2}
"""


class Operator:
    """Runs the command in a project; whatever it leaves running is found and ended."""

    def __init__(self, folder: Path) -> None:
        self.project = TinyProject(folder)
        self.folder = folder
        self.config = folder / "dev-config.yaml"
        self.config.write_text(CONFIG)
        settings = '[tool.modular_api]\nmodules_dir = "modules"\n'
        (folder / "pyproject.toml").write_text(settings)
        self.pids = folder / ".local" / "pids"
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start in the foreground; return once the status was printed."""
        with (self.folder / "stderr").open("w") as stderr:
            process = subprocess.Popen(
                self._command("start", "--json", *options),
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self._started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline(), self.stderr
        return process

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Run a command, and do not wait for it."""
        process = subprocess.Popen(
            self._command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command to its end; return what it printed."""
        done = subprocess.run(
            self._command(*arguments),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        """Return what `status --json` prints, whatever it thinks of it."""
        command = self._command("status", "--json")
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False
        )
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def pids_of(self, status: dict[str, Any]) -> list[int]:
        """Return the processes of a status, nginx first."""
        servers = [
            one["pid"] for server in status["servers"].values() for one in server
        ]
        return [status["nginx"]["pid"], *servers]

    def get(self, path: str) -> httpx.Response:
        """Ask by way of the gateway."""
        port = self.status()["nginx"]["port"]
        return httpx.get(
            f"http://127.0.0.1:{port}/api/v1{path}", timeout=5, trust_env=False
        )

    @property
    def stderr(self) -> str:
        """What the manager in the foreground has logged."""
        return (self.folder / "stderr").read_text()

    def files(self) -> set[Path]:
        """Return every file and folder of the project that is not below .local."""
        local = self.folder / ".local"
        return {p for p in self.folder.rglob("*") if not p.is_relative_to(local)}

    def manager_pid(self) -> int:
        """Return the process that manages the project."""
        return int((self.pids / "manager.lock").read_text())

    def close(self) -> None:
        """Stop everything; fail when something of ours is left."""
        self.run("stop", "--timeout", "3")
        for process in self._started:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        left = [p for p in psutil.process_iter(["cmdline"]) if self._is_ours(p)]
        for each in left:
            each.kill()
        assert not left, f"leaked: {left}"

    def _is_ours(self, process: psutil.Process) -> bool:
        return any(str(self.folder) in word for word in process.info["cmdline"] or ())

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "modular_api.cli", "manager", *arguments]


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    """Somebody in a shell."""
    operator = Operator(tmp_path)
    yield operator
    operator.close()


def gone(pids: list[int], within_s: float = 5.0) -> bool:
    """Return whether all processes end within the time."""
    deadline = time.monotonic() + within_s
    while any(map(is_alive, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
def test_a_killed_manager_in_the_foreground_leaves_no_orphan(
    operator: Operator,
) -> None:
    """Its processes notice by themselves; the next manager starts at once."""
    operator.start()
    pids = operator.pids_of(operator.status())
    os.kill(operator.manager_pid(), signal.SIGKILL)
    again = operator.start()
    assert gone(pids, within_s=3)
    assert operator.get("/alpha/pid").status_code == 200
    again.send_signal(signal.SIGTERM)
    assert again.wait(10) == 0
    assert re.search(r"alpha-0 \(.*\): ready → draining", operator.stderr)
    assert re.search(r"alpha-0 \(.*\): draining → stopped", operator.stderr)


@pytest.mark.slow
def test_detached_processes_are_adopted(operator: Operator) -> None:
    """They serve on without a manager; the next one can replace and stop them."""
    operator.run("start", "--detach")
    before = operator.status()
    os.kill(operator.manager_pid(), signal.SIGKILL)
    assert gone([before["manager"]["pid"]])
    alpha = operator.get("/alpha/pid").json()
    assert operator.status()["manager"] is None
    assert "No manager watches" in operator.run("status", code=1)

    operator.run("start", "--detach")
    after = operator.status()
    assert operator.pids_of(after) == operator.pids_of(before)
    operator.run("restart", "alpha")
    assert operator.get("/alpha/pid").json() != alpha
    os.kill(operator.get("/alpha/pid").json(), signal.SIGKILL)
    assert operator.get("/alpha/pid").status_code == 200
    pids = operator.pids_of(operator.status())
    assert operator.run("stop") == "Stopped.\n"
    assert gone(pids, within_s=0.5)
    assert operator.run("stop") == "Nothing to stop.\n"


@pytest.mark.slow
def test_what_serves_another_contract_than_the_code_is_not_adopted_as_it_is(
    operator: Operator,
) -> None:
    """nginx tells the documents of the code as it is now."""
    operator.run("start", "--detach")
    before = operator.status()
    os.kill(operator.manager_pid(), signal.SIGKILL)
    operator.project.change("beta", '"/greeting"', '"/welcome"')
    operator.run("start", "--detach")
    after = operator.status()
    document = operator.get("/openapi.json").json()
    assert "/api/v1/beta/welcome" in document["paths"]
    assert operator.get("/beta/welcome").json() == "hello"
    assert operator.pids_of(after)[:2] == operator.pids_of(before)[:2]


WITH_A_SOCKET = """
    from fastapi import APIRouter

    from modular_api import Module
    from modular_api.ws import WsRouter

    router = APIRouter()

    class Numbers(WsRouter[None, int]):
        '''Numbers.'''

    module = Module(routers={"v1": router}, ws={"v1": [Numbers("numbers")]})
"""


@pytest.mark.slow
@pytest.mark.parametrize("started_with", ["--detach", "--reload"])
def test_the_contract_of_a_socket_counts_like_that_of_rest(
    operator: Operator, started_with: str
) -> None:
    """Only its document changes: whether nobody watches meanwhile, or the manager."""
    operator.project.write("beta", WITH_A_SOCKET)
    if started_with == "--detach":
        operator.run("start", "--detach")
        os.kill(operator.manager_pid(), signal.SIGKILL)
    else:
        operator.start("--reload")
    before = operator.status()
    operator.project.change("beta", 'Numbers("numbers")', 'Numbers("figures")')
    if started_with == "--detach":
        operator.run("start", "--detach")
    until(lambda: "figures.subscribe" in operator.get("/asyncapi.json").text)
    assert "figures.subscribe" in operator.get("/beta/asyncapi.json").text
    after = operator.status()
    assert operator.pids_of(after)[:2] == operator.pids_of(before)[:2]


@pytest.mark.slow
def test_a_manager_in_the_foreground_replaces_what_it_adopts(
    operator: Operator,
) -> None:
    """Detached processes would outlive it, and it leaves no orphan either."""
    operator.run("start", "--detach")
    before = operator.pids_of(operator.status())
    os.kill(operator.manager_pid(), signal.SIGKILL)
    operator.start()
    after = operator.pids_of(operator.status())
    assert gone(before, within_s=1) and not set(before) & set(after)
    assert operator.get("/alpha/pid").status_code == 200
    os.kill(operator.manager_pid(), signal.SIGKILL)
    assert gone(after, within_s=3)


@pytest.mark.slow
def test_an_instance_that_died_unwatched_comes_back_at_its_address(
    operator: Operator,
) -> None:
    """It had any free port, and its peers know that one."""
    operator.run("start", "--detach")
    before = operator.status()
    [alpha] = before["servers"]["alpha"]
    for pid in (operator.manager_pid(), alpha["pid"]):
        os.kill(pid, signal.SIGKILL)
    assert gone([before["manager"]["pid"], alpha["pid"]])
    operator.run("start", "--detach")
    after = operator.status()
    assert after["servers"]["alpha"][0]["port"] == alpha["port"]
    assert after["servers"]["beta"][0]["pid"] == before["servers"]["beta"][0]["pid"]


@pytest.mark.slow
def test_a_start_that_fails_leaves_alone_what_it_had_adopted(
    operator: Operator,
) -> None:
    """One module is broken; to bring the manager back must not end the others."""
    operator.run("start", "--detach")
    before = operator.status()
    beta = before["servers"]["beta"][0]["pid"]
    for pid in (operator.manager_pid(), before["servers"]["alpha"][0]["pid"]):
        os.kill(pid, signal.SIGKILL)
    operator.project.change("alpha", "uses=[]", "uses=[], service=Failing")
    assert "no memory" in operator.run("start", "--detach", code=1)
    assert operator.get("/beta/greeting").status_code == 200
    assert operator.status()["servers"]["beta"][0]["pid"] == beta
    operator.project.change("alpha", "uses=[], service=Failing", "uses=[]")
    operator.run("start", "--detach")
    after = operator.status()
    assert after["nginx"]["pid"] == before["nginx"]["pid"]
    assert operator.get("/alpha/pid").status_code == 200


@pytest.mark.slow
def test_workers_of_an_nginx_nobody_watched_are_ended(operator: Operator) -> None:
    """Its master was killed, and they would keep the port."""
    operator.run("start", "--detach")
    status = operator.status()
    os.kill(operator.manager_pid(), signal.SIGKILL)
    os.kill(status["nginx"]["pid"], signal.SIGKILL)
    port = status["nginx"]["port"]
    operator.run("stop")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health/live", trust_env=False)


@pytest.mark.slow
def test_nothing_is_written_outside_local(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the project, nor at home, nor where temporary files go."""
    elsewhere = operator.folder / "elsewhere"
    elsewhere.mkdir()
    for variable in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(elsewhere))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    before = operator.files()
    operator.run("start", "--detach")
    assert operator.get("/alpha/pid").status_code == 200
    operator.run("restart")
    assert operator.files() == before
    operator.run("stop")
    assert operator.files() == before


@pytest.mark.slow
def test_what_is_wrong_stops_the_start(operator: Operator) -> None:
    """Everything that is wrong is told, and nothing runs."""
    operator.config.write_text(CONFIG.replace("[beta]", "[gamma]") + "timeout: {}\n")
    told = operator.run("start", "--detach", code=1)
    assert f"{operator.config}:6: timeout: unknown key" in told
    assert "there is no module 'gamma'; there are: alpha, beta" in told
    operator.config.unlink()
    assert "modular-api deploy init" in operator.run("start", code=1)
    operator.config.write_text(CONFIG)
    told = operator.run("start", "--exclude", "alhpa", code=1)
    assert "no module alhpa to leave out; there are: alpha, beta" in told
    told = operator.run("start", "--local-dir", str(operator.config), code=1)
    assert "Files cannot be kept in" in told
    assert "No manager runs" in operator.run("restart", code=1)
    assert not list(operator.pids.glob("*.pid"))


@pytest.mark.slow
def test_the_configuration_is_read_again(operator: Operator) -> None:
    """On SIGHUP or a command: what differs is started, replaced and stopped."""
    operator.start("--exclude", "beta")
    before = operator.status()
    assert before["servers"].keys() == {"alpha"}
    operator.config.write_text(CONFIG.replace("[alpha]}", "[alpha], instances: 2}"))
    operator.run("reload")
    after = operator.status()
    [first, second] = after["servers"]["alpha"]
    assert first["pid"] == before["servers"]["alpha"][0]["pid"]
    assert second["healthy"]
    operator.config.write_text(CONFIG)
    os.kill(operator.manager_pid(), signal.SIGHUP)
    assert gone([second["pid"]], within_s=30)
    assert is_alive(first["pid"])
    assert operator.status()["nginx"]["pid"] == before["nginx"]["pid"]


@pytest.mark.slow
def test_nginx_reads_what_it_has_not_read_whoever_wrote_it(
    operator: Operator,
) -> None:
    """`gen-nginx-conf` writes the file, and so does a manager that dies then."""
    nginx, beta, alpha, *_ = free_ports(5)

    def configure(instances: int) -> None:
        operator.config.write_text(
            f"nginx: {{port: {nginx}}}\n"
            "servers:\n"
            f"  alpha: {{modules: [alpha], port: {alpha}, instances: {instances}}}\n"
            f"  beta: {{modules: [beta], port: {beta}}}\n"
            "timeouts: {start_s: 30, idle_s: 0.2}\n"
        )

    def answering() -> int:
        url = f"http://127.0.0.1:{nginx}/api/v1/alpha/pid"
        return len({httpx.get(url, trust_env=False).text for _ in range(6)})

    configure(1)
    operator.run("start", "--detach")
    configure(2)
    operator.run("gen-nginx-conf")
    operator.run("reload")
    assert answering() == 2
    os.kill(operator.manager_pid(), signal.SIGKILL)
    configure(3)
    operator.run("gen-nginx-conf")
    operator.run("start", "--detach")
    assert answering() == 3


@pytest.mark.slow
def test_workers_and_the_address_of_clients_are_told(operator: Operator) -> None:
    """What was asked for runs, and what was not possible is said."""
    operator.config.write_text(CONFIG + "api_base_url: https://api.example\n")
    operator.project.change("beta", "uses=[", "stateful=True, uses=[")
    told = operator.run("start", "--detach", "--workers", "2")
    assert "Clients use https://api.example." in told
    assert "--workers leaves beta at 1 instance" in told
    servers = operator.status()["servers"]
    assert {name: len(found) for name, found in servers.items()} == {
        "alpha": 2,
        "beta": 1,
    }
    assert "Clients use https://api.example." in operator.run("status")


@pytest.mark.slow
@pytest.mark.parametrize("detached", [True, False])
def test_the_manager_keeps_a_log_like_the_others(
    operator: Operator, detached: bool
) -> None:
    """Its lines are labelled and merged, and survive that all logs are emptied."""
    operator.run("start", "--detach") if detached else operator.start()
    assert "all ready in" in operator.run("logs", "--module", "manager")
    operator.run("logs", "--clean")
    pid = operator.manager_pid()
    operator.run("restart", "alpha")
    logs = operator.folder / ".local" / "logs"
    told = (logs / "manager.log").read_text()
    assert re.search(rf"INFO +manager\[{pid}\] manager .*alpha-0 .* → ready", told)
    assert "all ready in" not in told
    assert set(told.splitlines()) <= set((logs / "all.log").read_text().splitlines())
    if detached:  # nothing is collected by a file that nobody puts aside
        assert (logs / "manager-output.log").read_text() == ""


@pytest.mark.slow
def test_sigquit_has_every_process_write_its_stacks(operator: Operator) -> None:
    """Then it stops."""
    process = operator.start()
    process.send_signal(signal.SIGQUIT)
    process.wait(10)
    assert "Current thread" in operator.stderr
    logs = operator.folder / ".local" / "logs"
    for name in ("alpha-0", "beta-0"):
        assert "run_instance" in (logs / f"{name}.log").read_text()
        assert re.search(rf"{name} \(.*\): ready → draining", operator.stderr)
    assert "failed" not in operator.stderr


@pytest.mark.slow
def test_sigquit_ends_a_start_that_hangs(operator: Operator) -> None:
    """It says where the build hangs, and does not wait for that."""
    hangs = "import os, time; open('hangs', 'w').close(); time.sleep(60)\n"
    operator.project.change("alpha", "import os\n", hangs)
    starter = operator.begin("start")
    until((operator.folder / "hangs").exists)
    starter.send_signal(signal.SIGQUIT)
    said, _ = starter.communicate(timeout=10)
    assert "Current thread" in said
    assert f'"{operator.folder}/modules/alpha/module.py", line 1' in said
    assert "stopped while it was starting" in said


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_in_the_background_is_undone(
    operator: Operator, kind: signal.Signals
) -> None:
    """Ctrl-C and `kill` reach who waits for it, and not the manager."""
    operator.project.change("alpha", "import os\n", "import os, time; time.sleep(60)\n")
    starter = operator.begin("start", "--detach")
    until(lambda: operator.status()["starting"])
    manager = operator.manager_pid()
    starter.send_signal(kind)
    assert starter.wait(10) == 130
    assert gone([manager], within_s=0.5)
    assert operator.run("stop") == "Nothing to stop.\n"


@pytest.mark.slow
def test_a_manager_outlives_whoever_has_started_it(operator: Operator) -> None:
    """It has nobody to tell that all is ready, and goes on."""
    operator.project.change("alpha", "import os\n", "import os, time; time.sleep(1)\n")
    starter = operator.begin("start", "--detach")
    until(lambda: operator.status()["starting"])
    starter.kill()
    until(lambda: operator.status()["servers"].keys() == {"alpha", "beta"})
    until(lambda: not operator.status()["starting"], within_s=30)
    assert "alpha-0" in operator.run("status")


ASKS_ITS_PEER = """
    from fastapi import APIRouter

    from modular_api import Module
    from modular_api.clients import module_client

    from ..alpha.client_generated import AlphaClient

    router = APIRouter()

    @router.get("/number")
    async def number() -> int:
        return await module_client(AlphaClient).pid()

    module = Module(routers={"v1": router}, uses=["alpha"])
"""


@pytest.mark.slow
def test_saving_a_file_replaces_its_process(operator: Operator) -> None:
    """And those that use it, when its contract changes; a fault leaves the old one."""
    operator.start("--reload")
    before = operator.status()["servers"]
    alpha, beta = before["alpha"][0]["pid"], before["beta"][0]["pid"]
    operator.project.change("alpha", "os.getpid()", "os.getpid() + 0")
    until(lambda: operator.get("/alpha/pid").json() != alpha)
    assert operator.status()["servers"]["beta"][0]["pid"] == beta

    operator.project.change("alpha", "import os", "import os, nothing_of_this_name")
    until(lambda: "nothing_of_this_name" in operator.stderr)
    assert operator.get("/alpha/pid").status_code == 200

    operator.project.change("alpha", "import os, nothing_of_this_name", "import os")
    operator.project.change("alpha", '"/pid"', '"/number"')
    until(lambda: operator.status()["servers"]["beta"][0]["pid"] != beta)
    assert operator.get("/alpha/number").status_code == 200
    generated = (operator.folder / "modules/alpha/client_generated").rglob("*.py")
    assert any("/number" in file.read_text() for file in generated)

    operator.project.write("beta", ASKS_ITS_PEER.replace('uses=["alpha"]', "uses=[]"))
    until(lambda: operator.get("/beta/number").status_code == 503)
    until(lambda: "/api/v1/beta/number" in operator.get("/openapi.json").text)
    operator.project.change("beta", "uses=[]", 'uses=["alpha"]')
    until(lambda: operator.get("/beta/number").status_code == 200)


def until(condition: Any, within_s: float = 10.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
