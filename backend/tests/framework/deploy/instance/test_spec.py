"""What a manager tells a process survives the way through its environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modular_api.contracts.policy import Override, Policy
from modular_api.deploy.instance.spec import (
    SPEC_VARIABLE,
    TOKEN_VARIABLE,
    InstanceSpec,
)
from modular_api.deploy.logs.settings import LogFormat, LogSettings
from modular_api.project.settings import ContractSettings
from modular_api.project.source import AppSource

SPEC = InstanceSpec(
    server="market",
    index=1,
    slot="green",
    token="t0ken",
    source=AppSource(
        modules_dir=Path("/app/modules"),
        modules=("a", "b"),
        import_folders=(Path("/app"),),
        contracts=ContractSettings(
            Path("/app/contracts"), Policy(overrides=(Override("docs", rule="x"),))
        ),
    ),
    modules=("a",),
    listener_fd=5,
    health_fd=6,
    peers={"b": "http://127.0.0.1:1"},
    life_fd=7,
    log=LogSettings(Path("/app/.local/logs"), format=LogFormat.JSON),
)


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        replace(SPEC, source=AppSource(app="main:app"), life_fd=None),
        replace(SPEC, source=AppSource(modules_dir="a.package"), log=LogSettings()),
    ],
    ids=["folder", "app", "package"],
)
def test_what_is_read_equals_what_was_written(spec: InstanceSpec) -> None:
    """Folders stay folders, and names of packages stay names."""
    assert InstanceSpec.from_json(spec.to_json()) == spec


def test_the_process_inherits_what_there_is() -> None:
    """A detached one has no pipe to its manager."""
    assert SPEC.fds == (5, 6, 7)
    assert replace(SPEC, life_fd=None).fds == (5, 6)


def test_the_token_stands_where_it_can_be_looked_up() -> None:
    """As a variable of its own."""
    assert SPEC.environment[TOKEN_VARIABLE] == "t0ken"
    assert SPEC.environment[SPEC_VARIABLE] == SPEC.to_json()


def test_the_app_has_the_modules_of_the_process_alone() -> None:
    """Whatever else the source has."""
    assert SPEC.app_source.modules == ("a",)
