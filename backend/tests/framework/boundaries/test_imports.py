"""What `imports_in` sees in a file."""

from __future__ import annotations

import ast

import pytest

from modular_api.boundaries.imports import Import, imports_in


def targets(source: str, package: str = "app.modules.broker") -> list[str]:
    return [imported.target for imported in imports_in(ast.parse(source), package)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b.c", ["a.b.c"]),
        ("import a, b as c", ["a", "b"]),
        ("from a.b import c, d as e", ["a.b.c", "a.b.d"]),
        ("from a import *", ["a"]),
        ("from . import service", ["app.modules.broker.service"]),
        ("from .service import X", ["app.modules.broker.service.X"]),
        ("from ..datafeed import x", ["app.modules.datafeed.x"]),
        ("from ... import shared", ["app.shared"]),
        ("def f():\n    import late", ["late"]),
        ("if TYPE_CHECKING:\n    import typed", ["typed"]),
        ("try:\n    import a\nexcept ImportError:\n    import b", ["a", "b"]),
    ],
)
def test_statements_are_seen(source: str, expected: list[str]) -> None:
    """Absolute, relative, aliased, starred, nested and typing-only imports all count."""
    assert targets(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        'import importlib\nimportlib.import_module("a.b")',
        'import importlib as il\nil.import_module("a.b")',
        'from importlib import import_module\nimport_module("a.b")',
        'from importlib import import_module as load\nload("a.b")',
        'from importlib import import_module\nimport_module(name="a.b")',
        'from importlib import import_module\nimport_module("a" + ".b")',
        'from importlib import import_module\nimport_module(f"a.b")',
        'from importlib import import_module\nimport_module("a" ".b")',
        '__import__("a.b")',
        'import builtins\nbuiltins.__import__("a.b")',
        'import importlib.util\nimportlib.util.find_spec("a.b")',
        'import pkgutil\npkgutil.resolve_name("a.b:thing")',
        'import runpy\nrunpy.run_module("a.b")',
    ],
)
def test_calls_with_a_constant_name_are_seen(source: str) -> None:
    """Every importing function counts, under every name a file can give it."""
    dynamic = [i for i in imports_in(ast.parse(source), "app") if i.dynamic]
    assert [imported.target for imported in dynamic] == ["a.b"]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('import_module("..datafeed", __package__)', "app.modules.datafeed"),
        ('import_module("..datafeed", "app.modules.other")', "app.modules.datafeed"),
        ('import_module(".x", package="app")', "app.x"),
        ('__import__("datafeed", None, None, [], 2)', "app.modules.datafeed"),
        ('__import__("x", level=1)', "app.modules.broker.x"),
    ],
)
def test_relative_calls_are_resolved(call: str, expected: str) -> None:
    """Leading dots and `level` start from the package given, or from the file's own."""
    source = f"from importlib import import_module\n{call}"
    assert expected in targets(source)


@pytest.mark.parametrize(
    "source",
    [
        "from importlib import import_module\nimport_module(name)",
        'from importlib import import_module\nimport_module(f"a.{name}")',
        'from importlib import import_module\nimport_module(prefix + ".b")',
        'class Loader:\n    def import_module(self): ...\nLoader().import_module("a.b")',
        'import_module("a.b")',
        'text = "import a.b"',
    ],
)
def test_what_is_no_constant_import_is_left_alone(source: str) -> None:
    """Computed names cannot be known; a name that looks alike is no import."""
    assert [i for i in imports_in(ast.parse(source), "app") if i.dynamic] == []


def test_an_import_knows_its_line_and_what_it_takes() -> None:
    """The parts are kept apart: a face is told from a submodule by them."""
    (found,) = imports_in(ast.parse("\n\nfrom ..x import y"), "a.b")
    assert found == Import(line=3, module="a.x", name="y")


def test_too_many_dots_lead_nowhere() -> None:
    """Python refuses such an import; here it must not wrap round to another package."""
    assert targets("from .....x import y", package="a.b") == ["x.y"]
