"""What goes wrong with real processes, and what the manager makes of it."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from textwrap import dedent
from typing import Any, TypeAlias

import httpx
import psutil
import pytest
import pytest_asyncio

from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.manager.control.orders import order
from modular_api.deploy.manager.errors import ControlFailed, GatewayFailed
from modular_api.deploy.manager.operating.reporting import status_on_disk
from modular_api.deploy.manager.processes.records import Records
from modular_api.deploy.manager.server_manager import ServerManager
from modular_api.specs.canonical import canonical_bytes

from .conftest import TinyProject, client_of, gateway_of, tiny_config

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("manager_faults")]


DIES_ONCE = """
    import signal

    from fastapi import Response

    class DiesOnce(Response):
        async def __call__(self, scope, receive, send):
            async def dying(message):
                await send(message)
                flag = PROJECT / "died"
                if message["type"] == "http.response.start" and not flag.exists():
                    flag.write_text(str(os.getpid()))
                    os.kill(os.getpid(), signal.SIGKILL)

            await super().__call__(scope, receive, dying)

    @router.get("/dies-once")
    async def die_once() -> Response:
        return DiesOnce("alive")
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deployment(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[TinyProject, ServerManager]]:
    """Two processes of alpha and one of beta, for all tests that leave them well."""
    project = TinyProject(tmp_path_factory.mktemp("faults"))
    declaration = "module = Module("
    project.change("alpha", declaration, f"{dedent(DIES_ONCE)}\n{declaration}")
    config = tiny_config(alphas=2, timeouts={"live_s": 0.5, "idle_s": 0.2})
    async with project.running(config) as manager:
        yield project, manager


Deployment: TypeAlias = tuple[TinyProject, ServerManager]


async def test_one_of_two_is_killed_and_nobody_notices(deployment: Deployment) -> None:
    """Requests are answered by the other one; soon there are two again."""
    _, manager = deployment
    victim = manager.processes["alpha-0"].pid
    async with client_of(manager) as client:
        os.kill(victim, signal.SIGKILL)
        answers = [await client.get("/alpha/pid") for _ in range(40)]
        assert {answer.status_code for answer in answers} == {200}
        assert all(answer.json() != victim for answer in answers)
    await replaced(manager, "alpha-0", victim)


async def test_a_process_killed_between_head_and_body_has_sent_neither(
    deployment: Deployment,
) -> None:
    """So nginx asks another; it could not once it had the head."""
    project, manager = deployment
    names = {manager.processes[name].pid: name for name in ("alpha-0", "alpha-1")}
    async with client_of(manager) as client:
        answer = await client.get("/alpha/dies-once")
    assert (answer.status_code, answer.text) == (200, "alive")
    victim = int((project.folder / "died").read_text())
    await replaced(manager, names[victim], victim)


async def test_no_log_repeats_a_query(deployment: Deployment) -> None:
    """Neither nginx's nor an instance's, whatever the answer was."""
    _, manager = deployment
    async with client_of(manager) as client:
        for path in ("/alpha/pid", "/alpha/nothing", "/beta/greeting", "/nobody"):
            await client.get(path, params={"token": "s3cret"})
        await client.post("/alpha/items", params={"item": "s3cret"})
    deadline = time.monotonic() + 5
    while "POST /api/v1/alpha/items HTTP/1.1" not in (
        merged := (manager.log_dir / "all.log").read_text()
    ):
        assert time.monotonic() < deadline, merged
        await asyncio.sleep(0.02)
    files = [file for file in manager.log_dir.rglob("*") if file.is_file()]
    assert {"nginx-access.log", "alpha-0.log"} <= {file.name for file in files}
    for file in files:
        assert "s3cret" not in file.read_text(), file


async def test_the_status_of_nginx_tells_as_much_as_the_others(
    deployment: Deployment,
) -> None:
    """Its memory with that of its workers, and how long it has run."""
    _, manager = deployment
    nginx = (await manager.get_status())["nginx"]
    assert nginx["memory_bytes"] > 1_000_000
    assert 0 < nginx["uptime_s"] < 600
    on_disk = (await status_on_disk(Records(manager.pid_dir)))["nginx"]
    assert on_disk["memory_bytes"] > 1_000_000 and 0 < on_disk["uptime_s"] < 600


async def test_a_hung_process_is_replaced(deployment: Deployment) -> None:
    """It is alive and has its socket, but answers nothing."""
    _, manager = deployment
    hung = manager.processes["beta-0"].pid
    os.kill(hung, signal.SIGSTOP)
    await replaced(manager, "beta-0", hung)
    async with client_of(manager) as client:
        assert (await client.get("/beta/greeting")).json() == "hello"


async def test_a_build_that_does_not_start_leaves_the_old_one(
    deployment: Deployment,
) -> None:
    """The command fails with the reason; not one request does."""
    project, manager = deployment
    before = manager.processes["alpha-0"].pid
    project.change("alpha", "module = Module(", "module = Modul(")
    commands: list[tuple[str, str, dict[str, Any]]] = [
        ("restart", "nothing was replaced", {"server": "alpha", "force": False}),
        ("reload", "nothing was changed", {}),
    ]
    for command, outcome, arguments in commands:
        with pytest.raises(ControlFailed, match="name 'Modul' is not def") as told:
            await order(manager.pid_dir, command, **arguments)
        assert str(told.value).startswith(f"The app cannot be built, so {outcome}")
    project.change("alpha", "module = Modul(", "module = Module(")
    # This one is found only by whoever starts it, and not by whoever describes it.
    project.change("alpha", "uses=[]", "uses=[], service=Failing")
    with pytest.raises(ControlFailed, match="(?s)alpha-0 was not replaced.*no memory"):
        await order(manager.pid_dir, "restart", server="alpha", force=False)
    project.change("alpha", "uses=[], service=Failing", "uses=[]")
    assert manager.processes["alpha-0"].pid == before
    async with client_of(manager) as client:
        assert (await client.get("/alpha/pid")).status_code == 200


@pytest.mark.slow
async def test_new_code_may_not_break_a_running_peer(deployment: Deployment) -> None:
    """Unless somebody insists."""
    project, manager = deployment
    before = manager.processes["alpha-0"].pid
    project.change("alpha", '"/pid"', '"/number"')
    with pytest.raises(ControlFailed, match="alpha v1, used by beta: .*/pid"):
        await order(manager.pid_dir, "restart", server="alpha", force=False)
    assert manager.processes["alpha-0"].pid == before
    await order(manager.pid_dir, "restart", server="alpha", force=True)
    async with client_of(manager) as client:
        assert (await client.get("/alpha/number")).status_code == 200
    project.change("alpha", '"/number"', '"/pid"')
    await order(manager.pid_dir, "restart", server="alpha", force=True)


async def test_new_code_must_fit_the_configuration(deployment: Deployment) -> None:
    """What keeps its state to itself may not take over as two processes."""
    project, manager = deployment
    before = manager.processes["alpha-0"].pid
    project.change("alpha", "uses=[]", "uses=[], stateful=True")
    with pytest.raises(ControlFailed, match="2 instances of 'alpha' would disagree"):
        await order(manager.pid_dir, "restart", server="alpha", force=False)
    project.change("alpha", "uses=[], stateful=True", "uses=[]")
    assert manager.processes["alpha-0"].pid == before


GUARDED = """
    from starlette.middleware import Middleware

    def filler() -> None: ...

    filler.__doc__ = "long " * 300_000
    router.get("/filler")(filler)

    class Guard:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 401})
                await send({"type": "http.response.body", "body": b""})
            else:
                await self.app(scope, receive, send)

    module = Module(middleware=[Middleware(Guard)], """


@pytest.mark.slow
async def test_neither_a_guard_nor_its_length_hides_a_contract(
    project: TinyProject,
) -> None:
    """Nor that the code of the peer, which runs on as it was, uses nothing by now."""
    project.change("alpha", "module = Module(", dedent(GUARDED).strip())
    async with project.running(tiny_config()) as manager:
        project.change("alpha", '"/pid"', '"/number"')
        project.change("beta", 'uses=["alpha"]', "uses=[]")
        with pytest.raises(ControlFailed, match="alpha v1, used by beta: .*/pid"):
            await order(manager.pid_dir, "restart", server="alpha", force=False)


@pytest.mark.slow
async def test_nginx_is_started_again(deployment: Deployment) -> None:
    """Its master is killed; its workers, which would keep the port, go too."""
    _, manager = deployment
    assert manager.nginx_process is not None
    before = manager.nginx_process.pid
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not (await manager.get_status())["nginx"]["healthy"] or (
        manager.nginx_process.pid == before
    ):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    async with client_of(manager) as client:
        assert (await client.get("/beta/greeting")).status_code == 200


@pytest.mark.slow
async def test_a_gateway_that_was_given_up_refuses_and_can_be_restarted(
    deployment: Deployment,
) -> None:
    """Whoever connects is told at once; the reason stands in the status."""
    _, manager = deployment
    address = await gateway_of(manager)
    deadline = time.monotonic() + 20
    while "failed 5 times" not in str(
        (nginx := (await manager.get_status())["nginx"])["reason"]
    ):
        assert time.monotonic() < deadline
        if nginx["pid"] is not None:
            with suppress(ProcessLookupError):
                os.kill(nginx["pid"], signal.SIGKILL)
        await asyncio.sleep(0.02)
    assert nginx["state"] == "failed" and "by SIGKILL" in nginx["reason"]
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(address)
    status = await order(manager.pid_dir, "restart", server="beta", force=False)
    assert status["nginx"]["healthy"] and status["nginx"]["reason"] is None
    assert await gateway_of(manager) == address


async def test_an_app_that_does_not_start_stops_what_had_started(
    project: TinyProject,
) -> None:
    """The reason is told, with the last words of the process that failed."""
    config = tiny_config(env={"PYTHONHASHSEED": "nonsense"})
    manager = project.manager(config)
    assert not await manager.start_all()
    assert "alpha-0 did not start: it ended with exit code 1" in str(manager.error)
    assert "PYTHONHASHSEED" in str(manager.error)
    assert not list(manager.pid_dir.glob("*.json"))


@pytest.mark.slow
async def test_a_crash_loop_ends_and_the_others_serve_on(project: TinyProject) -> None:
    """The circuit opens with the reason; a restart closes it."""
    async with project.running(tiny_config()) as manager:
        project.break_alpha()
        os.kill(manager.processes["alpha-0"].pid, signal.SIGKILL)
        alpha = await failed(manager, "alpha")
        assert "failed 5 times" in alpha["reason"]
        assert "a bug that is there on purpose" in alpha["reason"]
        async with client_of(manager) as client:
            assert (await client.get("/beta/greeting")).json() == "hello"
            assert (await client.get("/alpha/pid")).status_code == 502
            project.break_alpha(broken=False)
            await order(manager.pid_dir, "restart", server="alpha", force=False)
            assert (await client.get("/alpha/pid")).status_code == 200


@pytest.mark.slow
async def test_a_full_disk_leaves_no_process_that_nobody_knows(
    project: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written down is not started; what serves is still watched."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with project.running(tiny_config()) as manager:
        before = instances()
        with monkeypatch.context() as full:
            full.setattr(Records, "write_pid", fail)
            beta = manager.processes["beta-0"].pid
            os.kill(beta, signal.SIGKILL)
            await replaced(manager, "beta-0", beta)
            full.setattr(Records, "write", fail)
            os.kill(manager.processes["alpha-0"].pid, signal.SIGKILL)
            alpha = await failed(manager, "alpha")
        assert "No space left on device" in alpha["reason"]
        assert len(instances()) == len(before) - 1
        beta = manager.processes["beta-0"].pid
        os.kill(beta, signal.SIGKILL)
        await replaced(manager, "beta-0", beta)


async def test_what_nginx_refuses_is_no_fault_of_the_app(
    project: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app was built; it is nginx that cannot be told of it."""
    bin_ = project.folder / "bin"
    bin_.mkdir()
    (bin_ / "nginx").write_text("#!/bin/sh\necho no such directive >&2\nexit 1\n")
    (bin_ / "nginx").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    manager = project.manager(tiny_config())
    assert not await manager.start_all()
    assert isinstance(manager.error, GatewayFailed)
    assert "no such directive" in str(manager.error)
    assert "cannot be built" not in str(manager.error)


async def test_documents_list_what_is_served_alone(project: TinyProject) -> None:
    """The same bytes as of one process that was told to have these modules."""
    config = tiny_config().model_dump()
    del config["servers"]["beta"]
    alone = replace(project.source, modules=("alpha",)).create_app()
    async with (
        project.running(DeploymentConfig.model_validate(config)) as manager,
        client_of(manager) as client,
    ):
        for name, document in (
            ("openapi.json", alone.merged_openapi()),
            ("asyncapi.json", alone.merged_asyncapi()),
        ):
            answer = await client.get(f"/{name}")
            assert answer.content == canonical_bytes(document)


def instances() -> set[int]:
    """Return the processes of instances that were started here and run."""
    found = set()
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if "modular_api.deploy.instance" in child.cmdline():
                found.add(child.pid)
    return found


async def replaced(
    manager: ServerManager, name: str, before: int, within_s: float = 10.0
) -> object:
    """Wait until another process serves an instance, and is ready; return it."""
    server, _, index = name.rpartition("-")
    deadline = time.monotonic() + within_s
    while True:
        instance = (await manager.get_status())["servers"][server][int(index)]
        if instance["healthy"] and instance["pid"] != before:
            return manager.processes[name]
        assert time.monotonic() < deadline, instance
        await asyncio.sleep(0.05)


async def failed(
    manager: ServerManager, server: str, within_s: float = 30.0
) -> dict[str, str]:
    """Wait until the only instance of a server has failed; return its status."""
    deadline = time.monotonic() + within_s
    while True:
        [instance] = (await manager.get_status())["servers"][server]
        if instance["state"] == "failed":
            found: dict[str, str] = instance
            return found
        assert time.monotonic() < deadline, instance
        await asyncio.sleep(0.1)
