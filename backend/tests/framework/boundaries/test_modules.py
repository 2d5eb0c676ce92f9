"""The rule between modules, on folders of modules written for the occasion."""

from __future__ import annotations

from pathlib import Path

import pytest

from modular_api.boundaries import declared_uses, module_violations
from modular_api.boundaries.modules import UnreadableUses


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """`shop.modules` with `orders`, which uses `prices`, and `prices`, which uses none."""
    folder = tmp_path / "shop" / "modules"
    write(tmp_path / "shop" / "__init__.py", "")
    write(folder / "__init__.py", "")
    for name, uses in {"orders": '["prices"]', "prices": "[]"}.items():
        write(folder / name / "__init__.py", f'"""{name}."""\n')
        declaration = f"from modular_api import Module\nmodule = Module(uses={uses})\n"
        write(folder / name / "module.py", declaration)
        write(folder / name / "client_generated" / "__init__.py", "")
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_independent_modules_have_no_violation(modules: Path) -> None:
    """Two modules that keep to themselves pass."""
    assert module_violations(modules) == []


@pytest.mark.parametrize(
    "statement",
    [
        "import shop.modules.prices",
        "import shop.modules.prices.service as s",
        "from shop.modules import prices",
        "from shop.modules.prices import service",
        "from shop.modules.prices.service import Prices",
        "from ..prices.service import Prices",
        "from .. import prices",
        "from ...modules import prices",
        "if True:\n    def f():\n        from ..prices import service",
        "from importlib import import_module\nimport_module('shop.modules.prices.service')",
        "from importlib import import_module\nimport_module('..prices.service', __package__)",
        "__import__('shop.modules.prices')",
        "from modules.prices import service",
    ],
)
def test_reaching_into_another_module_is_a_violation(
    modules: Path, statement: str
) -> None:
    """Absolute, relative and dynamic imports are found, even of a module in `uses`."""
    write(modules / "orders" / "service.py", statement)
    (violation,) = module_violations(modules)
    assert violation.importer == "shop.modules.orders.service"
    assert violation.line == len(statement.splitlines())
    assert "prices" in violation.imported
    assert "client_generated" in violation.why


@pytest.mark.parametrize(
    "statement",
    [
        "from shop.modules.prices.client_generated import PricesClient",
        "from shop.modules.prices import client_generated",
        "from ..prices.client_generated.prices_client import PricesClient",
        "import shop.modules.prices.client_generated",
        "__import__('shop.modules.prices.client_generated')",
    ],
)
def test_the_client_of_a_used_module_may_be_imported(
    modules: Path, statement: str
) -> None:
    """`uses` opens the generated client, however it is imported."""
    write(modules / "orders" / "prices.py", statement)
    assert module_violations(modules) == []


def test_the_client_of_an_undeclared_module_may_not_be_imported(modules: Path) -> None:
    """`prices` does not name `orders` in its `uses`."""
    statement = "from ..orders.client_generated import OrdersClient"
    path = write(modules / "prices" / "service.py", statement)
    (violation,) = module_violations(modules)
    assert str(violation) == (
        f"{path}:1: shop.modules.prices.service imports "
        "shop.modules.orders.client_generated.OrdersClient: "
        "'orders' is not in this module's `uses`; name it there"
    )


def test_a_name_that_begins_like_a_module_is_another_name(modules: Path) -> None:
    """`prices_archive` and `client_generated_by_hand` are no `prices` and no client."""
    service = modules / "orders" / "service.py"
    write(service, "from shop.modules.prices_archive import x\nimport prices\n")
    assert module_violations(modules) == []
    write(service, "from shop.modules.prices.client_generated_by_hand import x\n")
    assert len(module_violations(modules)) == 1


def test_a_folder_without_a_module_is_open_to_all(modules: Path) -> None:
    """What stands beside the modules and is none of them has no boundary here."""
    write(modules / "_shared" / "__init__.py", "LIMIT = 3\n")
    write(modules / "orders" / "service.py", "from .._shared import LIMIT\n")
    assert module_violations(modules) == []


def test_tests_of_a_module_keep_to_the_rule(modules: Path) -> None:
    """A test that reaches into another module belongs to the integration tier."""
    test = modules / "orders" / "tests" / "test_orders.py"
    write(test, "from shop.modules.prices.service import Prices\n")
    (violation,) = module_violations(modules)
    assert violation.path == test


@pytest.mark.parametrize(
    "statement", ["import shop.modules", "from shop import modules"]
)
def test_taking_all_modules_at_once_is_a_violation(
    modules: Path, statement: str
) -> None:
    """`modules.prices.service` by attribute would slip through otherwise."""
    write(modules / "orders" / "service.py", statement)
    (violation,) = module_violations(modules)
    assert violation.imported == "shop.modules"


def test_everything_is_reported_at_once_in_order(modules: Path) -> None:
    """Violations come sorted by file and line, each line's module once."""
    write(
        modules / "prices" / "b.py",
        "from ..orders import a, b\n\nimport shop.modules.orders",
    )
    write(modules / "orders" / "a.py", "from ..prices import module\n")
    found = [(v.path.name, v.line) for v in module_violations(modules)]
    assert found == [("a.py", 1), ("b.py", 1), ("b.py", 3)]


def test_a_file_that_cannot_be_parsed_is_a_violation(modules: Path) -> None:
    """It hides what it imports, so it may not pass."""
    write(modules / "orders" / "broken.py", "def f(:\n")
    (violation,) = module_violations(modules)
    assert "cannot be parsed" in str(violation)
    assert violation.line == 1


def test_a_declaration_that_cannot_be_parsed_is_a_violation(modules: Path) -> None:
    """It is reported once, and counts as a module that uses nothing."""
    write(modules / "orders" / "module.py", "module = Module(\n")
    write(modules / "orders" / "a.py", "from ..prices.client_generated import x\n")
    found = [v.path.name for v in module_violations(modules)]
    assert found == ["a.py", "module.py"]


def test_a_package_without_a_declaration_uses_nothing(tmp_path: Path) -> None:
    """The registry refuses it; here it still may not reach into a module."""
    assert declared_uses(tmp_path) == frozenset()


def test_modules_of_several_folders_are_one_set(modules: Path, tmp_path: Path) -> None:
    """A module may not reach into one that was found in another folder."""
    extra = tmp_path / "extra"
    write(extra / "reports" / "module.py", "from shop.modules.orders import module\n")
    (violation,) = module_violations(modules, extra)
    assert violation.importer == "extra.reports.module"


def test_uses_are_read_without_importing_the_module(tmp_path: Path) -> None:
    """Lists and tuples of names count, under any name `Module` was imported as."""
    write(
        tmp_path / "module.py",
        "from modular_api import Module as Declaration\n"
        "raise SystemExit('imported')\n"
        "module = Declaration(uses=('a', 'b'))\n",
    )
    assert declared_uses(tmp_path) == {"a", "b"}
    write(tmp_path / "module.py", "import modular_api\nmodular_api.Module(uses=['c'])")
    assert declared_uses(tmp_path) == {"c"}


def test_computed_uses_are_refused(modules: Path) -> None:
    """What `uses` holds must be plain from the text; both ways of asking say so."""
    path = write(
        modules / "orders" / "module.py",
        "from x import Module, NAMES\nModule(uses=NAMES)",
    )
    with pytest.raises(UnreadableUses, match="literal list of names") as caught:
        declared_uses(modules / "orders")
    assert (caught.value.path, caught.value.line) == (path, 2)
    (violation,) = module_violations(modules)
    assert str(violation).startswith(f"{path}:2: `uses` is not a literal list of names")
