"""The deployment that comes with the repository, and the command that writes one."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from modular_api.cli.commands import build_cli
from modular_api.deploy.config import (
    DeploymentConfig,
    NginxConfig,
    ServerConfig,
    deployment_text,
    read_deployment,
)
from trading_api.app_factory import AppFactory

pytestmark = pytest.mark.integration

BACKEND = Path(__file__).parents[1]
DEV_CONFIG = BACKEND / "dev-config.yaml"


@pytest.fixture(scope="module")
def trading_model():
    """What the trading app consists of."""
    return AppFactory(generation="off").create_app().describe()


def deploy(*arguments: str | Path):
    """Run `modular-api deploy …` in this process."""
    return CliRunner().invoke(build_cli(), ["deploy", *map(str, arguments)])


def test_the_committed_deployment_serves_every_module_once(trading_model) -> None:
    """A reader of the repository can start it as it is."""
    config = read_deployment(DEV_CONFIG, trading_model)
    served = [name for server in config.servers.values() for name in server.modules]
    assert sorted(served) == [module.name for module in trading_model.modules]


def test_init_writes_what_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is what the command makes of the discovered modules, nothing more."""
    monkeypatch.chdir(BACKEND)
    file = tmp_path / "config.yaml"
    result = deploy("init", "--config", file)
    assert result.exit_code == 0, result.output
    assert file.read_text() == DEV_CONFIG.read_text()


def test_init_never_overwrites_without_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody has edited is kept, and --force is told of."""
    monkeypatch.chdir(BACKEND)
    file = tmp_path / "config.yaml"
    file.write_text("mine\n")
    refused = deploy("init", "--config", file)
    assert refused.exit_code == 1 and "--force" in refused.output
    assert file.read_text() == "mine\n"
    assert deploy("init", "--config", file, "--force").exit_code == 0
    assert file.read_text() == DEV_CONFIG.read_text()


@pytest.mark.parametrize("port", [80, 65530])
def test_init_refuses_a_port_that_leaves_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    """For itself, or for the servers that follow it."""
    monkeypatch.chdir(BACKEND)
    file = tmp_path / "config.yaml"
    result = deploy("init", "--config", file, "--port", str(port))
    assert result.exit_code == 1 and not file.exists()
    assert result.output.startswith(
        f"error: The gateway's port would be {port}, expected one from 1024 to 65515"
    )


def test_init_with_free_ports_names_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows it before the start."""
    monkeypatch.chdir(BACKEND)
    file = tmp_path / "config.yaml"
    assert deploy("init", "--config", file, "--port", "0").exit_code == 0
    assert "api_base_url" not in file.read_text()
    assert read_deployment(file).nginx.port == 0


def test_a_folder_that_takes_no_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of the system."""
    monkeypatch.chdir(BACKEND)
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "below"
    result = deploy("init", "--config", below / "config.yaml")
    assert result.exit_code == 1
    assert f"{below / 'config.yaml'} cannot be written: " in result.output
    result = deploy("export", "--target", "kubernetes", "--out", below)
    assert result.exit_code == 1
    assert f"{below} cannot be written: " in result.output


def test_check_tells_every_fault_with_its_line_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run tells all: a key, a module, a stateful one twice, a clash of ports."""
    monkeypatch.chdir(BACKEND)
    file = tmp_path / "config.yaml"
    file.write_text(
        "nginx:\n"
        "  port: 18000\n"
        "  prot: 1\n"
        "servers:\n"
        "  broker:\n"
        "    modules: [broker, orders]\n"
        "    port: 17999\n"
        "    instances: 2\n"
    )
    result = deploy("check", "--config", file)
    assert result.exit_code == 1
    told = [line.strip() for line in result.output.splitlines()[1:]]
    assert told == [
        f"- {file}:3: nginx.prot: unknown key",
        f"- {file}:4: servers: module 'datafeed' is served by no server; add it to one's "
        "modules",
        f"- {file}:6: servers.broker.modules.1: there is no module 'orders'; there are: "
        "broker, datafeed",
        f"- {file}:7: servers.broker.port: port 18000 of broker-1 is that of nginx, too",
        f"- {file}:8: servers.broker.instances: 2 instances of 'broker' would disagree: "
        "each keeps to itself the state of its service (stateful=True); the answers "
        "under its idempotency keys (idempotency_store=SqliteStore(…) shares them); the "
        "updates it pushes to equity, executions, orders, positions (those of a `stream` "
        "every instance has). Serve it with 1 instance, or keep that where all instances "
        "find it",
    ]


def test_check_accepts_two_instances_of_what_keeps_no_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every instance of datafeed tells the same prices: they follow from the time."""
    monkeypatch.chdir(BACKEND)
    file = tmp_path / "config.yaml"
    text = DEV_CONFIG.read_text()
    head, tail = text.split("modules: [datafeed]")
    file.write_text(head + "modules: [datafeed]" + tail.replace("s: 1", "s: 2", 1))
    result = deploy("check", "--config", file)
    assert result.exit_code == 0, result.output
    assert "datafeed: datafeed; port 8020, 8021" in result.output


def test_the_shape_of_the_tests_is_valid_for_the_app(trading_model) -> None:
    """A configuration made in Python survives being written and read."""
    config = DeploymentConfig(
        nginx=NginxConfig(port=19000, worker_processes=1, worker_connections=1024),
        servers={
            "broker": ServerConfig(modules=["broker"], port=19001, instances=1),
            "datafeed": ServerConfig(modules=["datafeed"], port=19002, reload=False),
        },
    )
    assert config.get_all_ports() == [
        ("nginx", 19000),
        ("broker-0", 19001),
        ("datafeed-0", 19002),
    ]
    assert "port: 19002" in deployment_text(config, trading_model)
