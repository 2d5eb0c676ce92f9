"""A process that is killed leaves whole files, and the next run does the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cheap_target import child_environment

HERE = Path(__file__).parent


def test_being_killed_at_any_step_leaves_whole_files_and_heals(tmp_path: Path) -> None:
    """SIGKILL before every single change to the file system, one after the other."""
    ran = subprocess.run(
        [sys.executable, HERE / "killed_swaps.py", tmp_path],
        capture_output=True,
        text=True,
        env=child_environment(),
    )
    assert ran.returncode == 0, ran.stderr
    # Nine files at least are written aside, and five moved.
    assert int(ran.stdout) > 20
