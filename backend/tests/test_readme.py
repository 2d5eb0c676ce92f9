"""Every example of the README is run as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from modular_api import AppFactory
from modular_api.testing.live_server import LiveServer
from trading_api.app_factory import AppFactory as TradingAppFactory

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the code blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


CURL_LINES = [
    line
    for block in blocks("bash")
    for line in block.splitlines()
    if line.startswith("curl ")
]


@pytest.mark.integration
def test_the_curl_lines_answer() -> None:
    """Each line, in order, against a real server of the trading app."""
    assert len(CURL_LINES) == 4
    answers = []
    with LiveServer(TradingAppFactory().create_app()) as server:
        for line in CURL_LINES:
            command = line.replace("http://127.0.0.1:8000", server.base_url)
            done = subprocess.run(
                [*shlex.split(command), "--fail-with-body", "--max-time", "5"],
                capture_output=True,
                check=True,
                text=True,
            )
            answers.append(json.loads(done.stdout))
    quote, order, positions, spec = answers
    assert quote["symbol"] == "AAPL"
    assert (order["symbol"], order["qty"]) == ("AAPL", 100)
    assert [position["symbol"] for position in positions] == ["AAPL"]
    assert "/api/v1/broker/orders" in spec["paths"]


def test_the_example_module_is_served_and_specified(modules_dir: Path) -> None:
    """The two files of the README, copied, are a module; removed, it is gone."""
    description, module, *_ = blocks("python")
    folder = modules_dir / "weather"
    folder.mkdir()
    (folder / "__init__.py").write_text(description)
    (folder / "module.py").write_text(module)
    with TestClient(AppFactory(modules_dir).create_app()) as client:
        answer = client.get("/api/v1/weather/reports/Berlin")
        spec = client.get("/api/v1/openapi.json").json()
    assert answer.json() == {"city": "Berlin", "celsius": 21.5}
    assert "/api/v1/weather/reports/{city}" in spec["paths"]


def test_the_app_example_builds_an_app(
    modules_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`AppFactory("modules").create_app()` beside a folder of that name."""
    example = next(block for block in blocks("python") if "AppFactory" in block)
    monkeypatch.chdir(modules_dir.parent)
    names: dict[str, object] = {}
    exec(example, names)
    assert type(names["app"]).__name__ == "ModularApp"
