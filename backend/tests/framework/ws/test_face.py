"""The package's face: what it promises is there, and costs nothing before use."""

from __future__ import annotations

import ast
from pathlib import Path

from modular_api import ws


def test_every_exported_name_exists() -> None:
    """`__all__` is sorted and each of its names can be loaded from its home."""
    assert ws.__all__ == sorted(ws.__all__) == dir(ws)
    for name in ws.__all__:
        assert getattr(ws, name) is not None


def test_type_checkers_and_the_runtime_see_the_same_names() -> None:
    """The imports below TYPE_CHECKING name the same homes as the lazy table."""
    tree = ast.parse(Path(str(ws.__file__)).read_text())
    [guarded] = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {
        alias.name: (node.module or "").removeprefix("modular_api.ws.")
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert declared == ws._HOMES
    assert sorted(declared) == ws.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The face behaves as any module does."""
    assert not hasattr(ws, "no_such_name")


def test_the_reference_app_exports_the_adapter() -> None:
    """Outside users import it from there."""
    from trading_api.shared import FastWSAdapter

    assert FastWSAdapter is ws.FastWSAdapter
