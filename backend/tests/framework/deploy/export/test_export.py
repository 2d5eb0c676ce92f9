"""The same deployment for Kubernetes, for systemd, and the gateway for a container.

The validators are those of the targets: kubernetes-validate with the official schemas,
and systemd's own.
"""

from __future__ import annotations

import ast
import os
import re
import runpy
import shlex
import shutil
import stat
import subprocess
import time
from configparser import ConfigParser
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import kubernetes_validate
import pytest
import yaml

from modular_api.app.pages import AppPages, pages_of
from modular_api.codegen.mode import GenerationMode
from modular_api.deploy.config import DeploymentConfig
from modular_api.deploy.export.errors import BadImage, NamesClash
from modular_api.deploy.export.export import Export
from modular_api.deploy.export.kubernetes import manifests
from modular_api.deploy.export.processes import left_out, run_arguments
from modular_api.deploy.export.target import Target
from modular_api.deploy.export.writing import write_export
from modular_api.deploy.nginx import NginxError, NginxMissing, find_nginx
from modular_api.listening import listen
from modular_api.model import AppModel, ModuleModel
from modular_api.project.source import AppSource

APP = Path(__file__).parents[3] / "gateway_app" / "factory.py"


def module(name: str, *, uses: tuple[str, ...] = (), stateful: bool = False):
    """A module of a model."""
    return ModuleModel(
        name=name,
        description="",
        directory=None,
        uses=uses,
        process_state=("what it counts",) if stateful else (),
        versions=(),
    )


MODEL = AppModel(
    title="T",
    version="1",
    modules=(module("orders", uses=("prices",), stateful=True), module("prices")),
)
CONFIG = {
    "nginx": {"port": 19000},
    "servers": {
        "order_book": {"modules": ["orders"], "port": 19010, "env": {"A": '5 % "x"'}},
        "prices": {"modules": ["prices"], "port": 19020, "instances": 3},
    },
    "timeouts": {"start_s": 20, "live_s": 4},
}


def export(project: Path, **changes: Any) -> Export:
    """Two servers of two modules, one of which uses the other."""
    config = DeploymentConfig.model_validate({**CONFIG, **changes})
    run = run_arguments(AppSource(modules_dir=project / "modules"), project)
    return Export(config, MODEL, AppPages(), run, project, image="reg:5000/app:1")


@pytest.fixture
def needs_nginx() -> None:
    """The gateway's file is not written without a test of it."""
    try:
        find_nginx()
    except NginxMissing as missing:
        pytest.skip(str(missing))


def test_what_has_no_counterpart_is_told(tmp_path: Path) -> None:
    """It would be missed only when somebody looks for it."""
    servers = {
        "all": {
            "modules": ["orders", "prices"],
            "log_levels": {"orders": "debug"},
            "reload": True,
        }
    }
    config = export(tmp_path, servers=servers, log_format="json").config
    assert [text.partition(":")[0] for text in left_out(config)] == [
        "log_format",
        "servers.all.log_levels",
        "servers.all.reload",
    ]
    assert list(left_out(export(tmp_path).config)) == []


class TestKubernetes:
    """A Deployment and a Service for each server, and for the gateway."""

    @pytest.fixture
    def objects(self, tmp_path: Path) -> dict[tuple[str, str], dict[str, Any]]:
        """Every object, by kind and name."""
        files = write_export(export(tmp_path), Target.kubernetes, tmp_path / "out")
        documents = [d for file in files for d in yaml.safe_load_all(file.read_text())]
        return {(d["kind"], d["metadata"]["name"]): d for d in documents}

    def test_every_object_is_valid_strictly(self, objects) -> None:
        """An unknown field is an error, too."""
        assert len(objects) == 6
        for document in objects.values():
            kubernetes_validate.validate(document, "1.31", strict=True)

    def test_the_validator_finds_a_fault(self, objects) -> None:
        """Or the test above would prove nothing."""
        document = objects["Deployment", "prices"]
        document["spec"]["replcias"] = 1
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(document, "1.31", strict=True)

    def test_instances_are_replicas_and_names_are_host_names(self, objects) -> None:
        """An underscore has no place in either."""
        assert objects["Deployment", "prices"]["spec"]["replicas"] == 3
        assert ("Service", "order-book") in objects

    def test_the_address_clients_use_is_an_annotation(self, tmp_path: Path) -> None:
        """Of the gateway's Service, for whoever sets up what leads there."""
        wanted = export(tmp_path, api_base_url="https://api.example")
        _, service = yaml.safe_load_all(manifests(wanted)["gateway.yaml"])
        kubernetes_validate.validate(service, "1.31", strict=True)
        annotations = service["metadata"]["annotations"]
        assert annotations == {"modular-api/base-url": "https://api.example"}

    def test_a_stateful_server_never_runs_twice(self, objects) -> None:
        """The others are replaced without a gap."""
        strategy = objects["Deployment", "order-book"]["spec"]["strategy"]
        assert strategy == {"type": "Recreate"}
        strategy = objects["Deployment", "prices"]["spec"]["strategy"]
        assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}

    def test_a_server_finds_its_peers_by_their_service(self, objects) -> None:
        """And runs the modules it has here, of the app that is meant."""
        pod = objects["Deployment", "order-book"]["spec"]["template"]["spec"]
        arguments = " ".join(pod["containers"][0]["args"])
        assert arguments.startswith("run --modules-dir modules --modules orders ")
        assert "--peer prices=http://prices:8000" in arguments
        assert pod["containers"][0]["env"] == [{"name": "A", "value": '5 % "x"'}]

    def test_requests_end_before_the_pod_is_killed(self, tmp_path: Path) -> None:
        """The process waits as long as is configured, and the pod for longer."""
        wanted = export(tmp_path, timeouts={"drain_s": 29.5})
        deployment, _ = yaml.safe_load_all(manifests(wanted)["prices.yaml"])
        pod = deployment["spec"]["template"]["spec"]
        assert "--drain 30 " in " ".join(pod["containers"][0]["args"])
        assert pod["terminationGracePeriodSeconds"] > 30 + 2

    def test_variables_arrive_as_they_are_written(self, tmp_path: Path) -> None:
        """Kubernetes puts others in for `$(NAME)`, and takes `$$` for `$`."""
        text = manifests(export(tmp_path, servers=with_variables()))["all.yaml"]
        deployment, _ = yaml.safe_load_all(text)
        kubernetes_validate.validate(deployment, "1.31", strict=True)
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        found = {v["name"]: v["value"].replace("$$", "$") for v in container["env"]}
        assert all("$" not in v["value"].replace("$$", "") for v in container["env"])
        assert found == VARIABLES

    def test_alive_and_ready_are_asked_apart(self, objects) -> None:
        """A start has a deadline of its own."""
        pod = objects["Deployment", "prices"]["spec"]["template"]["spec"]
        container = pod["containers"][0]
        asked = {
            probe: container[f"{probe}Probe"]["httpGet"]["path"]
            for probe in ("startup", "readiness", "liveness")
        }
        assert asked["liveness"] == "/health/live"
        assert asked["startup"] == asked["readiness"] == "/health/ready"
        assert container["startupProbe"]["failureThreshold"] == 20
        assert container["livenessProbe"]["timeoutSeconds"] == 4

    def test_no_pod_has_rights_or_writes_but_to_tmp(self, objects) -> None:
        """Each of them, the gateway's too."""
        for (kind, _), document in objects.items():
            if kind == "Deployment":
                pod = document["spec"]["template"]["spec"]
                context = pod["containers"][0]["securityContext"]
                assert pod["securityContext"]["runAsNonRoot"] is True
                assert context["readOnlyRootFilesystem"] is True
                assert context["capabilities"] == {"drop": ["ALL"]}
                assert pod["containers"][0]["volumeMounts"] == [
                    {"name": "tmp", "mountPath": "/tmp"}
                ]

    @pytest.mark.parametrize(
        ("image", "gateway"),
        [
            ("reg:5000/app:1", "reg:5000/app-gateway:1"),
            ("localhost:5000/app", "localhost:5000/app-gateway"),
            ("reg.example/team/app:v1.2", "reg.example/team/app-gateway:v1.2"),
            ("app", "app-gateway"),
            ("app:latest", "app-gateway:latest"),
        ],
    )
    def test_the_gateways_image_stands_beside_the_apps(
        self, tmp_path: Path, image: str, gateway: str
    ) -> None:
        """A registry's port is no tag."""
        text = manifests(replace(export(tmp_path), image=image))["gateway.yaml"]
        deployment, _ = yaml.safe_load_all(text)
        pod = deployment["spec"]["template"]["spec"]
        assert pod["containers"][0]["image"] == gateway

    @pytest.mark.parametrize("image", ["app@sha256:abcd", "", "App", "a b", "a:", "/a"])
    def test_an_image_that_says_nothing_about_the_gateways_is_refused(
        self, tmp_path: Path, image: str
    ) -> None:
        """A digest names one image and no other; nothing is written."""
        wanted = replace(export(tmp_path), image=image)
        with pytest.raises(BadImage, match="gateway's image is named after it"):
            write_export(wanted, Target.kubernetes, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("target", [Target.kubernetes, Target.nginx])
    def test_names_that_would_become_one_are_refused(
        self, tmp_path: Path, target: Target
    ) -> None:
        """Two servers, or a server and the gateway; nothing is written."""
        names = {"al-pha": "orders", "al_pha": "prices"}
        servers = {name: {"modules": [module]} for name, module in names.items()}
        with pytest.raises(NamesClash, match="al-pha, al_pha: the host name 'al-pha'"):
            write_export(export(tmp_path, servers=servers), target, tmp_path / "out")
        servers = {"gateway": {"modules": ["orders", "prices"]}}
        with pytest.raises(NamesClash, match="gateway: the host name 'gateway'"):
            write_export(export(tmp_path, servers=servers), target, tmp_path / "out")
        assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("needs_nginx")
class TestSystemd:
    """A unit for each instance."""

    def test_systemd_accepts_every_unit(self, tmp_path: Path) -> None:
        """Its own verifier says nothing about them."""
        program = shutil.which("systemd-analyze")
        if program is None:
            pytest.skip("systemd-analyze is not installed")
        files = write_export(export(tmp_path), Target.systemd, tmp_path / "out")
        units = [str(f) for f in files if f.suffix in (".service", ".target")]
        assert len(units) == 6
        done = verify(program, units)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        broken = Path(units[0])
        broken.write_text(broken.read_text().replace("ExecStart=", "ExecStrat="))
        assert "ExecStrat" in verify(program, units).stderr

    def test_variables_are_nobody_elses_business(self, tmp_path: Path) -> None:
        """They stand in the units as they are."""
        files = write_export(export(tmp_path), Target.systemd, tmp_path / "out")
        units = [file for file in files if file.suffix == ".service"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in units} == {0o600}

    @pytest.mark.integration
    @pytest.mark.slow
    def test_the_command_of_a_unit_serves_and_ends_well(self, tmp_path: Path) -> None:
        """As systemd would run it: its folder, its variables, its words."""
        project = tmp_path / "project"  # a start generates clients
        shutil.copytree(APP.parent / "modules", project / "modules")
        source = AppSource(modules_dir=project / "modules")
        built = source.create_app(GenerationMode.OFF)
        with listen("127.0.0.1", 0) as probe:
            port = probe.getsockname()[1]
        config = DeploymentConfig.model_validate(
            {
                "nginx": {"port": 19000},
                "servers": {
                    "all": {
                        "modules": ["files", "ticks"],
                        "port": port,
                        "env": {"PYTHONUTF8": "1"},
                    }
                },
            }
        )
        run = run_arguments(source, project)
        wanted = Export(config, built.describe(), pages_of(built), run, project)
        write_export(wanted, Target.systemd, tmp_path)
        unit = ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        text = (tmp_path / "modular-api-all-0.service").read_text()
        unit.read_string(text)
        variables = re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
        pairs = (
            words.partition("=") for line in variables for words in shlex.split(line)
        )
        process = subprocess.Popen(
            shlex.split(as_told(unit["Service"]["ExecStart"])),
            cwd=as_told(unit["Service"]["WorkingDirectory"]),
            env={
                "PATH": os.defpath,
                **{name: value.replace("%%", "%") for name, _, value in pairs},
            },
            stderr=subprocess.DEVNULL,
        )
        try:
            assert answers(f"http://127.0.0.1:{port}/health/ready")
            assert answers(f"http://127.0.0.1:{port}/api/v1/files/health")
            process.terminate()
            stop_s = int(unit["Service"]["TimeoutStopSec"])
            assert process.wait(stop_s) == 0
        finally:
            process.kill()
            process.wait()

    def test_a_unit_runs_one_instance_on_its_port(self, tmp_path: Path) -> None:
        """Those it uses are started before it; several of them are behind nginx."""
        out = tmp_path / "out"
        write_export(export(tmp_path), Target.systemd, out)
        unit = (out / "modular-api-order_book-0.service").read_text()
        assert "--host 127.0.0.1 --port 19010\n" in unit
        assert "--peer prices=http://127.0.0.1:19000" in unit
        after = next(line for line in unit.splitlines() if line.startswith("After="))
        assert after.count("modular-api-prices-") == 3
        assert 'Environment="A=5 %% \\"x\\""' in unit
        assert " --drain 3 " in unit and "TimeoutStopSec=8\n" in unit
        last = (out / "modular-api-prices-2.service").read_text()
        assert "--port 19022\n" in last

    def test_variables_arrive_as_they_are_written(self, tmp_path: Path) -> None:
        """None of them ends its line, and `$` is nothing special there."""
        wanted = export(tmp_path, servers=with_variables())
        write_export(wanted, Target.systemd, tmp_path / "out")
        unit = (tmp_path / "out" / "modular-api-all-0.service").read_text()
        assert "\nExecStartPre=" not in unit
        written = re.findall("^Environment=(.*)$", unit, re.MULTILINE)[1:]
        read = [ast.literal_eval(w) if w[0] == '"' else w for w in written]
        assert dict(word.replace("%%", "%").split("=", 1) for word in read) == VARIABLES

    def test_the_address_clients_use_is_named(self, tmp_path: Path) -> None:
        """In the description of nginx."""
        wanted = export(tmp_path, api_base_url="https://api.example/a%20b/")
        write_export(wanted, Target.systemd, tmp_path / "out")
        unit = (tmp_path / "out" / "modular-api-nginx.service").read_text()
        assert (
            "Description=The gateway of the modules at https://api.example/a%%20b\n"
            in unit
        )

    def test_an_address_of_version_6_is_written_as_one(self, tmp_path: Path) -> None:
        """In brackets, as in any URL."""
        servers = {
            "a": {"modules": ["orders"], "port": 19010},
            "b": {"modules": ["prices"], "port": 19020, "host": "::1"},
        }
        out = tmp_path / "out"
        write_export(export(tmp_path, servers=servers), Target.systemd, out)
        unit = (out / "modular-api-a-0.service").read_text()
        assert "--peer prices=http://[::1]:19020 " in unit

    def test_what_is_written_again_is_replaced_as_a_whole(self, tmp_path: Path) -> None:
        """Whoever reads a file meanwhile, as nginx does on a reload, has the old one."""
        out = tmp_path / "out"
        first = write_export(export(tmp_path), Target.systemd, out)
        before = {file: file.read_bytes() for file in first if file.is_file()}
        with ExitStack() as stack:
            reading = {file: stack.enter_context(file.open("rb")) for file in before}
            write_export(
                export(tmp_path, timeouts={"drain_s": 9, "answer_s": 9}),
                Target.systemd,
                out,
            )
            assert {file: open_.read() for file, open_ in reading.items()} == before
        changed = [file.name for file in before if file.read_bytes() != before[file]]
        assert "nginx.conf" in changed and "modular-api-prices-0.service" in changed

    def test_a_free_port_cannot_be_written_down(self, tmp_path: Path) -> None:
        """Nobody would know where the server is; nothing is written."""
        wanted = export(tmp_path, servers={"all": {"modules": ["orders", "prices"]}})
        with pytest.raises(NginxError, match="'all' gets a free port"):
            write_export(wanted, Target.systemd, tmp_path / "out")
        assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("needs_nginx")
class TestGateway:
    """The gateway's files for the folder /gateway of a container."""

    def test_servers_are_reached_under_their_names(self, tmp_path: Path) -> None:
        """And everything nginx writes goes to /tmp, to stdout or to stderr."""
        app = runpy.run_path(str(APP))["factory"].create_app()
        config = DeploymentConfig.model_validate(
            {
                "servers": {
                    "my_files": {"modules": ["files"]},
                    "t": {"modules": ["ticks"]},
                }
            }
        )
        wanted = Export(config, app.describe(), pages_of(app), (), tmp_path)
        write_export(wanted, Target.nginx, tmp_path / "out")
        text = (tmp_path / "out" / "nginx.conf").read_text()
        assert "server my-files:8000 " in text and "server t:8000 " in text
        assert "listen 0.0.0.0:8000;" in text
        assert 'access_log "/dev/stdout"' in text and 'pid "/tmp/nginx.pid"' in text
        assert str(tmp_path) not in text
        pages = {line.split('"')[1] for line in text.splitlines() if "alias" in line}
        assert len(pages) == 12
        for page in pages:
            assert (tmp_path / "out" / Path(page).relative_to("/gateway")).exists()


VARIABLES = {
    "PASSWORD": "pa$word$$",
    "OTHERS": "$(PASSWORD) ${PASSWORD} %n",
    "KEY": "-----BEGIN KEY-----\nabc\nExecStartPre=/bin/false\n",
    "QUOTED": 'it\'s a "word"\tand \\n',
    "PLAIN": "plain",
}
"""Each with something that a supervisor reads as more than a character."""


def with_variables() -> dict[str, Any]:
    """One server for all modules, which gets them."""
    modules = ["orders", "prices"]
    return {"all": {"modules": modules, "port": 19010, "env": VARIABLES}}


def as_told(text: str) -> str:
    """Return what systemd makes of a command: neither a specifier nor a variable."""
    return text.replace("%%", "%").replace("$$", "$")


def answers(url: str, within_s: float = 20.0) -> bool:
    """Wait until somebody answers with 200."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False, timeout=5).status_code == 200:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    return False


def verify(program: str, units: list[str]) -> subprocess.CompletedProcess[str]:
    """Let systemd judge units; it must not look for what this machine runs."""
    return subprocess.run(
        [program, "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
