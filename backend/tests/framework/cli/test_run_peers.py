"""`modular-api run --peer`: a module calls one that another process serves."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from tests.framework.conftest import Invoke, Project, Start

pytestmark = pytest.mark.integration

HELLO = Path(__file__).parents[3] / "examples" / "hello_modular" / "modules"


def test_a_module_calls_its_peer_in_another_process(
    project: Project, start_command: Start
) -> None:
    """By the same line of code as in one process."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HELLO, project.modules, ignore=ignore)
    options = ("--modules-dir", "modules", "--port", "0", "--json")
    peer = start_command(*options, "--modules", "greetings").announcement()["url"]
    visits = start_command(
        *options, "--modules", "visits", "--peer", f"greetings={peer}"
    )
    url = visits.announcement()["url"]
    answer = httpx.post(f"{url}/api/v1/visits/visits/Ada", trust_env=False)
    assert answer.json() == {"number": 1, "greeting": "Hello, Ada!"}


def test_what_is_no_peer_is_told_before_anything_starts(
    project: Project, invoke: Invoke
) -> None:
    """Every one of them, with the form that is expected."""
    project.write_module("greeter")
    result = invoke(
        *("run", "--modules-dir", "modules", "--port", "0"),
        *("--peer", "datafeed", "--peer", "a=http://x", "--peer", "=http://y"),
    )
    assert result.exit_code == 2
    assert "--peer datafeed, =http://y: expected NAME=URL" in result.output


def test_an_address_that_is_none_stops_the_start(
    project: Project, invoke: Invoke
) -> None:
    """It would be an error of each call otherwise."""
    project.write_module("greeter")
    result = invoke(
        *("run", "--modules-dir", "modules", "--port", "0"),
        *("--peer", "datafeed=ftp://nowhere"),
    )
    assert result.exit_code == 1
    assert "ftp://nowhere" in result.output
