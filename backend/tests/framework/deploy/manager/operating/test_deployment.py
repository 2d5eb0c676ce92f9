"""What the options of `manager start` make of a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modular_api.deploy.config import BadDeployment
from modular_api.deploy.manager.operating.deployment import Deployment
from modular_api.deploy.manager.places import Places
from modular_api.model import AppModel, ModuleModel
from modular_api.project.source import AppSource


def module(name: str, *, stateful: bool = False) -> ModuleModel:
    """A module of a model."""
    return ModuleModel(
        name=name,
        description="",
        directory=None,
        uses=(),
        process_state=("what it counts",) if stateful else (),
        versions=(),
    )


MODEL = AppModel(
    title="T", version="1", modules=(module("ledger", stateful=True), module("quotes"))
)


def deployment(folder: Path, text: str, **options: Any) -> Deployment:
    """Return what a command with these options would run."""
    file = folder / "dev-config.yaml"
    file.write_text(text)
    return Deployment(file, AppSource(modules_dir="x"), Places.below(folder), **options)


SERVERS = """\
servers:
  ledger: {modules: [ledger], port: 22910}
  quotes: {modules: [quotes], port: 22920}
"""


def test_workers_are_the_instances_of_what_keeps_no_state(tmp_path: Path) -> None:
    """The others stay alone, and that is said in one line."""
    wanted = deployment(tmp_path, SERVERS, workers=3)
    config = wanted.read_config(MODEL)
    assert {n: s.instances for n, s in config.servers.items()} == {
        "ledger": 1,
        "quotes": 3,
    }
    assert wanted.notes(config, MODEL) == [
        "--workers leaves ledger at 1 instance: the state is in the process."
    ]


@pytest.mark.parametrize("options", [{}, {"workers": 1}, {"exclude": ("ledger",)}])
def test_where_nothing_was_left_nothing_is_said(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    """Without the option, with one worker, and without anything stateful."""
    options = {"workers": 2, **options} if "exclude" in options else options
    wanted = deployment(tmp_path, SERVERS, **options)
    assert wanted.notes(wanted.read_config(MODEL), MODEL) == []


def test_workers_without_a_port_for_each_are_told_as_in_the_file(
    tmp_path: Path,
) -> None:
    """With the server, and the option that has made it so."""
    near = SERVERS.replace("22920", "22909")
    wanted = deployment(tmp_path, near, workers=3)
    with pytest.raises(BadDeployment) as refused:
        wanted.read_config(MODEL)
    assert str(refused.value) == (
        "The deployment is configured wrongly:\n"
        "  - servers.quotes.port: port 22910 of quotes-1 is that of ledger-0, too, "
        "with --workers 3"
    )
