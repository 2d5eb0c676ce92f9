"""The packages' faces: what they promise is there, and costs nothing before use."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"


def packages_with(name: str) -> list[str]:
    """Return the packages whose face has a variable of this name, generated ones apart."""
    return sorted(
        ".".join(face.parent.relative_to(SOURCE).parts)
        for face in SOURCE.rglob("__init__.py")
        if "client_generated" not in face.parts
        and any(
            isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
            for node in ast.parse(face.read_text()).body
        )
    )


@pytest.fixture(params=packages_with("__all__"))
def face(request: pytest.FixtureRequest) -> ModuleType:
    """A package that exports names."""
    return import_module(request.param)


@pytest.fixture(params=packages_with("_HOMES"))
def lazy_face(request: pytest.FixtureRequest) -> ModuleType:
    """A package whose names are imported when they are first used."""
    return import_module(request.param)


def test_faces_are_found() -> None:
    """The tests below would pass without one."""
    assert {"modular_api", "modular_api.clients"} <= {*packages_with("__all__")}
    assert packages_with("_HOMES") == [
        "modular_api",
        "modular_api.deploy.nginx",
        "modular_api.testing",
        "modular_api.ws",
    ]


def test_exported_names_are_sorted(face: ModuleType) -> None:
    """Constants, classes, functions, each kind by name; and every name stands once."""

    def place(name: str) -> tuple[bool, bool, str]:
        return not name.isupper(), not name[0].isupper(), name

    assert face.__all__ == sorted({*face.__all__}, key=place)


def test_every_exported_name_exists(face: ModuleType) -> None:
    """A lazy one is loaded when it is asked for, so a wrong home would go unnoticed."""
    for name in face.__all__:
        assert getattr(face, name) is not None


def test_type_checkers_and_the_runtime_see_the_same_names(
    lazy_face: ModuleType,
) -> None:
    """The imports below TYPE_CHECKING name the same homes as the lazy table."""
    tree = ast.parse(Path(str(lazy_face.__file__)).read_text())
    [guarded] = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    declared = {
        alias.name: (node.module or "").removeprefix(lazy_face.__name__)
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert declared == lazy_face._HOMES
    assert sorted(declared) == lazy_face.__all__ == dir(lazy_face)


def test_an_unknown_name_is_an_attribute_error(lazy_face: ModuleType) -> None:
    """The face behaves as any module does."""
    expected = f"module '{lazy_face.__name__}' has no attribute 'no_such_name'"
    with pytest.raises(AttributeError, match=expected):
        _ = lazy_face.no_such_name


def test_importing_a_lazy_face_loads_none_of_its_homes(lazy_face: ModuleType) -> None:
    """A generated client's user does not pay for FastAPI, nor a test for a server."""
    package = lazy_face.__name__
    homes = {f"{package}{home}" for home in lazy_face._HOMES.values()}
    code = f"import {package}, sys; print(sorted({{*sys.modules}} & {homes | {'fastapi'}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_the_reference_app_exports_the_adapter() -> None:
    """Outside users import it from there."""
    from modular_api.ws import FastWSAdapter
    from trading_api import shared

    assert shared.FastWSAdapter is FastWSAdapter
