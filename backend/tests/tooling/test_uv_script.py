"""`scripts/uv` finds a Python and a uv, or says what is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "uv"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder to be the whole PATH, with the little the script itself calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "env", "dirname", "rm"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


def program(path: Path, name: str, body: str) -> None:
    (path / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
    (path / name).chmod(0o755)


def run(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, "sync"],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_new_python_it_says_what_it_found(path: Path) -> None:
    """The version that is there, those that were looked for, and what to do."""
    program(path, "python3", '[[ $1 == --version ]] && echo "Python 3.9.2" || exit 1')
    done = run(path)
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "python3 is Python 3.9.2" in done.stderr
    assert "apt-get install" in done.stderr


def test_a_name_that_does_not_run_is_passed_over(path: Path) -> None:
    """pyenv leaves such names on PATH; the next one counts."""
    program(path, "python3", "exit 127")
    program(path, "python3.14", "exit 127")
    (path / "python3.11").symlink_to(sys.executable)
    program(path, "uv", 'echo "$UV_PYTHON"')
    done = run(path)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).resolve() == Path(sys.executable).resolve()


def test_uv_on_the_path_is_used_for_this_project_alone(path: Path) -> None:
    """No download of a Python, no environment but backend/.venv."""
    program(path, "uv", 'echo "$@"; env')
    outside = {"VIRTUAL_ENV": "/elsewhere", "UV_PROJECT_ENVIRONMENT": "/elsewhere"}
    done = run(path, UV_PYTHON="/some/python", **outside)
    assert done.stdout.startswith(f"--directory {SCRIPT.parents[1]} sync\n")
    assert "UV_PYTHON_DOWNLOADS=never" in done.stdout
    assert "UV_PYTHON=/some/python" in done.stdout
    assert "/elsewhere" not in done.stdout
