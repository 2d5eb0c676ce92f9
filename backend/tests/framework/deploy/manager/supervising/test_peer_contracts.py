"""Whether new code would break peers, with processes that are none."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from modular_api.deploy.manager.describing.messages import Description
from modular_api.deploy.manager.instances.plan import InstancePlan
from modular_api.deploy.manager.processes.health import NoAnswer
from modular_api.deploy.manager.supervising.peer_contracts import (
    breaks,
    peers_that_stay,
)
from modular_api.model import AppModel
from modular_api.types import Document


def document(*paths: str) -> Document:
    """An OpenAPI document with these paths."""
    answers = {"responses": {"200": {"description": "It is so."}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "alpha", "version": "1"},
        "paths": {path: {"get": answers} for path in paths},
    }


class Process:
    """Serves version 1 of alpha, or says nothing."""

    pid = 7

    def __init__(self, *paths: str, exit_code: int | None = None) -> None:
        self._paths = paths
        self._exit_code = exit_code

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code."""
        return self._exit_code

    async def documents(self, module: str) -> Mapping[tuple[str, str], Document]:
        """Tell what it serves."""
        if not self._paths:
            raise NoAnswer("no answer within 5 s")
        return {("v1", "openapi"): document(*self._paths)}


NEW = Description(
    AppModel(title="T", version="1", modules=()),
    {("alpha", "v1", "openapi"): document("/new")},
)


@pytest.mark.parametrize(
    ("processes", "told"),
    [
        ([Process("/new")], []),
        ([Process("/new"), Process("/old")], ["alpha v1, used by beta: GET /old was"]),
        ([Process("/old"), Process("/old")], ["alpha v1, used by beta: GET /old was"]),
        ([Process()], ["alpha, used by beta: process 7 does not tell what it serves"]),
        ([Process(exit_code=1)], []),
        ([], []),
    ],
)
async def test_what_any_running_process_serves_must_not_break(
    processes: list[Process], told: list[str]
) -> None:
    """One that does not tell may serve anything; one that has ended serves nobody."""
    found = await breaks({"alpha": ["beta"]}, NEW, {"alpha": processes})
    assert len(found) == len(told)
    assert all(map(str.startswith, found, told))


def test_a_peer_may_run_the_code_before_or_the_code_now() -> None:
    """Either may say that it uses a module."""
    plans = {
        f"{name}-0": InstancePlan(name, 0, (name,), ("127.0.0.1", 0))
        for name in ("alpha", "beta", "gamma", "delta")
    }
    before = {"beta": ("alpha",), "delta": ()}
    now = {"beta": (), "gamma": ("alpha",)}
    peers = peers_that_stay(["alpha-0"], plans, [before, now])
    assert peers == {"alpha": ["beta", "gamma"]}


def test_who_uses_a_module_and_stays_could_be_broken() -> None:
    """Not who is replaced at the same time, nor who has the module itself."""
    plans = {
        f"{server}-0": InstancePlan(server, 0, modules, ("127.0.0.1", 0))
        for server, modules in {
            "a": ("alpha",),
            "b": ("beta",),
            "c": ("gamma", "delta"),
        }.items()
    }
    uses = [{"beta": ("alpha",), "gamma": ("alpha", "delta")}]
    assert peers_that_stay(["a-0"], plans, uses) == {"alpha": ["beta", "gamma"]}
    assert peers_that_stay(["a-0", "b-0"], plans, uses) == {"alpha": ["gamma"]}
    assert peers_that_stay(["c-0"], plans, uses) == {}
