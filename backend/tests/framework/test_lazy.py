"""Names that are imported when they are first used."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from modular_api.lazy import lazy_attributes


def test_a_lazy_name_is_imported_when_it_is_used_and_then_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another one is the ordinary AttributeError."""
    package = tmp_path / "lazy_package"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from modular_api.lazy import lazy_attributes\n"
        "__getattr__ = lazy_attributes(__name__, {'Order': '.order'})\n"
    )
    (package / "order.py").write_text("class Order: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("lazy_package")
    assert "lazy_package.order" not in sys.modules
    assert module.Order is module.__dict__["Order"]
    with pytest.raises(AttributeError, match="'lazy_package' has no attribute 'Nope'"):
        _ = module.Nope
    for name in ("lazy_package", "lazy_package.order"):
        del sys.modules[name]


def test_a_lazy_name_of_a_broken_module_says_what_is_broken() -> None:
    """The ImportError is not turned into a missing attribute."""
    find = lazy_attributes("modular_api.clients", {"Gone": ".gone"})
    with pytest.raises(ModuleNotFoundError, match=r"modular_api\.clients\.gone"):
        find("Gone")
