"""The same bytes in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RICH_APP = Path(__file__).with_name("rich_app.py")


def start(seed: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    return subprocess.Popen(
        [sys.executable, str(RICH_APP)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_documents_do_not_depend_on_the_hash_seed() -> None:
    """Sets as defaults, routes of several methods, enums, unions, pairs, merges."""
    processes = [start(seed) for seed in ("0", "1", "4242")]
    runs = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(runs[0]) == len(set(runs[0])) == 3
    assert runs[0] == runs[1] == runs[2]
