"""One AsyncAPI document of many modules' sockets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from modular_api.specs.canonical import canonical, canonical_bytes
from modular_api.specs.errors import RepeatedModuleSpec
from modular_api.specs.merge import ModuleSpec
from modular_api.specs.merge_asyncapi import merge_asyncapi
from modular_api.ws.asyncapi import build_asyncapi_document
from modular_api.ws.operations import OperationKind, SocketSpec
from tests.framework.ws.documents import official_errors, resolved
from tests.framework.ws.rich_socket import SPEC, send

HTTP_BEARER = {"guard": {"type": "http", "scheme": "bearer"}}
HTTP_BASIC = {"guard": {"type": "http", "scheme": "basic"}}


def part(spec: SocketSpec) -> ModuleSpec:
    document = build_asyncapi_document(spec)
    return ModuleSpec(spec.module, spec.version, f"/api/v1/{spec.module}", document)


def merged(*specs: SocketSpec) -> dict[str, Any]:
    return merge_asyncapi([part(spec) for spec in specs], title="All", version="v1")


def other(**changes: Any) -> SocketSpec:
    """Return a second module with the same operations."""
    return replace(SPEC, module="broker", address="/api/v1/broker/ws", **changes)


def names_of(document: dict[str, Any], section: str) -> set[str]:
    return set(document["components"].get(section, {}))


def test_operations_bear_their_modules_name_and_messages_keep_theirs() -> None:
    """What goes over the wire does not know of the merge."""
    document = merged(SPEC, other())
    operation = document["operations"]["broker_bars.subscribe"]
    assert operation["channel"] == {"$ref": "#/channels/broker"}
    assert resolved(document, operation["channel"])["address"] == "/api/v1/broker/ws"
    assert resolved(document, operation["messages"][0])["name"] == "bars.subscribe"
    assert set(document["channels"]) == {"broker", "datafeed"}


def test_components_that_say_the_same_are_shared() -> None:
    """Two modules with one interface have one set of messages and schemas."""
    document, alone = merged(SPEC, other()), merged(SPEC)
    assert document["components"] == alone["components"]


def test_components_that_differ_get_the_modules_names() -> None:
    """A `Cat` of another shape, and each message that carries one."""

    class Cat(BaseModel):
        lives: int

    operations = (send("default", OperationKind.EVENT, Cat),)
    document = merged(SPEC, other(operations=operations))
    assert {"BrokerCat", "DatafeedCat"} <= names_of(document, "schemas")
    assert "Cat" not in names_of(document, "schemas")
    assert {"Brokerdefault", "Datafeeddefault"} <= names_of(document, "messages")
    channel = document["channels"]["broker"]
    assert channel["messages"] == {
        "default": {"$ref": "#/components/messages/Brokerdefault"}
    }


def test_security_schemes_that_differ_are_followed_by_their_operations() -> None:
    """Bearer here, basic there."""
    document = merged(replace(SPEC, security=HTTP_BEARER), other(security=HTTP_BASIC))
    for module, scheme in (("datafeed", "bearer"), ("broker", "basic")):
        (guard,) = document["operations"][f"{module}_bars.subscribe"]["security"]
        assert resolved(document, guard)["scheme"] == scheme


def test_the_official_parser_finds_no_error(tmp_path: Path) -> None:
    """Merged, guarded, and with no module at all."""
    both = merged(replace(SPEC, security=HTTP_BEARER), other(security=HTTP_BASIC))
    assert official_errors(tmp_path, both=both, none=merged()) == ""


def test_every_reference_leads_somewhere() -> None:
    """Renamed or not."""
    document = merged(SPEC, other(security=HTTP_BASIC))
    text = json.dumps(document)
    references = {piece.split('"')[0] for piece in text.split('"$ref": "')[1:]}
    assert references
    for reference in references:
        assert resolved(document, {"$ref": reference})


def test_the_order_of_modules_does_not_matter() -> None:
    """The document is canonical."""
    document = merged(SPEC, other())
    assert canonical_bytes(merged(other(), SPEC)) == canonical_bytes(document)
    assert canonical(document) == document


def test_one_module_twice_is_refused() -> None:
    """Versions are merged into documents of their own."""
    with pytest.raises(RepeatedModuleSpec):
        merged(SPEC, replace(SPEC, version="v2"))
