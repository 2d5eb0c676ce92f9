"""How the tests outside of the modules make their apps.

The fixtures of apps (`apps app ws_apps client async_client running_server
fresh_server`) come with the plugin of `modular_api.testing`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from trading_api.app_factory import ModularApp
from trading_api.shared.tests.conftest import create_test_app

EMPTY_MODULE = """
    from modular_api import Module

    module = Module()
"""


@pytest.fixture(scope="session")
def create_app() -> Callable[[], ModularApp]:
    """Make a new app of all trading modules."""
    return create_test_app


@pytest.fixture
def modules_dir(tmp_path: Path) -> Iterator[Path]:
    """An empty folder for modules; what was imported from it is forgotten again."""
    folder = tmp_path / "modules"
    folder.mkdir()
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith("modular_api_modules_"):
            del sys.modules[name]


@pytest.fixture
def write_module(modules_dir: Path) -> Callable[..., Path]:
    """Write a module: its `module.py`, and other files by keyword (`models=...`)."""

    def write(
        name: str, source: str = EMPTY_MODULE, *, doc: str = "", **files: str
    ) -> Path:
        folder = modules_dir / name
        folder.mkdir()
        (folder / "__init__.py").write_text(f'"""{doc}"""\n' if doc else "")
        for file, text in {"module": source, **files}.items():
            (folder / f"{file}.py").write_text(dedent(text))
        return folder

    return write
