"""From AsyncAPI documents to socket clients: complete, alike on every run, or refused."""

from __future__ import annotations

import copy
import importlib
import json
import subprocess
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from fastapi import APIRouter
from fastws import OperationRouter
from pydantic import BaseModel, create_model

from modular_api import Module
from modular_api.app.socket_documents import socket_documents
from modular_api.codegen.python_client.errors import (
    Finding,
    GeneratorWarnings,
    InvalidSpecification,
)
from modular_api.codegen.python_client.index import render_index
from modular_api.codegen.python_client.render import render_python_client
from modular_api.codegen.python_socket_client.coverage import missing
from modular_api.codegen.python_socket_client.names import SocketNames
from modular_api.codegen.python_socket_client.render import render_python_socket_client
from modular_api.ws import WsRouter

SOURCE = Path(__file__).parents[4] / "src"
NAMES = SocketNames("market", "v1")


class Wanted(BaseModel):
    """Whose bars are followed."""

    symbol: str


class Bar(BaseModel):
    """A bar, told by REST and by the socket."""

    close: float


class Bars(WsRouter[Wanted, Bar]):
    """Live bars.

    The newest one every second.
    """


http = APIRouter()


@http.get("/bar")
async def bar() -> Bar:
    return Bar(close=1)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The AsyncAPI document of the module."""
    return _document(Bars("bars"))


@pytest.fixture(scope="module")
def rest_files() -> dict[str, str]:
    """The REST client of the same module."""
    module = Module(routers={"v1": http}).create_app("market")
    return render_python_client(
        module.versions["v1"].openapi(), module="market", version="v1"
    )


@pytest.fixture(scope="module")
def files(document: dict[str, Any], rest_files: dict[str, str]) -> dict[str, str]:
    """The socket client, formatted."""
    return _rendered(document, rest_files)


@pytest.fixture(scope="module")
def folder(
    files: dict[str, str],
    rest_files: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """A folder that holds both clients as the package `rendered`, importable."""
    folder = tmp_path_factory.mktemp("rendered")
    index = render_index([("market", "v1")], sockets=[NAMES])
    for path, text in {**rest_files, **files, "__init__.py": index}.items():
        target = folder / "rendered" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [n for n in sys.modules if n.split(".")[0] == "rendered"]:
        del sys.modules[name]


def _document(*routers: Any) -> dict[str, Any]:
    module = Module(ws={"v1": [*routers]}).create_app("market")
    document: dict[str, Any] = json.loads(json.dumps(socket_documents(module)["v1"]))
    return document


def _router(request: Any, update: Any) -> Any:
    base = WsRouter.__class_getitem__((request, update))  # type: ignore[attr-defined]  # of Generic
    return types.new_class("Made", (base,))


def _rendered(
    document: dict[str, Any], rest_files: dict[str, str] | None = None, **options: Any
) -> dict[str, str]:
    return render_python_socket_client(
        document,
        module="market",
        version="v1",
        rest_files=rest_files or {},
        **options,
    )


def test_the_surface_reads_like_the_router(files: dict[str, str]) -> None:
    """A typed method of its name, with its words."""
    facade = files["market_socket.py"]
    assert "class MarketSocket(_ModuleSocket):" in facade
    assert 'address = "/api/v1/market/ws"' in facade
    assert "def bars(self, request: Wanted) -> Subscription[Bar]:" in facade
    assert '"""Live bars.' in facade


def test_a_second_version_has_names_of_its_own() -> None:
    """As its REST client has."""
    names = SocketNames("order_book", "v2")
    assert names.class_name == "OrderBookV2Socket"
    assert names.module_name == "order_book_v2_socket"
    assert names.package == "_order_book_v2_socket"
    assert names.rest_package == "_order_book_v2"


def test_what_both_documents_define_alike_is_one_class(folder: Path) -> None:
    """An update may be handed to whoever takes a REST answer."""
    sockets = importlib.import_module("rendered.market_socket")
    rest = importlib.import_module("rendered.market_client")
    assert sockets.Bar is rest.Bar


def test_what_they_define_differently_stays_two(
    files: dict[str, str], rest_files: dict[str, str]
) -> None:
    """No silent merge: the socket's model keeps its own fields."""
    other = create_model("Bar", close=(float, ...), volume=(int, ...))
    router = _router(Wanted, other)
    changed = _rendered(_document(router("bars")), rest_files)
    assert "class Bar" in changed["_market_socket/models/bar.py"]
    assert "import Bar" in files["_market_socket/models/bar.py"]


def test_equal_literals_of_both_documents_are_one_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the class stands in each, also of places that REST does not have."""
    side = Literal["buy", "sell"]
    fill, order, ask = (
        create_model(n, side=(side, ...)) for n in ("Fill", "Trade", "Ask")
    )
    api = APIRouter()
    api.add_api_route("/fill", lambda: None, response_model=fill, operation_id="fill")
    api.add_api_route(
        "/trade", lambda: None, response_model=order, operation_id="trade"
    )
    rest = render_python_client(
        Module(routers={"v1": api}).create_app("market").versions["v1"].openapi(),
        module="market",
        version="v1",
        format_file=str,
    )
    document = _document(_router(ask, order)("trades"))
    sockets = _rendered(document, rest, format_file=str)
    for path, text in {**rest, **sockets, "__init__.py": ""}.items():
        target = tmp_path / "literals_of_both" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    told = importlib.import_module("literals_of_both.market_socket")
    asked = importlib.import_module("literals_of_both.market_client")
    assert told.TradeSide is asked.TradeSide is asked.FillSide is told.AskSide
    assert told.Trade is asked.Trade


def test_the_same_documents_give_the_same_bytes(
    document: dict[str, Any], rest_files: dict[str, str], files: dict[str, str]
) -> None:
    """Whatever the order of their keys."""

    def reversed_keys(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: reversed_keys(node[key]) for key in reversed(node)}
        return [*map(reversed_keys, node)] if isinstance(node, list) else node

    assert _rendered(reversed_keys(document), rest_files) == files


@pytest.mark.slow
def test_the_client_passes_mypy_strict(folder: Path) -> None:
    """And its types are true: a wrong request is an error."""
    (folder / "use.py").write_text(
        "from typing import assert_type\n"
        "from rendered import MarketSocket\n"
        "from rendered.market_socket import Bar, Gap, Wanted\n"
        "async def use(socket: MarketSocket) -> None:\n"
        "    async for bar in socket.bars(Wanted(symbol='A')):\n"
        "        assert_type(bar, Bar | Gap)\n"
        "    socket.bars('A')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "use.py"],
        cwd=folder,
        env={"MYPYPATH": f"{SOURCE}", "PYTHONPATH": f"{SOURCE}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if "error" in line]
    assert len(errors) == 2, done.stdout + done.stderr
    assert errors[0].startswith("use.py:7:") and "Wanted" in errors[0]


def test_importing_a_socket_client_imports_nothing_heavy(folder: Path) -> None:
    """Neither websockets nor jsonschema, and no framework."""
    program = (
        "import sys, rendered\n"
        "rendered.MarketSocket(base_url='http://localhost')\n"
        "heavy = {'attrs', 'fastapi', 'httpx', 'jsonschema_rs', 'pydantic', 'starlette',\n"
        "         'websockets', 'fastws'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{SOURCE}:{folder}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_kind_of_operation_is_refused_by_name(
    document: dict[str, Any],
) -> None:
    """Unless its loss stands on the allow-list."""
    newer = copy.deepcopy(document)
    newer["operations"]["bars.gap"]["x-kind"] = "rumour"
    line = "operation bars.gap: the kind 'rumour' is not in the client"
    with pytest.raises(GeneratorWarnings) as caught:
        _rendered(newer)
    assert [str(finding) for finding in caught.value.findings] == [line]


def test_two_operations_of_one_name_are_refused_by_name() -> None:
    """Both would be one method."""
    operations = OperationRouter()

    async def handler() -> None:
        """Do nothing."""

    operations.send("a.b", reply="r1")(handler)
    operations.send("a_b", reply="r2")(handler)
    with pytest.raises(GeneratorWarnings, match=r"operation a\.b and operation a_b"):
        _rendered(_document(operations))


def test_a_model_of_the_runtimes_name_is_refused_by_name() -> None:
    """`Subscription` is what a method returns. (`Gap` is taken in documents, too.)"""
    model = create_model("Subscription", width=(int, ...))
    router = _router(None, model)
    with pytest.raises(GeneratorWarnings, match="has a name the client itself needs"):
        _rendered(_document(router("gaps")))


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"operations": []},
        {"operations": {"a": {"x-kind": "error"}}, "channels": {}},
        {
            "operations": {
                "a": {"x-kind": "request", "messages": [{"$ref": "#/in-a-circle"}]}
            },
            "in-a-circle": {"$ref": "#/in-a-circle"},
        },
    ],
)
def test_what_is_no_document_of_a_socket_is_refused(broken: dict[str, Any]) -> None:
    """By a typed error, before anything is rendered."""
    with pytest.raises(InvalidSpecification, match="is no AsyncAPI document"):
        _rendered(broken)


def test_an_operation_without_messages_is_refused_by_name() -> None:
    """Nobody knows what to send."""
    document = {"operations": {"a": {"x-kind": "request"}}, "channels": {}}
    with pytest.raises(InvalidSpecification, match="operation a: it has 0 messages"):
        _rendered(document)


def test_a_subscription_without_updates_is_refused_by_name(
    document: dict[str, Any],
) -> None:
    """It would never tell anything."""
    silent = copy.deepcopy(document)
    del silent["operations"]["bars.update"]
    reason = r"operation bars\.subscribe: there is no bars\.update"
    with pytest.raises(InvalidSpecification, match=reason):
        _rendered(silent)


def _without(files: dict[str, str], path: str) -> dict[str, str]:
    return {name: text for name, text in files.items() if name != path}


def test_the_gate_finds_what_is_missing(
    document: dict[str, Any], files: dict[str, str]
) -> None:
    """An operation without a method, a component without a class, no Python at all."""

    def found(changed: dict[str, str]) -> Iterable[Finding]:
        return missing(document, changed, NAMES)

    assert found(files) == []
    path = "_market_socket/operations/bars.py"
    assert {finding.where for finding in found(_without(files, path))} == {
        "operation bars.subscribe",
        "operation bars.unsubscribe",
        "operation bars.update",
    }
    path = "_market_socket/models/wanted.py"
    assert [str(finding) for finding in found(_without(files, path))] == [
        "component Wanted: there is no class Wanted"
    ]
    facade = files["market_socket.py"].replace("operations.bars", "operations.prices")
    assert found({**files, "market_socket.py": facade})
    assert found({**files, "market_socket.py": "def"})


def test_hostile_words_stay_words() -> None:
    """A description cannot leave its docstring, a name cannot leave its quotes."""
    bars = type("Evil", (Bars,), {"__doc__": 'Ends """ here.\n\n\\" import os'})
    document = _document(bars("bars"))
    channel = next(iter(document["channels"].values()))
    channel["address"] = '/ws"); import os; ("'
    files = _rendered(document)
    compile(files["market_socket.py"], "market_socket.py", "exec")
    assert missing(document, files, NAMES) == []
    assert "import os; (" in files["market_socket.py"]
