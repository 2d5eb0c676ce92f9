"""What holds of a deployment whatever happens to it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.supervising.parts import Parts
from modular_api.deploy.manager.supervising.supervisor import Supervisor
from modular_api.project.source import AppSource

from ..conftest import tiny_config


async def test_nobody_waits_for_a_stop_that_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the machine in the middle of it would else let a manager hang."""
    source = AppSource(modules_dir=tmp_path)
    parts = Parts(lambda model: tiny_config(), source, Places.below(tmp_path))
    supervisor = Supervisor(parts)

    def fail() -> None:
        raise OSError("no space left")

    monkeypatch.setattr(parts.sockets, "forget_all", fail)
    with pytest.raises(OSError, match="no space left"):
        await supervisor.stop()
    async with asyncio.timeout(1):
        await supervisor.stopped.wait()
