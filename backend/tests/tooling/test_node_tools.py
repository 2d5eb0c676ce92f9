"""`scripts/node_tools` installs what runs on Node.js, or says why it did not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "node_tools"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder to be the whole PATH, with the little the script itself calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "env", "touch"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


def program(path: Path, name: str, body: str) -> None:
    (path / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
    (path / name).chmod(0o755)


def run(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (path.parent / "node_modules").mkdir(exist_ok=True)
    return subprocess.run(
        [SCRIPT, str(path.parent)],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_node_it_says_so_and_goes_on(path: Path) -> None:
    """A laptop without Node.js can do everything else."""
    done = run(path)
    assert done.returncode == 0
    assert "there is no node on the PATH" in done.stderr
    assert not (path.parent / "node_modules" / ".installed").exists()


def test_without_node_it_fails_where_all_is_required(path: Path) -> None:
    """CI must not pass by leaving out."""
    assert run(path, REQUIRE_ALL="1").returncode == 1


@pytest.mark.parametrize(("require_all", "code"), [("", 0), ("1", 1)])
def test_a_failing_npm_is_told(path: Path, require_all: str, code: int) -> None:
    """No network, for example."""
    program(path, "node", "exit 0")
    program(path, "npm", "exit 7")
    done = run(path, REQUIRE_ALL=require_all)
    assert done.returncode == code
    assert "npm ci failed" in done.stderr


def test_what_was_installed_is_marked(path: Path) -> None:
    """So that make does not ask again; nothing of a package is run."""
    program(path, "node", "exit 0")
    program(path, "npm", '[[ " $* " == *" ci "*" --ignore-scripts "* ]]')
    done = run(path, REQUIRE_ALL="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert (path.parent / "node_modules" / ".installed").exists()
