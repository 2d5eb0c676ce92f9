"""What the image and the compose file name is there, valid, and runs as they say.

No container engine is needed. The instructions of the Dockerfile are carried out in a
folder, and its commands run without rights on a root that cannot be written.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[3]
BACKEND = ROOT / "backend"
START_S = 30
STOP_S = 15
PORT = 8000
"""The port the image serves on, taken for a free one while a test runs."""


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the instructions of each stage of the Dockerfile, by its name."""
    found: dict[str, list[tuple[str, str]]] = {"": []}
    current = found[""]
    with (ROOT / "Dockerfile").open("rb") as file:
        structure = DockerfileParser(fileobj=file).structure
    for item in structure:
        value = " ".join(item["value"].split())
        if item["instruction"] == "FROM":
            current = found[value.partition(" AS ")[2]] = []
        current.append((item["instruction"], value))
    return found


def compose() -> dict[str, Any]:
    """Return the compose file with its anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def values_of(stage: str, instruction: str) -> list[str]:
    return [value for name, value in stages()[stage] if name == instruction]


def command_of(service: str) -> list[str]:
    """Return what a container of a service runs: its own command, or the image's."""
    image = compose()["services"][service]["build"]["target"]
    command = compose()["services"][service].get("command")
    if command is None:
        command = json.loads(values_of(image, "CMD")[-1])
    return [*json.loads(values_of(image, "ENTRYPOINT")[-1]), *command]


def health_command_of(service: str) -> list[str]:
    kind, *command = compose()["services"][service]["healthcheck"]["test"]
    assert kind == "CMD"
    return command


class TestComposeFile:
    """Judged by a strict parser of the Compose specification."""

    def test_it_is_valid(self) -> None:
        """A misspelt key is an error there, as in Compose itself."""
        services = PyCompose.from_json(json.dumps(compose())).to_dict()["services"]
        assert services.keys() == compose()["services"].keys()

    def test_a_misspelt_key_would_be_refused(self) -> None:
        """The test above can fail."""
        document = compose()
        document["services"]["app"]["read_onyl"] = True
        with pytest.raises(ValueError, match="read_onyl"):
            PyCompose.from_json(json.dumps(document))

    def test_it_builds_stages_that_exist(self) -> None:
        """A renamed stage would otherwise be found by the first user."""
        targets = {s["build"]["target"] for s in compose()["services"].values()}
        assert targets <= stages().keys()

    def test_one_service_runs_unless_the_profile_split_is_asked_for(self) -> None:
        """The profile holds one service a module, and nginx."""
        services = compose()["services"]
        plain = {name for name, s in services.items() if "profiles" not in s}
        assert plain == {"app"}
        modules = BACKEND / "src/trading_api/modules"
        names = {path.parent.name for path in modules.glob("*/module.py")}
        assert services.keys() - plain == names | {"gateway"}
        for name in names:
            assert ["--modules", name] == services[name]["command"][1:3]
        assert services["gateway"]["depends_on"].keys() == names

    def test_peers_are_called_where_they_are(self) -> None:
        """A module that is used by another is found under its service's name."""
        command = compose()["services"]["broker"]["command"]
        peers = [after for word, after in pairwise(command) if word == "--peer"]
        assert peers == [f"datafeed=http://datafeed:{PORT}"]

    def test_every_container_is_hardened(self) -> None:
        """No rights, no new ones, nothing to write on but a temporary folder."""
        for name, service in compose()["services"].items():
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
            ports = service.get("ports", [])
            assert all(port.startswith("127.0.0.1:") for port in ports), name


class TestDockerfile:
    """What can be told without building it."""

    def test_the_app_runs_without_rights(self) -> None:
        """By number, so that Kubernetes can tell that it is not root."""
        assert values_of("app", "USER") == ["10001:10001"]

    @pytest.mark.parametrize("stage", ["app", "gateway"])
    def test_it_is_asked_for_its_health_as_in_the_compose_file(
        self, stage: str
    ) -> None:
        """The tests below run the command of one, which is that of both."""
        [check] = values_of(stage, "HEALTHCHECK")
        assert json.loads(check.partition(" CMD ")[2]) == health_command_of(stage)

    def test_it_uses_the_uv_of_the_checkout(self) -> None:
        """Two versions would resolve two environments one day."""
        script = (BACKEND / "scripts/uv").read_text()
        wanted = re.findall(r"UV_VERSION=([0-9.]+)", script)
        used = re.findall(r"uv==([0-9.]+)", " ".join(values_of("build", "RUN")))
        assert used == wanted

    def test_what_it_copies_is_in_the_context(self) -> None:
        """`.dockerignore` leaves out everything but what it names."""
        allowed = (ROOT / ".dockerignore").read_text().split()
        for value in values_of("build", "COPY"):
            *sources, _ = value.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in allowed, source


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """The root of the image's stage `app`, made by the instructions of the Dockerfile.

    Not below pytest's folder, which only its owner may enter.
    """
    python = _python_for_everybody()
    root = Path(tempfile.mkdtemp(prefix="image-"))
    try:
        root.chmod(0o755)
        _build(root, python)
        yield root
    finally:
        shutil.rmtree(root)


@pytest.mark.slow
class TestApp:
    """The commands of the image, as its user, where nothing can be written."""

    def test_the_command_serves_and_the_health_check_knows(self, image: Path) -> None:
        """One process with every module, answering until SIGTERM, then exit code 0."""
        with running(image, "app") as app:
            app.wait_until_healthy()
            assert app.get("/api/v1/broker/accounts")[0] == 200
            assert app.get("/api/v1/datafeed/symbols")[0] == 200

    def test_a_service_of_the_profile_serves_its_module_alone(
        self, image: Path
    ) -> None:
        """With the command the compose file gives it."""
        with running(image, "datafeed") as datafeed:
            datafeed.wait_until_healthy()
            assert datafeed.get("/api/v1/datafeed/symbols")[0] == 200
            assert datafeed.get("/api/v1/broker/accounts")[0] == 404

    def test_a_module_that_is_used_is_reached_over_the_network(
        self, image: Path
    ) -> None:
        """The broker prices an order with a quote of the datafeed's process."""
        with running(image, "datafeed") as datafeed:
            datafeed.wait_until_healthy()
            there = {f"datafeed:{PORT}": f"127.0.0.1:{datafeed.port}"}
            with running(image, "broker", there) as broker:
                broker.wait_until_healthy()
                order = {"symbol": "AAPL", "qty": 1, "side": "buy"}
                assert broker.post("/api/v1/broker/orders", order) == 201


@pytest.mark.slow
class TestGateway:
    """The command of the image `gateway`, as its user, with a folder for `/tmp` alone."""

    def test_it_leads_to_every_service_and_its_health_check_knows(
        self, image: Path
    ) -> None:
        """What the image holds is exported as the Dockerfile says."""
        _export_gateway(image)
        with ExitStack() as stack:
            datafeed = stack.enter_context(running(image, "datafeed"))
            datafeed.wait_until_healthy()
            there = {f"datafeed:{PORT}": f"127.0.0.1:{datafeed.port}"}
            broker = stack.enter_context(running(image, "broker", there))
            broker.wait_until_healthy()
            there[f"broker:{PORT}"] = f"127.0.0.1:{broker.port}"
            gateway = stack.enter_context(running_gateway(image, there))
            gateway.wait_until_healthy()
            assert gateway.get("/api/v1/broker/accounts")[0] == 200
            assert gateway.get("/api/v1/datafeed/symbols")[0] == 200
            paths = gateway.get("/api/v1/openapi.json")[1]["paths"]
            assert {path.split("/")[3] for path in paths} == {"broker", "datafeed"}
            order = {"symbol": "AAPL", "qty": 1, "side": "buy"}
            assert gateway.post("/api/v1/broker/orders", order) == 201


class Running:
    """A process of the image."""

    def __init__(
        self, process: subprocess.Popen[bytes], image: Path, service: str, port: int
    ) -> None:
        self.process = process
        self.port = port
        self._health = at(image, port, health_command_of(service))
        self._image = image

    def wait_until_healthy(self) -> None:
        """Ask with the image's own health check."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"exit code {self.process.returncode}"
            asked = subprocess.run(
                self._health, env=environment_of(self._image), capture_output=True
            )
            if asked.returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError(f"not healthy within {START_S} s: {asked.stderr.decode()}")

    def get(self, path: str) -> tuple[int, Any]:
        import httpx

        answer = httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)
        return answer.status_code, answer.json()

    def post(self, path: str, body: Mapping[str, Any]) -> int:
        import httpx

        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.post(url, json=body, timeout=5).status_code


@contextmanager
def running(
    image: Path, service: str, addresses: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Running]:
    """Run a service's command until the block ends; then it must end well by itself.

    Args:
        addresses: where other services are, by the address they have in containers.
    """
    port = _free_port()
    command = command_of(service)
    for there, here in addresses.items():
        assert any(there in word for word in command)
        command = [word.replace(there, here) for word in command]
    process = subprocess.Popen(
        [*_without_rights(), *at(image, port, command)],
        env=environment_of(image),
        cwd=image / "app/backend",
    )
    try:
        yield Running(process, image, service, port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@contextmanager
def running_gateway(image: Path, addresses: Mapping[str, str]) -> Iterator[Running]:
    """Run the image's nginx until the block ends; then it must end well by itself.

    Its configuration has the folders of the image and the addresses of containers, for
    which those that are here are put in.
    """
    port = _free_port()
    here = {
        "/gateway": f"{image}/gateway",
        "/tmp": f"{image}/tmp",
        f"0.0.0.0:{PORT}": f"127.0.0.1:{port}",
        **addresses,
    }
    text = (image / "gateway/nginx.conf").read_text()
    for there in addresses:
        assert f"server {there} " in text
    config = image / "gateway/here.conf"
    any_of_them = "|".join(map(re.escape, here))
    config.write_text(re.sub(any_of_them, lambda found: here[found[0]], text))
    (image / "tmp").mkdir(exist_ok=True)
    command = [
        word.replace("/gateway/nginx.conf", str(config))
        for word in json.loads(values_of("gateway", "CMD")[-1])
    ]
    assert values_of("gateway", "ENTRYPOINT") == ["[]"] and str(config) in command
    [user] = values_of("gateway", "USER")
    [signal_] = values_of("gateway", "STOPSIGNAL")
    reader, writer = os.pipe()
    os.fchown(writer, *map(int, user.split(":")))  # as the engine does
    process = subprocess.Popen(
        [*_without_rights(user, f"{image}/tmp"), *command],
        env={"PATH": f"/usr/sbin:/usr/local/sbin:{os.defpath}"},
        stdout=writer,
        stderr=writer,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as output:
            yield Running(process, image, "gateway", port)
            process.send_signal(signal.Signals[signal_])
            assert process.wait(STOP_S) == 0
            assert "/api/v1/broker/accounts 200" in output.read()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _export_gateway(image: Path) -> None:
    """Carry out the RUN that fills `/gateway`; nginx is this machine's."""
    [command] = [value for value in values_of("build", "RUN") if "export" in value]
    for folder in ("/app/", "/gateway"):
        assert folder in command
        command = command.replace(folder, f"{image}{folder}")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(
        shlex.split(command), cwd=image / "app/backend", env=environment, check=True
    )


def _without_rights(user: str = "10001:10001", temp: str | None = None) -> list[str]:
    """Return what a command is run with, to run as in a hardened container.

    Args:
        temp: a folder that can be written, as the compose file says of `/tmp`.
    """
    uid, gid = user.split(":")
    mount = "mount -o remount,ro,bind /"
    if temp is not None:
        mount += f" && mount -t tmpfs -o mode=1777 tmpfs {shlex.quote(temp)}"
    return [
        # Its own view of the file systems, every one of them read-only from there.
        *("unshare", "--mount", "--propagation", "private", "--"),
        *("sh", "-c", f'{mount} && exec "$@"', "sh"),
        *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"),
        *("--no-new-privs", "--bounding-set=-all", "--"),
        # setpriv itself still finds files that only root may reach.
        *("sh", "-c", 'exec "$@"', "sh"),
    ]


def at(image: Path, port: int, command: list[str]) -> list[str]:
    """Return a command of the image with its paths and its port as they are here."""
    port_word = re.compile(rf"(?<![0-9.:]){PORT}$|(?<=127.0.0.1:){PORT}(?=/)")
    return [
        port_word.sub(str(port), word.replace("/app/", f"{image}/app/"))
        for word in command
    ]


def environment_of(image: Path) -> dict[str, str]:
    """Return the environment of the image, and nothing of ours."""
    found = {"PATH": os.defpath}
    for value in values_of("app", "ENV"):
        for pair in shlex.split(value):
            name, _, text = pair.partition("=")
            found[name] = text.replace("$PATH", found["PATH"])
    found["PATH"] = found["PATH"].replace("/app/", f"{image}/app/")
    return found


def _build(root: Path, python: str) -> None:
    """Carry out COPY and RUN of the stage `build`; uv itself is the checkout's."""
    folder = root / "app/backend"
    folder.mkdir(parents=True)
    environment = {
        **os.environ,
        "UV_PYTHON": python,
        "UV_PROJECT_ENVIRONMENT": f"{root}/app/.venv",
        "UV_LINK_MODE": "copy",
    }
    uv = next(
        path
        for path in (shutil.which("uv"), str(BACKEND / ".tools/uv/bin/uv"))
        if path and Path(path).exists()
    )
    for instruction, value in stages()["build"]:
        if instruction == "COPY":
            *sources, target = value.split()
            for source in sources:
                _copy(ROOT / source, folder / target)
        elif instruction == "RUN" and "uv sync" in value:
            command = value.replace("uv sync", f"{shlex.quote(uv)} sync --quiet")
            command = command.replace("/app/", f"{root}/app/")
            subprocess.run(command, shell=True, cwd=folder, env=environment, check=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        left_out = shutil.ignore_patterns("__pycache__", ".codegen", "tests")
        shutil.copytree(source, target, ignore=left_out)
    else:
        shutil.copy(source, target)


def _python_for_everybody() -> str:
    """Return a Python that a user without rights may run."""
    if os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("unshare"):
        pytest.skip("only root can take its own rights away and make a root read-only")
    names = {f"python3.{minor}" for minor in range(11, 15)} | {"python3"}
    found = [
        sys.executable,
        *(shutil.which(n, path="/usr/bin:/usr/local/bin") for n in names),
    ]
    for python in filter(None, found):
        real = Path(python).resolve()
        asked = [*_without_rights(), str(real), "-c", _IS_NEW_ENOUGH]
        if subprocess.run(asked, capture_output=True, cwd="/").returncode == 0:
            return str(real)
    pytest.skip("every Python here lies in a folder only root may enter")


_IS_NEW_ENOUGH = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
