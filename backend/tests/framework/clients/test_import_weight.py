"""Importing a client costs next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modular_api.clients.lazy import lazy_attributes

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


def test_a_lazy_name_is_imported_when_it_is_used_and_then_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another one is the ordinary AttributeError."""
    package = tmp_path / "lazy_package"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from modular_api.clients.lazy import lazy_attributes\n"
        "__getattr__ = lazy_attributes(__name__, {'Order': '.order'})\n"
    )
    (package / "order.py").write_text("class Order: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import importlib

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
