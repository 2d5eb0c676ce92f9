"""The module of all constructs, served in process, and the client generated from it."""

from __future__ import annotations

import fcntl
import importlib
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI

from modular_api.codegen.python_client.index import render_index
from modular_api.codegen.python_client.render import render_python_client
from modular_api.codegen.python_socket_client.render import render_python_socket_client
from tests.framework.codegen.constructs import rest_constructs, socket_constructs

PACKAGE = "constructs_generated"
SOCKET_PACKAGE = "socket_constructs_generated"


@pytest.fixture(scope="session")
def constructs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the client as a package; test processes share it."""
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):
        shared = shared.parent
    folder = shared / "constructs"
    with (shared / "constructs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _write(folder / PACKAGE, _files())
    return folder


def _files() -> dict[str, str]:
    # Laid out by nobody: how the formatters are used is tested elsewhere.
    files = render_python_client(
        rest_constructs.document(),
        module=rest_constructs.NAME,
        version="v1",
        format_file=str,
    )
    return {**files, "__init__.py": render_index([(rest_constructs.NAME, "v1")])}


def _write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


@pytest.fixture(scope="session")
def generated(constructs_folder: Path) -> Iterator[ModuleType]:
    """The generated module `constructs_client`, imported."""
    sys.path.insert(0, str(constructs_folder))
    yield importlib.import_module(f"{PACKAGE}.constructs_client")
    sys.path.remove(str(constructs_folder))
    for name in list(sys.modules):
        if name == PACKAGE or name.startswith(f"{PACKAGE}."):
            del sys.modules[name]


@pytest.fixture(scope="session")
def constructs_app() -> FastAPI:
    """The module at its prefix."""
    version = rest_constructs.module.create_app(rest_constructs.NAME).versions["v1"]
    app = FastAPI()
    app.mount(version.prefix, version)
    return app


@pytest.fixture
def client(generated: ModuleType, constructs_app: FastAPI) -> Any:
    """A client that calls the module in process."""
    client = generated.ConstructsClient(app=constructs_app)
    client.app_of_tests = constructs_app
    return client


@pytest.fixture(scope="session")
def sockets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The generated module `socket_constructs_socket`, imported."""
    name = socket_constructs.NAME
    files = render_python_socket_client(
        socket_constructs.document(),
        module=name,
        version="v1",
        rest_files={},
        format_file=str,
    )
    folder = tmp_path_factory.mktemp("generated")
    _write(folder / SOCKET_PACKAGE, {**files, "__init__.py": ""})
    sys.path.insert(0, str(folder))
    yield importlib.import_module(f"{SOCKET_PACKAGE}.{name}_socket")
    sys.path.remove(str(folder))
    for module in [n for n in sys.modules if n.split(".")[0] == SOCKET_PACKAGE]:
        del sys.modules[module]


@asynccontextmanager
async def socket_into_app(sockets: ModuleType) -> AsyncIterator[Any]:
    """Open a socket into an app of its own, in process."""
    app = socket_constructs.make_app()
    async with (
        app.router.lifespan_context(app) as state,
        sockets.SocketConstructsSocket(app=app, state=state) as socket,
    ):
        yield socket
