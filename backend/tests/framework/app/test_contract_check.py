"""What a start does about the promise."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from modular_api import AppFactory, ModularApp
from modular_api.app.contract_check import ContractCheck, live_contracts
from modular_api.contracts.approvals import today_in_utc
from modular_api.contracts.errors import ContractError, PromiseBroken
from modular_api.contracts.policy import Policy
from modular_api.contracts.promising import accept, approve
from modular_api.contracts.store import ContractStore
from modular_api.contracts.whole_contracts import BUILTIN_PATHS

QUOTES = """
    from fastapi import APIRouter
    from modular_api import Module

    router = APIRouter()

    @router.get("/quotes")
    async def list_quotes() -> list[str]:
        return []

    @router.get("/symbols")
    async def list_symbols() -> list[str]:
        return []

    module = Module(routers={"v1": router})
"""

Start = Callable[..., list[logging.LogRecord]]


def create_app(modules_dir: Path, **options: Any) -> ModularApp:
    """Make an app that generates nothing."""
    return AppFactory(modules_dir, generation="off", **options).create_app()


@pytest.fixture
def promise(
    modules_dir: Path, tmp_path: Path, write_module: Callable[..., Path]
) -> ContractStore:
    """What the module `quotes` promises."""
    write_module("quotes", QUOTES)
    app = create_app(modules_dir)
    store = ContractStore(tmp_path / "contracts")
    live = live_contracts(app.modules_apps, app.describe())
    accept(store, live, Policy(), today_in_utc())
    return store


@pytest.fixture
def start(
    promise: ContractStore, modules_dir: Path, caplog: pytest.LogCaptureFixture
) -> Start:
    """Start an app, after changes to its promise; return what it logs of it."""

    def start_app(
        changes: Mapping[str, str] = {}, policy: Policy | None = None
    ) -> list[logging.LogRecord]:
        file = promise.folder / "quotes_v1_openapi.json"
        for old, new in changes.items():
            assert old in file.read_text()
            file.write_text(file.read_text().replace(old, new))
        check = ContractCheck(promise.folder, policy or Policy())
        caplog.clear()
        with caplog.at_level(logging.INFO, "modular_api.app.contract_check"):
            with TestClient(create_app(modules_dir, contracts=check)) as client:
                assert client.get("/api/v1/quotes/health").status_code == 200
        name = "modular_api.app.contract_check"
        return [record for record in caplog.records if record.name == name]

    return start_app


BROKEN = {'"/quotes"': '"/prices"'}
"""The promise has an operation under another path than the code."""


def test_a_factory_takes_the_folder_of_the_promise(
    modules_dir: Path, promise: ContractStore
) -> None:
    """It is checked with the default policy; without one nothing is."""
    app = create_app(modules_dir, contracts=promise.folder)
    assert app.contracts == ContractCheck(promise.folder, Policy())
    assert create_app(modules_dir).contracts is None


def test_a_kept_promise_is_not_mentioned(start: Start) -> None:
    """There is nothing to say."""
    assert start() == []


def test_each_change_is_one_line_with_its_level(start: Start) -> None:
    """Breaks are warnings, the rest is information; the worst stand on top."""
    lines = start(BROKEN)
    assert [(line.levelname, line.getMessage().split(": ")[:2]) for line in lines] == [
        ("WARNING", ["quotes v1", "breaking"]),
        ("INFO", ["quotes v1", "compatible"]),
    ]
    assert "GET /prices" in lines[0].getMessage()


def test_a_start_moves_no_promise(start: Start, promise: ContractStore) -> None:
    """However often it happens."""
    assert start(BROKEN)
    before = {path: path.read_bytes() for path in promise.folder.iterdir()}
    assert start()
    assert {path: path.read_bytes() for path in promise.folder.iterdir()} == before


def test_a_policy_can_refuse_to_start(start: Start) -> None:
    """With every break, and the command that shows the whole."""
    with pytest.raises(PromiseBroken, match="modular-api diff") as caught:
        start(BROKEN, Policy(at_start="refuse"))
    assert len(caught.value.breaks) == 1
    assert caught.value.breaks[0].startswith("quotes v1: ")


def test_what_is_compatible_or_approved_starts_anyway(
    start: Start, promise: ContractStore, modules_dir: Path
) -> None:
    """Refusing is for what fails the gate."""
    with pytest.raises(PromiseBroken) as caught:
        start(BROKEN, Policy(at_start="refuse"))
    app = create_app(modules_dir)
    approve(
        promise,
        live_contracts(app.modules_apps, app.describe()),
        Policy(),
        caught.value.breaks[0].split(": ")[1],
        until=today_in_utc(),
        why="Agreed.",
        today=today_in_utc(),
    )
    lines = start({}, Policy(at_start="refuse"))
    assert [line.levelname for line in lines] == ["INFO", "INFO"]
    assert "[approved, " in lines[0].getMessage()


def test_a_policy_can_leave_it_alone(start: Start, promise: ContractStore) -> None:
    """Not even a damaged promise is noticed."""
    assert start(BROKEN, Policy(at_start="off")) == []
    next(promise.folder.iterdir()).write_text("{")
    assert start({}, Policy(at_start="off")) == []


def test_a_damaged_promise_is_an_error_and_stops_only_who_refuses(
    start: Start, promise: ContractStore
) -> None:
    """It is told with its place; the app could serve."""
    next(promise.folder.iterdir()).write_text("{")
    [line] = start()
    assert line.levelname == "ERROR"
    assert "quotes v1 of accepted" in line.getMessage()
    with pytest.raises(ContractError):
        start({}, Policy(at_start="refuse"))


def test_without_a_promise_there_is_nothing_to_break(
    start: Start, promise: ContractStore
) -> None:
    """A new project starts in peace."""
    for path in promise.folder.iterdir():
        path.unlink()
    promise.folder.rmdir()
    assert start({}, Policy(at_start="refuse")) == []


def test_modules_this_process_does_not_serve_are_left_alone(
    start: Start, promise: ContractStore
) -> None:
    """It may be one of several; a version that is gone is missed."""
    [document] = promise.folder.iterdir()
    document.with_name("broker_v1_openapi.json").write_bytes(document.read_bytes())
    assert start({}, Policy(at_start="refuse")) == []
    document.with_name("quotes_v2_openapi.json").write_bytes(document.read_bytes())
    with pytest.raises(PromiseBroken, match="quotes v2 was removed"):
        start({}, Policy(at_start="refuse"))


def test_what_every_module_answers_is_known_to_the_gate(
    modules_dir: Path, write_module: Callable[..., Path]
) -> None:
    """The gate knows no FastAPI, so it has a list of its own."""
    write_module("empty")
    [module] = create_app(modules_dir).modules_apps
    assert set(module.versions["v1"].openapi()["paths"]) == BUILTIN_PATHS
