"""Who may import whom in this repository, and proof that each rule can break.

The rules between layers are import-linter contracts (`[tool.importlinter]`), those
between modules and inside the framework are `modular_api.boundaries`.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from modular_api.boundaries import face_violations, imports_in, module_violations

BACKEND = Path(__file__).resolve().parent.parent
EXAMPLES = BACKEND / "examples"
TRADING_MODULES = Path("src/trading_api/modules")

FRAMEWORK = "The framework knows nothing of the reference app"
FRAMEWORK_LAYERS = "The framework's layers import only what stands below them"
MANAGER_LAYERS = "The manager's layers import only what stands below them"
TRADING_LAYERS = "The reference app's layers import only what stands below them"
CYCLES = "No cycles"

LOAD = "from importlib import import_module\n"


def lint_imports(root: Path) -> str:
    """Run import-linter on the sources below `root`; return what it prints."""
    linter = Path(sys.executable).with_name("lint-imports")
    environment = {"PYTHONPATH": str(root / "src"), "COLUMNS": "200", "NO_COLOR": "1"}
    result = subprocess.run(
        [str(linter), "--no-logo", "--no-cache"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def broken(output: str) -> set[str]:
    """Return the names of the contracts that are reported as broken."""
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", output, flags=re.MULTILINE))
    assert set(verdicts) == {
        FRAMEWORK,
        FRAMEWORK_LAYERS,
        MANAGER_LAYERS,
        TRADING_LAYERS,
        CYCLES,
    }, output
    return {name for name, verdict in verdicts.items() if verdict == "BROKEN"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the sources that a test may spoil."""
    left_out = shutil.ignore_patterns("__pycache__", "static", "specs_generated")
    shutil.copytree(BACKEND / "src", tmp_path / "src", ignore=left_out)
    shutil.copytree(BACKEND / "scripts", tmp_path / "scripts", ignore=left_out)
    shutil.copy(BACKEND / "pyproject.toml", tmp_path)
    return tmp_path


def plant(root: Path, folder: str, source: str, *, name: str = "planted.py") -> Path:
    path = root / "src" / folder / name
    path.write_text(source + "\n")
    return path


def test_the_contracts_hold() -> None:
    """Layers, the framework's independence, and no cycles."""
    output = lint_imports(BACKEND)
    assert broken(output) == set(), output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("contract", "folder", "statement"),
    [
        (FRAMEWORK, "modular_api/app", "import trading_api.main"),
        (FRAMEWORK, "modular_api/app", LOAD + 'import_module("trading_api.main")'),
        (FRAMEWORK_LAYERS, "modular_api/specs", "from modular_api.app import factory"),
        (FRAMEWORK_LAYERS, "modular_api/specs", "from ..app.factory import AppFactory"),
        (
            FRAMEWORK_LAYERS,
            "modular_api/specs",
            LOAD + 'import_module("..app", "modular_api.specs")',
        ),
        (FRAMEWORK_LAYERS, "modular_api", "# a file that no layer names"),
        (
            MANAGER_LAYERS,
            "modular_api/deploy/manager/processes",
            "from modular_api.deploy.manager.instances import instance",
        ),
        (MANAGER_LAYERS, "modular_api/deploy/manager", "# a file that no layer names"),
        (TRADING_LAYERS, "trading_api/models", "from ..app_factory import AppFactory"),
        (TRADING_LAYERS, "trading_api/models", '__import__("trading_api.main")'),
    ],
)
def test_a_planted_import_breaks_its_contract(
    copy: Path, contract: str, folder: str, statement: str
) -> None:
    """Each contract turns red on a statement and on a call, and names the file."""
    plant(copy, folder, statement)
    output = lint_imports(copy)
    assert contract in broken(output)
    assert "planted" in output


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    ["from . import second", LOAD + 'import_module(".second", __package__)'],
)
def test_a_planted_cycle_breaks_its_contract(copy: Path, statement: str) -> None:
    """Two files import each other, once by statement and once by call."""
    plant(copy, "modular_api/specs", statement)
    plant(copy, "modular_api/specs", "from . import planted", name="second.py")
    output = lint_imports(copy)
    assert CYCLES in broken(output)
    assert "planted" in output


def test_trading_modules_are_independent() -> None:
    """They meet in generated clients named in `uses`, and nowhere else."""
    assert module_violations(BACKEND / TRADING_MODULES) == []


@pytest.mark.parametrize(
    ("planted_in", "statement"),
    [
        ("broker", "from trading_api.modules.datafeed.module import module"),
        ("broker", "from ..datafeed.module import module"),
        ("broker", LOAD + 'import_module("trading_api.modules.datafeed.module")'),
        ("broker", LOAD + 'import_module("..datafeed.module", __package__)'),
        ("datafeed", "from ..broker.client_generated import BrokerClient"),
    ],
)
def test_a_planted_import_between_modules_is_found(
    copy: Path, planted_in: str, statement: str
) -> None:
    """Absolute, relative, by call, and a client that `uses` does not name."""
    planted = plant(copy, f"trading_api/modules/{planted_in}", statement)
    (violation,) = module_violations(copy / TRADING_MODULES)
    assert violation.path == planted


def test_the_framework_never_imports_through_its_own_faces() -> None:
    """Code inside `modular_api` imports from the defining module."""
    assert face_violations(BACKEND / "src" / "modular_api") == []


@pytest.mark.parametrize(
    "statement", ["from modular_api import Module", "from .. import Module"]
)
def test_a_planted_import_through_the_face_is_found(copy: Path, statement: str) -> None:
    """Absolutely and relatively."""
    plant(copy, "modular_api/app", statement)
    (violation,) = face_violations(copy / "src" / "modular_api")
    assert violation.importer == "modular_api.app.planted"


def test_the_examples_stand_alone() -> None:
    """They import the framework and never the reference app, and keep the module rule."""
    sources = list(EXAMPLES.rglob("*.py"))
    assert sources
    assert not [path for path in sources if "trading_api" in imported_packages(path)]
    assert module_violations(*folders_of_modules(sources)) == []


def imported_packages(path: Path) -> set[str]:
    tree = ast.parse(path.read_bytes())
    return {
        imported.module.partition(".")[0] for imported in imports_in(tree, "example")
    }


def folders_of_modules(sources: Iterable[Path]) -> list[Path]:
    folders = {path.parent.parent for path in sources if path.name == "module.py"}
    return sorted(folders)
