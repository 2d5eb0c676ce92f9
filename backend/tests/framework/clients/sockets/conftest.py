"""The market's socket behind a real server, and the client generated for it."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from modular_api.app.socket_documents import socket_documents
from modular_api.codegen.python_client.render import render_python_client
from modular_api.codegen.python_socket_client.render import (
    render_python_socket_client,
)
from modular_api.testing.live_server import LiveServer

PACKAGE = "market_generated"


@pytest.fixture(scope="session")
def market_app() -> Iterator[ModuleType]:
    """The module `market_app.py` beside this file."""
    yield from _imported("market_app", Path(__file__).with_name("market_app.py"))


@pytest.fixture(scope="session")
def market_document(market_app: ModuleType) -> dict[str, Any]:
    """The AsyncAPI document of the module."""
    module_app = market_app.make_module().create_app("market")
    document: dict[str, Any] = json.loads(
        json.dumps(socket_documents(module_app)["v1"])
    )
    return document


@pytest.fixture(scope="session")
def market_files(
    market_app: ModuleType, market_document: dict[str, Any]
) -> dict[str, str]:
    """The rendered clients of the module, not formatted."""
    module_app = market_app.make_module().create_app("market")
    rest = render_python_client(
        module_app.versions["v1"].openapi(),
        module="market",
        version="v1",
        format_file=str,
    )
    sockets = render_python_socket_client(
        market_document,
        module="market",
        version="v1",
        rest_files=rest,
        format_file=str,
    )
    return {**rest, **sockets}


@pytest.fixture(scope="session")
def market(
    market_files: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModuleType]:
    """The generated module `market_socket`, imported."""
    folder = tmp_path_factory.mktemp("generated")
    for path, text in {**market_files, "__init__.py": ""}.items():
        target = folder / PACKAGE / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    sys.path.insert(0, str(folder))
    yield importlib.import_module(f"{PACKAGE}.market_socket")
    sys.path.remove(str(folder))
    for name in [n for n in sys.modules if n.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def market_server(market_app: ModuleType) -> Iterator[LiveServer]:
    """The module's app behind a real server."""
    with LiveServer(market_app.make_app()) as server:
        yield server


def _imported(name: str, path: Path) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks forward references up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]
