"""The framework's face: what it promises is there, and costs nothing before use."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import modular_api


def test_every_exported_name_exists() -> None:
    """`__all__` is sorted and each of its names can be loaded from its home."""
    assert modular_api.__all__ == sorted(modular_api.__all__)
    for name in modular_api.__all__:
        assert getattr(modular_api, name) is not None


def test_type_checkers_and_the_runtime_see_the_same_names() -> None:
    """The imports below TYPE_CHECKING name the same homes as the lazy table."""
    tree = ast.parse(Path(modular_api.__file__).read_text())
    [guarded] = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {
        alias.name: (node.module or "").removeprefix("modular_api.")
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert declared == modular_api._HOMES
    assert sorted(declared) == modular_api.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The face behaves as any module does."""
    assert not hasattr(modular_api, "no_such_name")


def test_importing_the_face_loads_no_framework() -> None:
    """A generated client's user does not pay for FastAPI."""
    code = "import modular_api, sys; print('fastapi' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "False"
