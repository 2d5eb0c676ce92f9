"""A rich module, its document, and the client rendered from it, imported."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from modular_api.codegen.python_client.index import render_index
from modular_api.codegen.python_client.render import render_python_client
from modular_api.specs.path_parameters import mark_whole_paths
from modular_api.testing.live_server import LiveServer

PACKAGE = "client_generated"


@pytest.fixture(scope="session")
def shop_app() -> Iterator[ModuleType]:
    """The module `shop_app.py` beside this file."""
    spec = importlib.util.spec_from_file_location(
        "shop_app", Path(__file__).with_name("shop_app.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["shop_app"] = module  # pydantic looks forward references up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["shop_app"]


@pytest.fixture(scope="session")
def shop_document(shop_app: ModuleType) -> dict[str, Any]:
    """The OpenAPI document of the module, its paths without prefix."""
    app = shop_app.make_module_app()
    document: dict[str, Any] = app.openapi()
    mark_whole_paths(document, app)
    return document


@pytest.fixture(scope="session")
def shop_files(shop_document: dict[str, Any]) -> dict[str, str]:
    """The rendered client of the module and its index."""
    files = render_python_client(shop_document, module="shop", version="v1")
    return {**files, "__init__.py": render_index([("shop", "v1")])}


@pytest.fixture(scope="session")
def shop_folder(
    shop_files: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder that holds the client as a package."""
    folder = tmp_path_factory.mktemp("generated")
    write_files(folder / PACKAGE, shop_files)
    return folder


@pytest.fixture(scope="session")
def shop(shop_folder: Path) -> Iterator[ModuleType]:
    """The generated module `shop_client`, imported."""
    sys.path.insert(0, str(shop_folder))
    yield importlib.import_module(f"{PACKAGE}.shop_client")
    sys.path.remove(str(shop_folder))
    for name in list(sys.modules):
        if name == PACKAGE or name.startswith(f"{PACKAGE}."):
            del sys.modules[name]


@pytest.fixture(scope="session")
def shop_server(shop_app: ModuleType) -> Iterator[LiveServer]:
    """The module's app behind a real server."""
    with LiveServer(shop_app.make_app()) as server:
        yield server


@pytest.fixture(params=["in process", "over http"])
def shop_target(request: pytest.FixtureRequest, shop_app: ModuleType) -> dict[str, Any]:
    """What a client is given to reach the app: the app itself, then an address."""
    if request.param == "in process":
        return {"app": shop_app.make_app()}
    server: LiveServer = request.getfixturevalue("shop_server")
    return {"base_url": server.base_url}


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write rendered files below a folder."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
