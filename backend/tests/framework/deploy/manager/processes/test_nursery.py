"""The process that forks, when it does not do so."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from modular_api.deploy.instance.spec import InstanceSpec
from modular_api.deploy.manager.processes import nursery as module
from modular_api.deploy.manager.processes.nursery import Nursery
from modular_api.listening import listen
from modular_api.project.source import AppSource


@pytest.mark.integration
def test_one_that_does_not_answer_in_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its late answer would be taken for the process that is asked for next."""
    monkeypatch.setattr(module, "_LONGEST_S", 0.2)
    nursery = Nursery()
    before = set(psutil.Process().children())
    nursery._opened()
    [stuck] = set(psutil.Process().children()) - before
    stuck.suspend()
    with listen("127.0.0.1", 0) as listener, listen("127.0.0.1", 0) as health:
        spec = InstanceSpec(
            "work",
            0,
            "blue",
            "token",
            AppSource(modules_dir=tmp_path),
            ("work",),
            listener.fileno(),
            health.fileno(),
        )
        with pytest.raises(OSError, match=r"has not answered for 0\.2 s"):
            nursery.start(spec, {}, os.dup(2))
    assert not stuck.is_running()
    nursery.close()
