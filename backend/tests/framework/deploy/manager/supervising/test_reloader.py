"""Which modules a change concerns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from modular_api.deploy.manager.errors import ManagerError
from modular_api.deploy.manager.supervising.reloader import Reloader


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Two modules with a file each, and one beside them."""
    modules = {name: tmp_path / "modules" / name for name in ("alpha", "beta")}
    for folder in modules.values():
        folder.mkdir(parents=True)
        (folder / "module.py").write_text("")
    (tmp_path / "settings.py").write_text("")
    return modules


async def nothing(modules: Sequence[str]) -> None:
    """Replace nothing."""


def test_a_file_concerns_the_module_it_is_in(
    tmp_path: Path, folders: dict[str, Path]
) -> None:
    """One that is in none concerns them all."""
    reloader = Reloader([tmp_path], folders, nothing)
    assert reloader.concerned([str(folders["alpha"] / "module.py")]) == ["alpha"]
    assert reloader.concerned([str(tmp_path / "settings.py")]) == ["alpha", "beta"]
    assert reloader.concerned([str(tmp_path / "modules" / "alphabet.py")]) == [
        "alpha",
        "beta",
    ]


@pytest.mark.parametrize(
    "fault", [ManagerError("a bug"), OSError("no memory for a process")]
)
async def test_changes_are_followed_and_generated_files_are_not(
    tmp_path: Path, folders: dict[str, Path], fault: Exception
) -> None:
    """A fault does not end it, of new code or of the machine: the next change may mend it."""
    told: asyncio.Queue[Sequence[str]] = asyncio.Queue()

    async def replace(modules: Sequence[str]) -> None:
        told.put_nowait(modules)
        raise fault

    running = asyncio.create_task(Reloader([tmp_path], folders, replace).run())
    try:
        async with asyncio.timeout(5):
            await asyncio.sleep(0.05)
            generated = folders["beta"] / "client_generated"
            generated.mkdir()
            (generated / "beta_client.py").write_text("x = 1\n")
            (folders["alpha"] / "module.py").write_text("x = 1\n")
            assert await told.get() == ["alpha"]
            (folders["alpha"] / "new.py").write_text("")
            (folders["beta"] / "module.py").unlink()
            assert await told.get() == ["alpha", "beta"]
        assert told.empty()
    finally:
        running.cancel()
