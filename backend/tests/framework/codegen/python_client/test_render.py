"""What is rendered: its shape, its bytes, and that it is complete and well typed."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from modular_api.codegen.formatting import format_source
from modular_api.codegen.python_client.coverage import missing
from modular_api.codegen.python_client.errors import (
    GeneratorWarnings,
    IncompleteClient,
)
from modular_api.codegen.python_client.index import render_index
from modular_api.codegen.python_client.names import HEADER, ClientNames
from modular_api.codegen.python_client.render import render_python_client
from modular_api.errors import ConfigurationError

GOLDEN = Path(__file__).with_name("golden")
"""The expected files, `.txt` added so that no tool takes them for code."""

SMALL: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "order_book", "version": "1"},
    "servers": [{"url": "/api/v2/order_book"}],
    "paths": {
        "/orders/{order_id}": {
            "get": {
                "operationId": "get_order",
                "summary": "Get an order.",
                "parameters": [
                    {
                        "name": "order_id",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "format": "uuid"},
                    },
                    {
                        "name": "depth",
                        "in": "query",
                        "schema": {"type": "integer", "default": 1},
                    },
                ],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/Order"}
                            }
                        },
                    },
                    "404": {"description": ""},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Order": {
                "title": "Order",
                "type": "object",
                "properties": {
                    "symbol": {"type": "string"},
                    "side": {"$ref": "#/components/schemas/Side"},
                },
                "required": ["symbol", "side"],
            },
            "Side": {"title": "Side", "type": "string", "enum": ["buy", "sell"]},
        }
    },
}


def render(document: dict[str, Any], **options: Any) -> dict[str, str]:
    """Render as version 2 of the module `order_book`."""
    return render_python_client(document, module="order_book", version="v2", **options)


def test_the_files_of_a_small_client_are_these() -> None:
    """Golden records of what users import and of what lies beneath it."""
    files = render(SMALL)
    expected = {
        path.relative_to(GOLDEN)
        .as_posix()
        .removesuffix(".txt"): path.read_text("utf-8")
        for path in sorted(GOLDEN.rglob("*.txt"))
    }
    assert files == expected


def test_every_file_begins_with_the_command_that_makes_it(
    shop_files: dict[str, str],
) -> None:
    """The marker of type information too."""
    for path, text in shop_files.items():
        assert text.startswith(HEADER), path


def test_every_file_is_as_the_formatters_leave_it(shop_files: dict[str, str]) -> None:
    """The typed surface is formatted in pieces, and the whole is none the worse."""
    for path, text in shop_files.items():
        if path.endswith(".py"):
            assert format_source(text) == text, path


def test_common_files_are_laid_out_before_black_sees_them() -> None:
    """What black need not change it reads once, and else twice."""
    raw: list[str] = []

    def keep(text: str) -> str:
        raw.append(text)
        return text

    render(SMALL, format_file=keep)
    bodies = [re.search(r"^(@|class |def ).*", text, re.M | re.S) for text in raw]
    assert (
        sum(body is not None for body in bodies) == 4
    )  # enum, model, operation, its methods
    for text, body in zip(raw, bodies, strict=True):
        assert format_source(text).endswith(body[0] if body else "")


def test_no_generated_file_has_a_suppression(shop_files: dict[str, str]) -> None:
    """Neither of the type checker nor of the linter."""
    assert not any("type: ignore" in text for text in shop_files.values())
    assert not any("noqa" in text for text in shop_files.values())


def test_equal_documents_give_equal_bytes(
    shop_document: dict[str, Any], tmp_path: Path
) -> None:
    """Over hash seeds, and over the order of the document's keys."""
    path = tmp_path / "document.json"
    path.write_text(json.dumps(shop_document))
    program = (
        "import hashlib, json, sys\n"
        "from modular_api.codegen.python_client.render import render_python_client\n"
        "document = json.load(open(sys.argv[1]))\n"
        "document['paths'] = dict(reversed(document['paths'].items()))\n"
        "files = render_python_client(document, module='shop', version='v1',"
        " format_file=str)\n"
        "print(hashlib.sha256(json.dumps(list(files.items())).encode()).hexdigest())\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": _source()},
        )
        for seed in ("0", "1", "2")
    ]
    digests = {process.communicate()[0].strip() for process in processes}
    assert [len(digest) for digest in digests] == [64]
    once = render(SMALL, format_file=str)
    assert (
        render(json.loads(json.dumps(SMALL, sort_keys=True)), format_file=str) == once
    )


def test_prose_of_the_document_changes_no_bytes_but_docstrings() -> None:
    """Title, version and servers are not part of a client."""
    other = copy.deepcopy(SMALL)
    other["info"] = {"title": "Another", "version": "7", "description": "words"}
    other["servers"] = [{"url": "https://example.com"}]
    other["tags"] = [{"name": "x"}]
    assert render(other, format_file=str) == render(SMALL, format_file=str)


def test_one_changed_operation_formats_its_pieces_only() -> None:
    """The rest of the typed surface is taken from the cache."""
    formatted: list[str] = []

    def format_file(text: str) -> str:
        formatted.append(text)
        return text

    render(SMALL, format_file=format_file)
    before = set(formatted)
    formatted.clear()
    changed = copy.deepcopy(SMALL)
    operation = changed["paths"]["/orders/{order_id}"]["get"]
    operation["parameters"][1]["schema"] = {"type": "boolean"}
    render(changed, format_file=format_file)
    assert len(set(formatted) - before) == 2  # its module and its methods


def test_formatting_can_run_in_parallel() -> None:
    """`map_files` is given every text at once, and keeps their order."""
    batches: list[int] = []

    def map_files(
        function: Callable[[str], str], texts: Iterable[str]
    ) -> Iterable[str]:
        collected = list(texts)
        batches.append(len(collected))
        return [function(text) for text in reversed(collected)][::-1]

    assert render(SMALL, map_files=map_files) == render(SMALL)
    assert batches == [9]


def test_a_version_and_a_multi_word_module_are_in_the_names() -> None:
    """`order_book` v2 is `OrderBookV2Client` in `order_book_v2_client.py`."""
    names = ClientNames("order_book", "v2")
    assert names.class_name == "OrderBookV2Client"
    assert names.module_name == "order_book_v2_client"
    assert names.package == "_order_book_v2"
    assert ClientNames("order_book", "v1").class_name == "OrderBookClient"


@pytest.mark.parametrize(
    ("module", "version"),
    [("../../x", "v1"), ("class", "v1"), ("Broker", "v1"), ("a", "v0"), ("a", "v1/..")],
)
def test_names_that_are_no_names_are_refused(module: str, version: str) -> None:
    """A path can come of neither module nor version."""
    with pytest.raises(ConfigurationError, match="expected|cannot name"):
        render_python_client(SMALL, module=module, version=version)


def test_the_index_lists_clients_and_loads_none() -> None:
    """Sorted, whatever the order they are given in."""
    index = render_index([("broker", "v2"), ("broker", "v1")])
    assert index.index('"BrokerClient",') < index.index('"BrokerV2Client",')
    assert format_source(index) == index
    assert "__all__: list[str] = []" in render_index([])


def test_an_operation_that_is_missing_is_found(
    shop_document: dict[str, Any], shop_files: dict[str, str]
) -> None:
    """In each of the places it must stand in."""
    names = ClientNames("shop", "v1")
    assert missing(shop_document, shop_files, names) == []

    def found(path: str, old: str, new: str, count: int = -1) -> list[str]:
        assert old in shop_files[path]
        doctored = {**shop_files, path: shop_files[path].replace(old, new, count)}
        return [str(finding) for finding in missing(shop_document, doctored, names)]

    operation = "_shop/api/operations/place_order.py"
    assert found(operation, '"post"', '"put"') == [
        "POST /orders: no function sends this request"
    ]
    assert found(operation, '"/orders"', '"/order"') == [
        "POST /orders: no function sends this request"
    ]
    assert found("shop_client.py", "import place_order as", "import echo as") == [
        "POST /orders: the client has no async method for it",
        "POST /orders: the client has no sync method for it",
    ]
    assert found("shop_client.py", "import text as", "import echo as", 1) == [
        "GET /text: the client has no async method for it"
    ]
    assert found("_shop/models/order.py", "class Order(", "class Ordre(") == [
        "component Order: there is no class Order"
    ]
    assert (
        "is no Python" in found("_shop/models/order.py", "class Order(", "class (")[0]
    )
    # The parser lets this pass, the compiler does not.
    (repeated,) = found("shop_client.py", '"""', 'dict(a=1, a=2)\n"""', 1)
    assert "is no Python: keyword argument repeated: a" in repeated


def test_a_client_that_is_incomplete_is_an_error() -> None:
    """The gate stands behind the formatters: what it sees is what is written."""

    def damage(text: str) -> str:
        return text.replace('"get"', '"head"')

    with pytest.raises(
        IncompleteClient, match=r"GET /orders/\{order_id\}: no function"
    ):
        render(SMALL, format_file=damage)


def test_what_the_generator_warns_of_is_refused_by_name() -> None:
    """Unless it stands on the allow-list, word for word."""
    document = copy.deepcopy(SMALL)
    document["paths"]["/feed"] = {
        "post": {
            "operationId": "feed",
            "requestBody": {
                "content": {"application/cbor": {"schema": {"type": "object"}}}
            },
            "responses": {"204": {"description": ""}},
        }
    }
    with pytest.raises(GeneratorWarnings, match="Module 'order_book' v2") as caught:
        render(document)
    (finding,) = caught.value.findings
    assert finding.where == "POST /feed"
    assert "a body of application/cbor cannot be made of dict[str, Any]" in str(finding)
    files = render(document, allowed=frozenset({str(finding)}))
    assert "_order_book_v2/api/operations/feed.py" in files


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"callbacks": {"paid": {}}}, "the callback 'paid' is not in the client"),
        ({"security": [{"key": []}]}, "cannot authenticate by 'key'"),
    ],
)
def test_what_the_generator_drops_in_silence_is_refused(
    change: dict[str, Any], expected: str
) -> None:
    """Callbacks, and certificates as credentials."""
    document = copy.deepcopy(SMALL)
    document["components"]["securitySchemes"] = {"key": {"type": "mutualTLS"}}
    document["paths"]["/orders/{order_id}"]["get"].update(change)
    with pytest.raises(GeneratorWarnings, match=expected):
        render(document)


def test_webhooks_are_refused() -> None:
    """They are no calls, so a client has no place for them."""
    with pytest.raises(GeneratorWarnings, match="webhook paid"):
        render({**SMALL, "webhooks": {"paid": {}}})


def _source() -> str:
    return str(Path(__file__).parents[4] / "src")
