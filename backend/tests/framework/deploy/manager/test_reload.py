"""Another configuration is read while the deployment serves."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.manager.control.orders import order
from modular_api.deploy.manager.errors import ControlFailed
from modular_api.deploy.manager.server_manager import ServerManager
from modular_api.listening import listen

from .conftest import TinyProject, client_of, free_ports, tiny_config

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("manager_reload")]


class Deployment:
    """A deployment that is told other configurations."""

    def __init__(self, project: TinyProject, manager: ServerManager) -> None:
        self.project = project
        self.manager = manager
        self.config = manager.config

    async def reload(self, config: DeploymentConfig) -> dict[str, Any]:
        """Have the manager read a configuration; return the status."""
        self.manager.config = config
        return await order(self.manager.pid_dir, "reload")

    async def pids(self) -> dict[str, int]:
        """Return the process of everything that runs."""
        status = await self.manager.get_status()
        found = {"nginx": status["nginx"]["pid"]}
        for instances in status["servers"].values():
            found |= {one["name"]: one["pid"] for one in instances}
        return found

    async def serves(self, times: int = 1) -> bool:
        """Tell whether both modules answer by way of the gateway."""
        async with client_of(self.manager) as client:
            paths = ("/alpha/pid", "/beta/greeting")
            answers = [await client.get(path) for path in paths * times]
        return {answer.status_code for answer in answers} == {200}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Deployment]:
    """One process of alpha and one of beta, which every test leaves as they were."""
    project = TinyProject(tmp_path_factory.mktemp("reload"))
    config = moved(
        tiny_config(timeouts={"idle_s": 0.2, "live_s": 60}), alpha=free_port()
    )
    config = moved(config, beta=free_port(), nginx=free_port())
    async with project.running(config) as manager:
        yield Deployment(project, manager)


@pytest_asyncio.fixture
async def deployment(running: Deployment) -> AsyncIterator[Deployment]:
    """The same, and its configuration again afterwards."""
    yield running
    await running.reload(running.config)
    assert (await running.pids()).keys() == {"nginx", "alpha-0", "beta-0"}
    assert await running.serves()


@pytest.mark.parametrize("who", ["nginx", "alpha"])
async def test_a_taken_port_changes_nothing(deployment: Deployment, who: str) -> None:
    """What ran before runs on, and the next reload finds it as it is."""
    before = await deployment.pids()
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ControlFailed, match=f"Nothing was started.*\\n.*{who}.*taken"
        ):
            await deployment.reload(moved(deployment.config, **{who: port}))
        assert await deployment.pids() == before
        assert await deployment.serves()
    await deployment.reload(deployment.config)
    assert await deployment.pids() == before


@pytest.mark.slow
async def test_other_timeouts_hold_for_what_runs_already(
    deployment: Deployment,
) -> None:
    """What a process was told by its start replaces it; what the manager waits does not."""
    before = await deployment.pids()
    data = deployment.config.model_dump()
    data["timeouts"]["live_s"] = 0.5
    await deployment.reload(DeploymentConfig.model_validate(data))
    assert await deployment.pids() == before
    os.kill(before["alpha-0"], signal.SIGSTOP)
    async with asyncio.timeout(20):  # long before the 60 s that were told first
        while (await deployment.pids())["alpha-0"] in (before["alpha-0"], None):
            await asyncio.sleep(0.05)
    data["timeouts"]["drain_s"] = 4.0
    before = await deployment.pids()
    await deployment.reload(DeploymentConfig.model_validate(data))
    after = await deployment.pids()
    assert {name for name in before if before[name] != after[name]} == {
        "alpha-0",
        "beta-0",
    }


@pytest.mark.slow
async def test_a_configuration_that_is_wrong_changes_nothing(
    deployment: Deployment,
) -> None:
    """The app has no such module."""
    before = await deployment.pids()
    data = deployment.config.model_dump()
    data["servers"]["beta"]["modules"] = ["gamma"]
    with pytest.raises(ControlFailed, match="gamma"):
        await deployment.reload(DeploymentConfig.model_validate(data))
    assert await deployment.pids() == before


@pytest.mark.slow
async def test_what_is_added_and_does_not_start_gets_no_requests(
    deployment: Deployment,
) -> None:
    """It is gone again; the reload after the code was mended starts it."""
    before = await deployment.pids()
    two = more_alphas(deployment.config)
    deployment.project.change("alpha", "uses=[]", "uses=[], service=Failing")
    for _ in range(2):
        with pytest.raises(ControlFailed, match="(?s)alpha-1 did not start.*no memory"):
            await deployment.reload(two)
        assert await deployment.pids() == before
        assert await deployment.serves(times=10)
    deployment.project.change("alpha", "uses=[], service=Failing", "uses=[]")
    status = await deployment.reload(two)
    assert [one["healthy"] for one in status["servers"]["alpha"]] == [True, True]
    assert status["servers"]["alpha"][0]["pid"] == before["alpha-0"]


@pytest.mark.slow
async def test_what_moves_and_does_not_start_is_put_back(
    deployment: Deployment,
) -> None:
    """It serves at its old address, told what it was told before."""
    before = await deployment.pids()
    elsewhere = moved(deployment.config, alpha=free_port())
    elsewhere.servers["alpha"].env["PYTHONHASHSEED"] = "nonsense"
    with pytest.raises(
        ControlFailed, match="(?s)alpha-0 did not start.*PYTHONHASHSEED"
    ):
        await deployment.reload(elsewhere)
    after = await deployment.pids()
    assert after["beta-0"] == before["beta-0"] and after["nginx"] == before["nginx"]
    assert await deployment.serves()


@pytest.mark.slow
async def test_a_reload_starts_what_could_not_be_put_back(
    deployment: Deployment,
) -> None:
    """Neither the new place nor the old one helps where the code is wrong."""
    elsewhere = moved(deployment.config, alpha=free_port())
    deployment.project.change("alpha", "uses=[]", "uses=[], service=Failing")
    with pytest.raises(ControlFailed, match="no memory"):
        await deployment.reload(elsewhere)
    [alpha] = (await deployment.manager.get_status())["servers"]["alpha"]
    assert alpha["state"] == "failed" and alpha["reason"]
    deployment.project.change("alpha", "uses=[], service=Failing", "uses=[]")
    status = await deployment.reload(deployment.config)
    assert status["servers"]["alpha"][0]["healthy"]
    assert await deployment.serves()


@pytest.mark.slow
async def test_what_is_gone_stops_although_something_else_is_not_replaced(
    deployment: Deployment,
) -> None:
    """nginx does not know it any more, and the command says what went wrong."""
    await deployment.reload(more_alphas(deployment.config))
    assert "alpha-1" in await deployment.pids()
    data = deployment.config.model_dump()
    data["servers"]["beta"]["env"] = {"PYTHONHASHSEED": "nonsense"}
    with pytest.raises(ControlFailed, match="beta-0 was not replaced"):
        await deployment.reload(DeploymentConfig.model_validate(data))
    assert (await deployment.pids()).keys() == {"nginx", "alpha-0", "beta-0"}


@pytest.mark.slow
async def test_changes_of_the_code_are_followed_from_then_on(
    deployment: Deployment,
) -> None:
    """And no more once the configuration says so."""
    data = deployment.config.model_dump()
    data["servers"]["alpha"]["reload"] = True
    await deployment.reload(DeploymentConfig.model_validate(data))
    before = await deployment.pids()
    deployment.project.change("alpha", "os.getpid()", "os.getpid() + 0")
    async with asyncio.timeout(20):
        while (await deployment.pids())["alpha-0"] == before["alpha-0"]:
            await asyncio.sleep(0.05)
    await deployment.reload(deployment.config)
    before = await deployment.pids()
    deployment.project.change("alpha", "os.getpid() + 0", "os.getpid()")
    await asyncio.sleep(1)
    assert await deployment.pids() == before


@pytest.mark.slow
async def test_instances_can_swap_their_ports(deployment: Deployment) -> None:
    """Neither is free before both have stopped; nginx takes a third one's."""
    config = deployment.config
    alpha, beta = (config.servers[name].port for name in ("alpha", "beta"))
    status = await deployment.reload(moved(config, alpha=beta, beta=alpha))
    assert status["servers"]["alpha"][0]["port"] == beta
    assert status["servers"]["beta"][0]["port"] == alpha
    assert await deployment.serves()
    status = await deployment.reload(
        moved(config, alpha=free_port(), beta=config.nginx.port, nginx=alpha)
    )
    assert status["nginx"]["port"] == alpha
    assert await deployment.serves()
    for swapped in (True, False) * 3:  # no worker of nginx knows the old places
        ports = {"alpha": beta, "beta": alpha} if swapped else {}
        await deployment.reload(moved(config, **ports))
        assert await deployment.serves(times=10)


@pytest.mark.slow
async def test_the_gateway_can_listen_on_every_address(deployment: Deployment) -> None:
    """Its port is the same, so nobody can have both at a time."""
    config = deployment.config
    public = config.nginx.model_copy(update={"host": "0.0.0.0"})
    status = await deployment.reload(config.model_copy(update={"nginx": public}))
    assert status["nginx"]["healthy"]
    assert await deployment.serves()


def moved(config: DeploymentConfig, **ports: int) -> DeploymentConfig:
    """Return the same deployment with other ports, by the name of a server or nginx."""
    data = config.model_dump()
    for name, port in ports.items():
        place = data["nginx"] if name == "nginx" else data["servers"][name]
        place["port"] = port
    return DeploymentConfig.model_validate(data)


def more_alphas(config: DeploymentConfig) -> DeploymentConfig:
    """Return the same deployment with two instances of alpha."""
    data = config.model_dump()
    data["servers"]["alpha"]["instances"] = 2
    return DeploymentConfig.model_validate(data)


def free_port() -> int:
    """Return a port nobody listens on, nor on the next one."""
    return free_ports(2)[0]
