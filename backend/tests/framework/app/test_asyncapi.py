"""Sockets in an app: their documents are served, stored, compared and shown."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from modular_api import AppFactory
from modular_api.codegen.errors import GenerationDrift
from modular_api.specs.canonical import canonical_bytes
from tests.framework.ws.documents import official_errors

SOCKET = """
    from collections.abc import AsyncIterator

    from fastapi import APIRouter
    from pydantic import BaseModel

    from modular_api import Module
    from modular_api.ws import WsRouter

    class Request(BaseModel):
        symbol: str

    class Quote(BaseModel):
        symbol: str
        price: str

    class Quotes(WsRouter[Request, Quote]):
        \"\"\"Live quotes.\"\"\"

        async def stream(self, request: Request) -> AsyncIterator[Quote]:
            yield Quote(symbol=request.symbol, price="1")

    module = Module(ws={"v1": [Quotes("quotes")], "v2": [Quotes("prices")]})
"""

WriteModule = Callable[..., Path]


def client_of(modules_dir: Path, generation: str = "off") -> TestClient:
    return TestClient(AppFactory(modules_dir, generation=generation).create_app())


@pytest.fixture
def client(modules_dir: Path, write_module: WriteModule) -> TestClient:
    """A client of two modules, one with a socket in two versions; not started."""
    write_module("feed", SOCKET, doc="Prices.")
    write_module("plain")
    return client_of(modules_dir)


def test_a_module_serves_its_document(client: TestClient) -> None:
    """One for each version, with the real address."""
    for version, operation in (("v1", "quotes.subscribe"), ("v2", "prices.subscribe")):
        answer = client.get(f"/api/{version}/feed/asyncapi.json")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        document = answer.json()
        assert document["channels"]["feed"]["address"] == f"/api/{version}/feed/ws"
        assert operation in document["operations"]
        assert answer.content == canonical_bytes(document)


def test_a_module_without_a_socket_has_no_document(client: TestClient) -> None:
    """It is not found, and the module still answers."""
    assert client.get("/api/v1/plain/asyncapi.json").status_code == 404
    assert client.get("/api/v1/plain/health").status_code == 200


def test_the_merged_document_has_every_socket(
    client: TestClient, tmp_path: Path
) -> None:
    """Of its version alone; the official parser likes it."""
    documents = {
        version: client.get(f"/api/{version}/asyncapi.json").json()
        for version in ("v1", "v2")
    }
    assert "feed_quotes.update" in documents["v1"]["operations"]
    assert "feed_prices.update" in documents["v2"]["operations"]
    assert "feed_quotes.update" not in documents["v2"]["operations"]
    assert official_errors(tmp_path, **documents) == ""


def test_an_app_without_sockets_has_a_document_without_operations(
    modules_dir: Path, write_module: WriteModule
) -> None:
    """A client that asks needs not know."""
    write_module("plain")
    document = client_of(modules_dir).get("/api/v1/asyncapi.json").json()
    assert document["operations"] == document["channels"] == {}


def test_the_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    """Its scripts are files beside it, as its policy demands, and all are there."""
    page = client.get("/api/v1/asyncapi")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert "<script>" not in page.text and "style=" not in page.text
    assert re.findall(r"\son\w+=", page.text) == []
    targets = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
    assert len(targets) >= 5
    for target in targets:
        if not target.startswith("data:"):
            assert client.get(f"/api/v1/{target}").status_code == 200, target


def test_the_scripts_import_only_their_neighbours(client: TestClient) -> None:
    """Nothing of the assets names another host."""
    for name in ("page.js", "document.js", "page.css"):
        answer = client.get(f"/api/v1/asyncapi/assets/{name}")
        assert answer.status_code == 200
        assert re.findall(r"https?://|@import|url\(", answer.text) == []
        for imported in re.findall(r"from \"([^\"]+)\"", answer.text):
            assert imported.startswith("./")


def test_a_start_stores_the_documents(
    modules_dir: Path, write_module: WriteModule
) -> None:
    """Beside the OpenAPI ones, canonical; a module without a socket has none."""
    feed, plain = write_module("feed", SOCKET), write_module("plain")
    with client_of(modules_dir, "auto") as client:
        served = client.get("/api/v1/feed/asyncapi.json").content
    specs = feed / "specs_generated"
    assert (specs / "feed_asyncapi.json").read_bytes() == served
    assert (specs / "feed_v2_asyncapi.json").is_file()
    assert not list(plain.glob("specs_generated/*asyncapi*"))


def test_what_changed_is_logged_in_words(
    modules_dir: Path, write_module: WriteModule, caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing but the changed document is written again."""
    feed = write_module("feed", SOCKET)
    with client_of(modules_dir, "auto"):
        pass
    spec = feed / "specs_generated" / "feed_asyncapi.json"
    stored = json.loads(spec.read_text())
    del stored["components"]["schemas"]["Quote"]["properties"]["price"]
    spec.write_bytes(canonical_bytes(stored))
    clients = {
        path: path.stat().st_mtime_ns
        for path in (feed / "client_generated").rglob("*")
        if path.is_file()
    }
    with caplog.at_level(logging.INFO), client_of(modules_dir, "auto"):
        pass
    assert (
        "feed v1 socket: component Quote: required field 'price' added, string"
        in caplog.messages
    )
    assert "price" in spec.read_text()
    assert {path: path.stat().st_mtime_ns for path in clients} == clients


def test_a_stale_document_fails_where_files_are_checked(
    modules_dir: Path, write_module: WriteModule
) -> None:
    """The error names it."""
    feed = write_module("feed", SOCKET)
    with client_of(modules_dir, "auto"):
        pass
    (feed / "specs_generated" / "feed_v2_asyncapi.json").write_text("{}\n")
    with (
        pytest.raises(GenerationDrift, match="feed_v2_asyncapi.json"),
        client_of(modules_dir, "check"),
    ):
        pass


def test_a_document_of_a_socket_that_is_gone_is_removed(
    modules_dir: Path, write_module: WriteModule
) -> None:
    """Nothing on disk tells of what is no more."""
    plain = write_module("plain")
    with client_of(modules_dir, "auto"):
        pass
    left_over = plain / "specs_generated" / "plain_asyncapi.json"
    left_over.write_text("{}\n")
    with client_of(modules_dir, "auto"):
        pass
    assert not left_over.exists()
