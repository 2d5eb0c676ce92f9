"""Importing a client costs next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCE = str(Path(__file__).parents[3] / "src")


def test_the_runtime_of_clients_imports_nothing_heavy() -> None:
    """No HTTP library, no framework; they come with the first call, if at all."""
    program = (
        "import sys, modular_api.clients\n"
        "heavy = {'httpx', 'attrs', 'fastapi', 'pydantic', 'starlette'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": SOURCE},
        check=True,
    )
    assert done.stdout.strip() == "[]"
