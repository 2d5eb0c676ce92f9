"""Python files written by the test, and documents built from the apps in them."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, TypeAlias

import pytest
from fastapi import FastAPI

from modular_api.specs.openapi import build_document
from modular_api.specs.operation_ids import operation_id_of

WriteFiles: TypeAlias = Callable[..., dict[str, ModuleType]]
Build: TypeAlias = Callable[[FastAPI], dict[str, Any]]

_numbers = itertools.count()


@pytest.fixture
def write_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WriteFiles]:
    """Write a package of files (`a="..."` or `**{"deep.a": "..."}`), and import them.

    Each call makes a package of its own; files find one another by relative imports.
    """
    monkeypatch.syspath_prepend(tmp_path)
    packages: list[str] = []

    def write(**files: str) -> dict[str, ModuleType]:
        package = f"written_{next(_numbers)}"
        packages.append(package)
        for name, source in files.items():
            path = tmp_path.joinpath(package, *name.split(".")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(source))
        importlib.invalidate_caches()
        return {name: importlib.import_module(f"{package}.{name}") for name in files}

    yield write
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            del sys.modules[name]


@pytest.fixture
def build() -> Build:
    """Build the document of an app as if it were version 1 of module `shop`."""

    def build(app: FastAPI) -> dict[str, Any]:
        return build_document(app, module="shop", version="v1", prefix="/api/v1/shop")

    return build


@pytest.fixture
def app() -> FastAPI:
    """An empty app, named and numbered as modules' apps are."""
    return FastAPI(
        title="shop", version="v1", generate_unique_id_function=operation_id_of
    )
