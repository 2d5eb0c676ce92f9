"""`make clean-generated` removes what was generated and keeps the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from modular_api.codegen.engine import Engine
from modular_api.codegen.job import GenerationJob, SpecDocument
from modular_api.codegen.python_target import PythonClient

SCRIPT = Path(__file__).parents[2] / "scripts" / "clean_generated.py"
EMPTY = {"openapi": "3.1.0", "info": {"title": "orders", "version": "1"}, "paths": {}}


def clean(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_generated_files_go_and_others_stay(tmp_path: Path) -> None:
    """Although the module cannot be imported, and a neighbour was written by hand."""
    orders = tmp_path / "orders"
    orders.mkdir()
    (orders / "module.py").write_text("raise ImportError('no client')\n")
    document = SpecDocument("v1", json.dumps(EMPTY).encode())
    Engine([PythonClient()]).generate([GenerationJob("orders", orders, (document,))])
    assert (orders / "client_generated" / "orders_client.py").exists()
    by_hand = orders / "client_generated" / "NOTES.md"
    by_hand.write_text("Kept.\n")

    done = clean(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "orders: " in done.stdout
    left = {path for path in orders.rglob("*") if path.is_file()}
    assert left == {orders / "module.py", by_hand}


def test_a_missing_folder_is_named() -> None:
    """And nothing is removed anywhere."""
    done = clean(Path("no/such/folder"))
    assert done.returncode == 2
    assert "no/such/folder" in done.stderr
