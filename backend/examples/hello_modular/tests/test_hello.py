"""The framework stands alone: two modules, no trading."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modular_api import AppFactory
from modular_api.testing.live_server import LiveServer

HERE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """The example, served."""
    with LiveServer(AppFactory(HERE / "modules").create_app()) as server:
        yield server


def test_the_curl_lines_of_the_readme_answer(server: LiveServer) -> None:
    """In order, as they stand there."""
    lines = re.findall(r"^curl .*$", (HERE / "README.md").read_text(), re.MULTILINE)
    answers = []
    for line in lines:
        command = line.replace("http://127.0.0.1:8000", server.base_url)
        done = subprocess.run(
            [*shlex.split(command), "--fail-with-body", "--max-time", "5"],
            capture_output=True,
            check=True,
        )
        answers.append(json.loads(done.stdout))
    assert answers == [
        {"text": "Hello, Ada!"},
        {"number": 1, "greeting": "Hello, Ada!"},
    ]


def test_the_merged_specification_holds_both_modules(server: LiveServer) -> None:
    """And nothing of trading."""
    with server.client() as client:
        paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert {path.split("/")[3] for path in paths} == {"greetings", "visits"}


def test_no_trading_is_imported() -> None:
    """On a fresh interpreter, from the example's folder."""
    code = (
        "import sys\n"
        "from modular_api import AppFactory\n"
        "AppFactory('modules').create_app()\n"
        "print([name for name in sys.modules if 'trading' in name])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=HERE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
    )
    assert done.stdout.strip() == "[]"
