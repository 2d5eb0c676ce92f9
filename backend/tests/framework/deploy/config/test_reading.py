"""A file is read whole before anything is refused, and each fault has its line."""

from __future__ import annotations

import json
import runpy
import sys
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest

from modular_api.deploy.config import (
    BadDeployment,
    NoDeployment,
    read_deployment,
    yaml_places,
)


def faults_of(tmp_path: Path, text: str) -> list[tuple[int, str, str]]:
    """Return line, key and message of everything that is wrong with a text."""
    file = tmp_path / "config.yaml"
    file.write_text(dedent(text))
    with pytest.raises(BadDeployment) as refused:
        read_deployment(file)
    assert refused.value.file == file
    return [(f.line, f.key, f.message) for f in refused.value.faults]


def test_a_file_of_one_line_is_enough(tmp_path: Path) -> None:
    """Everything else has a default."""
    file = tmp_path / "config.yaml"
    file.write_text("servers: {all: {modules: [a, b]}}\n")
    config = read_deployment(file)
    assert config.servers["all"].modules == ["a", "b"]


def test_folders_are_relative_to_the_file(tmp_path: Path) -> None:
    """Not to the folder a command was called in."""
    (tmp_path / "dist").mkdir()
    file = tmp_path / "deploy" / "config.yaml"
    file.parent.mkdir()
    file.write_text("servers: {all: {modules: [a]}}\nnginx: {static_dir: ../dist}\n")
    assert read_deployment(file).nginx.static_dir == tmp_path / "dist"


def test_faults_of_every_kind_are_told_at_once(tmp_path: Path) -> None:
    """A wrong value hides no unknown key, and neither hides a clash of ports."""
    faults = faults_of(
        tmp_path,
        """
        nginx:
          port: 80
          worker_processes: many
        servers:
          broker:
            modules: [broker]
            port: 8001
            wokers: 2
          datafeed:
            port: eight
            modules: [datafeed, 7]
            log_level: loud
          broker-2:
            modules: [orders]
            port: 8001
          lost: {port: 8001}
        timeouts: {idle_s: 2, drain_s: 3}
        """,
    )
    assert [(line, key) for line, key, _ in faults] == [
        (3, "nginx.port"),
        (4, "nginx.worker_processes"),
        (9, "servers.broker.wokers"),
        (11, "servers.datafeed.port"),
        (12, "servers.datafeed.modules.1"),
        (13, "servers.datafeed.log_level"),
        (16, "servers.broker-2.port"),
        (17, "servers.lost.modules"),
        (18, "timeouts"),
    ]
    messages = [message for _, _, message in faults]
    assert messages[2] == "unknown key"
    assert messages[3] == "input should be a valid integer, found 'eight'"
    assert messages[6] == "port 8001 of broker-2-0 is that of broker-0, too"
    assert messages[7] == "is missing"


def test_what_nothing_could_be_started_with_is_told(tmp_path: Path) -> None:
    """Rather than by whoever stumbles over it later, without a line."""
    faults = faults_of(
        tmp_path,
        """\
        nginx:
          static_dir: no$where
          host: 300.1.1.1
        servers:
          a:
            modules: [a]
            host: a..b
            env:
              A: "a\\0b"
          b:
            modules: [b]
            host: -b
          c:
            modules: [c]
            host: "1:2"
        """,
    )
    assert [(line, key) for line, key, _ in faults] == [
        (2, "nginx.static_dir"),
        (3, "nginx.host"),
        (7, "servers.a.host"),
        (9, "servers.a.env.A"),
        (12, "servers.b.host"),
        (15, "servers.c.host"),
    ]
    assert faults[0][2].startswith("nginx cannot be told of 'no$where'")
    assert faults[3][2] == "no variable can hold a NUL character"


def test_numbers_that_nginx_would_take_and_not_survive_are_told(
    tmp_path: Path,
) -> None:
    """`nginx -t` accepts most of them: as many processes, or so much memory."""
    faults = faults_of(
        tmp_path,
        """\
        nginx:
          worker_processes: 99999
          worker_connections: 2000000000
        servers:
          a: {modules: [a]}
        timeouts:
          send_s: 0.0000001
        limits:
          body_bytes: 99999999999999999999999
        """,
    )
    assert [(line, key) for line, key, _ in faults] == [
        (2, "nginx.worker_processes"),
        (3, "nginx.worker_connections"),
        (7, "timeouts.send_s"),
        (9, "limits.body_bytes"),
    ]


def test_what_this_machine_does_not_have_is_told(tmp_path: Path) -> None:
    """But for a deployment that is meant for another one."""
    text = """\
        nginx:
          static_dir: nowhere
        servers:
          a: {modules: [a], host: 192.0.2.1}
          b: {modules: [b], host: localhost}
        """
    assert faults_of(tmp_path, text) == [
        (2, "nginx.static_dir", f"there is no folder {tmp_path / 'nowhere'}"),
        (
            4,
            "servers.a.host",
            "192.0.2.1 cannot be listened on: this machine has no such address",
        ),
    ]
    read_deployment(tmp_path / "config.yaml", elsewhere=True)


def test_a_key_that_is_written_twice_is_told(tmp_path: Path) -> None:
    """YAML would take the second and say nothing."""
    text = """\
        servers:
          a: {modules: [x]}
          a:
            modules: [y]
            port: 8001
            port: 8002
        """
    assert faults_of(tmp_path, text) == [
        (3, "servers.a", "written twice"),
        (6, "servers.a.port", "written twice"),
    ]


def test_a_name_no_server_may_have_is_told_where_it_stands(tmp_path: Path) -> None:
    """The gateway's, and what is no name at all; the others are checked on."""
    faults = faults_of(
        tmp_path,
        """\
        servers:
          nginx: {modules: [x]}
          Bad Name: {modules: [y]}
          good: {modules: [z], port: 80}
        """,
    )
    assert [(line, key) for line, key, _ in faults] == [
        (2, "servers.nginx"),
        (3, "servers.Bad Name"),
        (4, "servers.good.port"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [", 1), ("servers:\n  a: b: c\n", 2), ("\t x", 1), ("a: \0", 1)],
)
def test_what_is_no_yaml_is_told_with_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    """As far as it could be read."""
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(BadDeployment, match=rf"config\.yaml:{line}: no YAML"):
        read_deployment(file)


@pytest.mark.parametrize("text", ["", "- a\n", "7\n", "servers:\n", "servers: []\n"])
def test_a_file_without_servers_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever it is instead."""
    assert faults_of(tmp_path, text)


def test_a_file_that_is_not_there_is_told_with_the_command_for_one(
    tmp_path: Path,
) -> None:
    """And a folder is no file."""
    with pytest.raises(NoDeployment, match="deploy init"):
        read_deployment(tmp_path / "config.yaml")
    with pytest.raises(NoDeployment, match="cannot be read"):
        read_deployment(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "servers: &s {a: *s}\n",
        "servers: &s [*s]\n",
        "servers: {x: &x {<<: *x}}\n",
        "servers: " + "[" * 3000,
        "? [a, b]\n: 1\n",
        "servers: {1: {modules: [a]}, 2: }\n",
        "servers: {a: }\n",
        "a: &a [x, x]\n"
        + "".join(
            f"{k}: &{k} [*{j}, *{j}]\n"
            for j, k in pairwise("abcdefghijklmnopqrstuvwxyz")
        ),
    ],
)
def test_what_is_hard_to_read_is_refused_as_anything_else(
    tmp_path: Path, text: str
) -> None:
    """Aliases that lead into themselves, or to millions of copies; keys of any kind."""
    faults = faults_of(tmp_path, text)
    assert faults and all(len(message) < 200 for _, _, message in faults)


def test_a_part_that_is_written_once_and_used_twice_is_read(tmp_path: Path) -> None:
    """Anchors and merge keys are YAML, too."""
    file = tmp_path / "config.yaml"
    file.write_text(
        "servers:\n  a: &a {modules: [x], log_level: debug}\n"
        "  b: {<<: *a, modules: [y]}\n"
    )
    servers = read_deployment(file).servers
    assert servers["b"].modules == ["y"] and servers["b"].log_level == "debug"


def test_without_pyyaml_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes with the extra `deploy`, which the command alone does not need."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(NoDeployment, match=r"modular-api\[deploy\]"):
        runpy.run_path(str(Path(yaml_places.__file__)))


@pytest.mark.parametrize("url", ["http://a b", "http://a/\\", "http://a\n", "a"])
def test_what_is_no_address_of_a_gateway_is_refused(tmp_path: Path, url: str) -> None:
    """Exports write it down, in files where a blank or a backslash means something."""
    text = f"api_base_url: {json.dumps(url)}\nservers: {{a: {{modules: [alpha]}}}}\n"
    [(_, where, _)] = faults_of(tmp_path, text)
    assert "api_base_url" in str(where)
