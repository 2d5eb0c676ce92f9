"""The page of the sockets, used as a person would: a document object model, no fake."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import modular_api
from modular_api.testing import LiveServer
from tests.framework.ws.documents import CHECK, node_is_ready

pytestmark = pytest.mark.integration

ASSETS = Path(modular_api.__file__).parent / "static" / "asyncapi"


def test_messages_are_sent_and_watched(running_server: LiveServer) -> None:
    """What an operation takes is shown, sent, answered; updates, errors are listed."""
    node_is_ready()
    done = subprocess.run(
        [
            "node",
            str(CHECK / "use_page.js"),
            running_server.base_url,
            str(ASSETS),
            "datafeed_quotes.subscribe",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["title"] == "Trading API v1: sockets"
    assert {"broker_orders.update", "datafeed_bars.subscribe"} <= set(
        seen["operations"]
    )
    assert "payload.symbols" in seen["fields"]
    # A note of the connection has no type.
    assert seen["types"][:3] == ["", "quotes.subscribe", "quotes.subscribe.response"]
    assert "quotes.update" in seen["types"]
    assert seen["states"] == ["closed", "open"]
    assert seen["filtered"] == ["error"]
    assert seen["cleared"] == []


def read(expression: str) -> object:
    """Evaluate an expression with the names of the page's reader of documents."""
    node_is_ready()
    module = (ASSETS / "document.js").as_uri()
    script = f"import * as page from {json.dumps(module)}; "
    script += f"console.log(JSON.stringify({expression}))"
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("page", "socket"),
    [
        ("http://a:8000/api/v1/asyncapi", "ws://a:8000/api/v1/m/ws"),
        ("https://a/api/v2/asyncapi/", "wss://a/api/v1/m/ws"),
        ("https://a/below/it/api/v1/asyncapi", "wss://a/below/it/api/v1/m/ws"),
    ],
)
def test_it_connects_to_where_it_came_from(page: str, socket: str) -> None:
    """Behind TLS and behind a prefix, too."""
    assert read(f"page.socketUrl({json.dumps(page)}, '/api/v1/m/ws')") == socket


def test_types_are_said_in_words() -> None:
    """As the differences say them; what refers to itself ends."""
    document = {
        "components": {
            "schemas": {
                "Node": {
                    "type": "object",
                    "properties": {
                        "next": {
                            "anyOf": [
                                {"$ref": "#/components/schemas/Node"},
                                {"type": "null"},
                            ]
                        },
                        "items": {
                            "type": "array",
                            "items": {"type": "string", "format": "decimal"},
                        },
                        "kind": {"enum": ["a", 1]},
                        "pair": {
                            "type": "array",
                            "items": [{"type": "integer"}, {"const": "x"}],
                        },
                        "any": {},
                    },
                }
            }
        }
    }
    text = json.dumps(document)
    rows = read(f"page.fieldsOf({text}, {{$ref: '#/components/schemas/Node'}})")
    assert isinstance(rows, list)
    assert {row["path"]: row["type"] for row in rows} == {
        "next": "Node or null",
        "items": "list of string (decimal)",
        "kind": '"a" | 1',
        "pair": '[integer, "x"]',
        "any": "anything",
    }
