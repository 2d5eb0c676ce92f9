"""Starting a part of the package in a process of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from modular_api.python_command import python_command


def test_a_module_of_this_process_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the same `sys.path`; and a file of the current folder shadows nothing."""
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "greeting.py").write_text(
        "import sys\n\n\ndef main() -> None:\n    print(sys.argv[1:])\n"
    )
    (elsewhere / "json.py").write_text("raise RuntimeError('shadowed')\n")
    monkeypatch.syspath_prepend(str(folder))
    done = subprocess.run(
        python_command("greeting", "a", "b c"),
        cwd=elsewhere,
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == "['a', 'b c']\n"
