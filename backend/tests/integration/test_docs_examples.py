"""The examples of the how-to pages, run as they stand there."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from modular_api import Module
from modular_api.app.modular_app import ModularApp
from modular_api.testing import PeerTopology
from modular_api.testing.live_server import LiveServer
from trading_api.app_factory import AppFactory

BACKEND = Path(__file__).parents[2]
PAGE = (BACKEND / "docs" / "SPECS_AND_CLIENT_GEN.md").read_text()
README = (BACKEND.parent / "README.md").read_text()

pytestmark = pytest.mark.integration


def block(language: str, page: str, having: str) -> str:
    """Return the first code block of a language that has a text."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)
    return next(found for found in blocks if having in found)


def test_the_client_example_buys(running_server: LiveServer) -> None:
    """Against a real server of the trading app."""
    names: dict[str, Any] = {}
    exec(block("python", PAGE, "BrokerClient"), names)
    assert asyncio.run(names["buy"](running_server.base_url)) == "filled"


def test_the_example_of_a_key_buys_once(running_server: LiveServer) -> None:
    """One order of two calls, whatever other tests have bought."""
    names: dict[str, Any] = {}
    exec(block("python", PAGE, "BrokerClient"), names)
    exec(block("python", PAGE, "buy_once"), names)
    before = asyncio.run(names["buy_once"](running_server.base_url, "basket-1"))
    after = asyncio.run(names["buy_once"](running_server.base_url, "basket-1"))
    assert before == after
    assert len(before) >= 1


async def test_the_example_inside_a_module_asks_its_peer(
    peer_topology: PeerTopology,
) -> None:
    """In process, and over HTTP."""
    page = (BACKEND / "docs" / "MODULAR_BACKEND_ARCHITECTURE.md").read_text()
    names: dict[str, Any] = {"Decimal": Decimal}
    exec(block("python", page, "module_client(DatafeedClient)"), names)
    router = APIRouter()

    @router.get("/price")
    async def price() -> str:
        return str(await names["price_of"]("AAPL"))

    asking = Module(routers={"v1": router}, uses=["datafeed"]).create_app("asking")

    def create_app(names: list[str], **options: Any) -> ModularApp:
        known = [name for name in names if name != "asking"]
        modules = AppFactory().create_app(known).modules_apps
        return ModularApp(
            [*modules, *([asking] if "asking" in names else [])], **options
        )

    peer_topology._create_app = create_app
    app = peer_topology.start("asking", peers=["datafeed"])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/api/v1/asking/price")
    assert Decimal(answer.json()) > 0


def test_the_client_example_of_the_readme_buys(
    running_server: LiveServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same, in five lines."""
    example = block("python", README, "BrokerClient")
    exec(example.replace("http://127.0.0.1:8000", running_server.base_url), {})
    assert capsys.readouterr().out.strip() == "filled"


def test_the_readme_and_the_page_show_one_cycle() -> None:
    """So the next test runs both."""
    cycles = [block("bash", page, "make generate") for page in (README, PAGE)]
    assert cycles[0] == cycles[1]


@pytest.mark.slow
def test_the_cycle_ends_where_it_began(tmp_path: Path) -> None:
    """Every line in order, in a copy of the checkout, which stays as it was."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
        cwd=BACKEND.parent,
    )
    subprocess.run(
        ["cp", "-a", "--parents", *tracked.stdout.decode().split("\0")[:-1], copy],
        check=False,  # what is deleted and not yet committed is listed, too
        capture_output=True,
        cwd=BACKEND.parent,
    )
    environment = copy / "backend" / ".venv"
    environment.mkdir()
    (environment / "bin").symlink_to(BACKEND / ".venv" / "bin")
    (environment / ".installed").touch()  # never install from the copy into ours
    before = contents(copy)
    lines = [
        line.split("#")[0].split()
        for line in block("bash", PAGE, "make generate").splitlines()
    ]
    assert [line[1] for line in lines][::3] == ["generate", "generate"]
    for line in lines:
        done = subprocess.run(
            line,
            capture_output=True,
            check=False,
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy / "backend" / "src")},
            text=True,
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        removed = line[1] == "clean-generated"
        assert (contents(copy).keys() == before.keys()) is not removed
    assert contents(copy) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Return all source files and documents with their contents."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in (folder / "backend").rglob("*_generated/**/*")
        if path.is_file() and "__pycache__" not in path.parts
    }
