"""Documents that cannot be compared are refused with a place, and never crash."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modular_api.specs.diff import (
    DifferentKinds,
    DiffError,
    MalformedDocument,
    NestedTooDeeply,
    UnknownDocument,
    UnresolvedReference,
    compare,
)
from tests.framework.specs.diff.documents import (
    Json,
    an_operation,
    asyncapi,
    in_request,
    json_content,
    openapi,
)

BACKEND = Path(__file__).resolve().parents[4]
SPECS = sorted(BACKEND.glob("src/trading_api/modules/*/specs_generated/*.json"))
WHOLE = openapi(an_operation())

JUNK: list[Any] = [
    None,
    1,
    -1.5,
    True,
    "x",
    "",
    [],
    {},
    [1, 2],
    [None],
    {"$ref": "#/nowhere"},
    {"$ref": "other.json#/x"},
    {"$ref": 5},
    {"type": "strange"},
]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, "#"),
        (None, "#"),
        ([], "#"),
        ("openapi", "#"),
        ({"openapi": "2.0", "info": {}, "paths": {}}, "#/openapi"),
        ({"openapi": 3.1, "info": {}, "paths": {}}, "#/openapi"),
        ({"swagger": "2.0", "info": {}, "paths": {}}, "#"),
        ({"asyncapi": "2.6.0", "info": {}, "channels": {}}, "#/asyncapi"),
        ({"openapi": "3.1.0", "asyncapi": "3.0.0"}, "#"),
    ],
)
def test_what_is_no_contract_is_refused(document: Any, place: str) -> None:
    """On either side, and even if both are the same."""
    for pair, side in (((document, WHOLE), "old"), ((WHOLE, document), "new")):
        with pytest.raises(UnknownDocument) as raised:
            compare(*pair)
        assert (raised.value.side, raised.value.place) == (side, place)
        assert f"The {side} document" in str(raised.value)
    with pytest.raises(UnknownDocument):
        compare(document, document)


@pytest.mark.parametrize(
    "document", [{"openapi": "3.1.0"}, {"openapi": "3.1.0", "info": {"title": "x"}}]
)
def test_a_document_that_ends_early_is_refused(document: Json) -> None:
    """A truncated document must not look as if everything had been removed."""
    with pytest.raises(MalformedDocument, match="The new document is damaged at #"):
        compare(WHOLE, document)


def test_http_and_sockets_are_not_compared() -> None:
    """The message says which is which."""
    with pytest.raises(DifferentKinds, match="old document is OpenAPI and the new one"):
        compare(WHOLE, asyncapi())


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "strange"}, "/type"),
        ({"maximum": "9"}, "/maximum"),
        ({"properties": []}, "/properties"),
        ({"required": [1]}, "/required"),
        ({"anyOf": {}}, "/anyOf"),
        ({"anyOf": [3]}, "/anyOf/0"),
        (7, ""),
    ],
)
def test_a_damaged_schema_is_named_with_its_place(schema: Any, place: str) -> None:
    """A pointer into the document that is wrong."""
    start = "#/paths/~1orders/post/requestBody/content/application~1json/schema"
    with pytest.raises(MalformedDocument) as raised:
        compare(in_request({"type": "string"}), in_request(schema))
    assert (raised.value.side, raised.value.place) == ("new", start + place)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("#/components/schemas/Missing", "does not exist"),
        ("other.json#/Order", "not inside the document"),
        ("#/components/schemas/A", "leads back to itself"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(reference: str, reason: str) -> None:
    """Missing, outside, or in a circle of nothing but references."""
    schemas = {
        "A": {"$ref": "#/components/schemas/B"},
        "B": {"$ref": "#/components/schemas/A"},
    }
    new = in_request({"$ref": reference})
    new["components"] = {"schemas": schemas}
    with pytest.raises(UnresolvedReference, match=reason) as raised:
        compare(in_request({"type": "string"}), new)
    assert raised.value.side == "new"


def test_a_document_of_endless_depth_is_refused() -> None:
    """Python's own limit is no answer to a user."""
    deep: Json = {"type": "string"}
    for _ in range(5000):
        deep = {"type": "array", "items": deep}
    old = {"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": {"responses": {}}}}}
    new = copy.copy(old)
    new["paths"] = {
        "/x": {
            "get": {
                "responses": {"200": json_content(deep)},
                "requestBody": json_content(deep),
            }
        }
    }
    old["paths"] = {
        "/x": {
            "get": {
                "responses": {"200": json_content({"type": "array", "items": deep})}
            }
        }
    }
    with pytest.raises(NestedTooDeeply):
        compare(old, new)


def slots(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container below a node with each of its keys."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        yield node, key
        if isinstance(value, (dict, list)):
            yield from slots(value)


def damaged(document: Json, random_: random.Random) -> Json:
    """Return a copy in which one to four things are missing or of another kind."""
    damaged = copy.deepcopy(document)
    for _ in range(random_.choice((1, 1, 2, 4))):
        places = list(slots(damaged))
        if not places:
            break
        container, key = random_.choice(places)
        if random_.random() < 0.3:
            del container[key]
        else:
            container[key] = copy.deepcopy(random_.choice(JUNK))
    return damaged


def truncated(document: Json, random_: random.Random) -> Any:
    """Return what a lenient parser makes of a document that was cut off."""
    kept = random_.randrange(len(document) + 1)
    cut = dict(list(document.items())[:kept])
    for value in cut.values():
        if isinstance(value, dict):
            for key in list(value)[random_.randrange(len(value) + 1) :]:
                del value[key]
    return cut


@pytest.mark.parametrize("seed", range(10))
def test_damaged_documents_give_changes_or_an_error_with_a_place(seed: int) -> None:
    """1,000 mutated or truncated documents of both kinds; nothing else may come out."""
    random_ = random.Random(seed)
    documents = [*(json.loads(path.read_text()) for path in SPECS), asyncapi()]
    errors = []
    for turn in range(100):
        document = copy.deepcopy(random_.choice(documents))
        damage = truncated if turn % 4 == 0 else damaged
        other = damage(copy.deepcopy(document), random_)
        for pair in ((document, other), (other, document)):
            try:
                compare(*pair)
            except DiffError as error:
                errors.append(error)
    assert errors
    assert [e for e in errors if e.place not in str(e) or e.place[0] != "#"] == []
