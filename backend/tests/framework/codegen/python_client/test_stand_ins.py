"""The generator is imported without what it does not need, and nobody else notices."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from modular_api.codegen.python_client.stand_ins import standing_in_for


@pytest.fixture
def importer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that imports two others in the two ways there are, and uses neither."""
    (tmp_path / "heavy_one.py").write_text("WEIGHT = 1\n")
    (tmp_path / "heavy_two.py").write_text("class Fault(Exception): pass\n")
    (tmp_path / "importer_of_both.py").write_text(
        "import heavy_one\n"
        "from heavy_two import Fault\n"
        "def weight():\n"
        "    try:\n"
        "        return heavy_one.WEIGHT()\n"
        "    except Fault:\n"
        "        return 0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("heavy_one", "heavy_two", "importer_of_both"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return "importer_of_both"


def test_a_module_is_imported_without_what_it_imports(importer: str) -> None:
    """And what it lacks says so when it is used after all."""
    with standing_in_for("heavy_one", "heavy_two"):
        module = importlib.import_module(importer)
    with pytest.raises(ImportError, match=r"heavy_one\.WEIGHT is not available here"):
        module.weight()


def test_whoever_imports_it_later_gets_the_real_one(importer: str) -> None:
    """The stand-in goes with the block."""
    with standing_in_for("heavy_one", "heavy_two"):
        importlib.import_module(importer)
    assert importlib.import_module("heavy_one").WEIGHT == 1


def test_what_is_imported_already_is_not_replaced(importer: str) -> None:
    """It costs nothing any more."""
    real = importlib.import_module("heavy_one")
    with standing_in_for("heavy_one"):
        assert importlib.import_module(importer).heavy_one is real
    assert sys.modules["heavy_one"] is real


def test_a_client_is_rendered_without_http_and_yaml() -> None:
    """Whatever the generator imports in its next version, these two stay out."""
    program = (
        "import sys\n"
        "from modular_api.codegen.python_client.render import render_python_client\n"
        "document = {'openapi': '3.1.0', 'info': {'title': 'a', 'version': '1'},"
        " 'paths': {}}\n"
        "render_python_client(document, module='shop', version='v1')\n"
        "unneeded = {'httpcore', 'httpx', 'ruamel.yaml', 'rich', 'typer'}\n"
        "print(sorted(unneeded & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[4] / "src")},
        check=True,
    )
    assert done.stdout.strip() == "[]"
