"""What changed in which contract, and who has to do with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from modular_api.contracts.comparison import find_changes
from modular_api.contracts.documents import Baseline, LiveContracts
from modular_api.contracts.errors import UnusableDocument
from modular_api.contracts.names import ContractName
from modular_api.specs.diff.change import Level
from tests.framework.contracts.conftest import (
    BROKER,
    BROKER_V2,
    REPORTS,
    TODAY,
    document,
    encoded,
)

ORDERS = encoded(document("GET /orders"))
BOTH = encoded(document("GET /orders", "POST /orders"))
OTHER = encoded(document("GET /reports", module="reports"))


def test_equal_contracts_do_not_load_the_engine() -> None:
    """Not even where they are no documents at all."""
    code = (
        "import sys\n"
        "from datetime import date\n"
        "import modular_api.app.contract_check\n"
        "from modular_api.contracts.comparison import find_changes\n"
        "from modular_api.contracts.documents import Baseline, LiveContracts\n"
        "from modular_api.contracts.names import ContractName\n"
        "same = {ContractName('a', 'v1', 'openapi'): b'any bytes'}\n"
        "print(find_changes(Baseline('x', same), LiveContracts(same), date.today()))\n"
        "print([name for name in sys.modules if 'specs.diff.' in name + '.'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout == "[]\n[]\n"


def test_a_change_knows_its_contract_handler_and_users() -> None:
    """What the engine cannot see is filled in."""
    live = LiveContracts(
        {BROKER: BOTH},
        handlers={("broker", "v1", "POST", "/orders"): "broker/routes.py:7"},
        used_by={"broker": ("reports",)},
    )
    [found] = find_changes(Baseline("x", {BROKER: ORDERS}), live, TODAY)
    change = found.change
    assert found.contract == BROKER
    assert change.rule == "endpoint-added"
    assert (change.module, change.version) == ("broker", "v1")
    assert change.handler == "broker/routes.py:7"
    assert change.used_by == ("reports",)


def test_contracts_are_in_order_and_the_worst_changes_first() -> None:
    """By module, version as a number, and level."""
    v10 = ContractName("broker", "v10", "openapi")
    old = {BROKER: encoded(document("GET /a")), v10: ORDERS, REPORTS: OTHER}
    new = {v10: BOTH, BROKER_V2: ORDERS, BROKER: encoded(document("GET /b"))}
    found = find_changes(Baseline("x", old), LiveContracts(new), TODAY)
    assert [(str(f.contract), f.change.level.value) for f in found] == [
        ("broker v1", "breaking"),
        ("broker v1", "compatible"),
        ("broker v2", "compatible"),
        ("broker v10", "compatible"),
        ("reports v1", "breaking"),
    ]


def test_a_new_contract_is_one_change() -> None:
    """However many operations it has."""
    [found] = find_changes(Baseline("x", {}), LiveContracts({BROKER: BOTH}), TODAY)
    assert found.change.rule == "api-version-added"
    assert found.change.level is Level.COMPATIBLE
    assert found.change.text == "broker v1 is new, with 2 operations."


def test_a_contract_that_is_gone_is_one_break() -> None:
    """It is named with its size."""
    [found] = find_changes(Baseline("x", {BROKER: ORDERS}), LiveContracts({}), TODAY)
    assert found.change.rule == "api-version-removed"
    assert found.change.level is Level.BREAKING
    assert found.change.text == "broker v1 was removed, with 1 operation."


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ({"deprecated": True, "x-sunset": "2026-06-14"}, Level.COMPATIBLE),
        ({"deprecated": True, "x-sunset": "2026-06-16"}, Level.BREAKING),
        ({"x-stability": "draft"}, Level.COMPATIBLE),
        ({}, Level.BREAKING),
    ],
)
def test_a_version_past_its_sunset_may_go(words, level: Level) -> None:
    """And one that was a draft; what every module answers by itself does not count."""
    old = document("GET /orders", **words)
    old["paths"] |= document("GET /health", "GET /version", "GET /versions")["paths"]
    promised = Baseline("x", {BROKER: encoded(old)})
    [found] = find_changes(promised, LiveContracts({}), TODAY)
    assert (found.change.rule, found.change.level) == ("api-version-removed", level)


def test_modules_nobody_looks_at_are_not_gone() -> None:
    """A process may serve some of the modules that were promised."""
    old = Baseline("x", {BROKER: ORDERS, BROKER_V2: ORDERS, REPORTS: OTHER})
    live = LiveContracts({BROKER: ORDERS}, modules=frozenset({"broker"}))
    [found] = find_changes(old, live, TODAY)
    assert (found.contract, found.change.rule) == (BROKER_V2, "api-version-removed")


def test_a_baseline_says_nothing_of_what_it_does_not_cover() -> None:
    """One document is no list of all contracts."""
    old = Baseline("x", {BROKER: ORDERS}, covers=lambda name: name == BROKER)
    live = LiveContracts({BROKER: BOTH, REPORTS: OTHER})
    assert [f.contract for f in find_changes(old, live, TODAY)] == [BROKER]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "line 1, column 2"),
        (b"\xff{}", "byte 0 is not UTF-8"),
        (b"[]", "it holds a list"),
        (b"[" * 100_000, "nested"),
        (b'{"a": ' + b"9" * 5000 + b"}", "cannot be compared"),
        (b"{}", "neither OpenAPI"),
        (b'{"openapi": "3.1.0", "info": {}, "paths": []}', "#/paths"),
        (b'{"asyncapi": "3.0.0", "info": {}, "channels": {}}', "AsyncAPI"),
    ],
)
def test_a_damaged_document_is_told_with_its_place(content: bytes, fault: str) -> None:
    """Whatever is wrong with it, it is no traceback."""
    with pytest.raises(UnusableDocument) as caught:
        find_changes(
            Baseline("old.json", {BROKER: content}),
            LiveContracts({BROKER: ORDERS}),
            TODAY,
        )
    assert "broker v1 of old.json cannot be compared" in str(caught.value)
    assert fault in str(caught.value)


@pytest.mark.parametrize("content", [b"{}", b"{", b'{"openapi": "3.1.0", "paths": []}'])
def test_a_damaged_document_of_a_removed_contract_is_told(content: bytes) -> None:
    """There is nothing to compare it with, but it must be read."""
    with pytest.raises(UnusableDocument):
        find_changes(Baseline("x", {BROKER: content}), LiveContracts({}), TODAY)


def test_a_socket_that_is_gone_is_one_break_too() -> None:
    """Unless all its operations were drafts."""
    name = ContractName("broker", "v1", "asyncapi")
    message = {"payload": {"type": "object"}}
    for words, level in (
        ({}, Level.BREAKING),
        ({"x-stability": "draft"}, Level.COMPATIBLE),
    ):
        socket = {
            "asyncapi": "3.0.0",
            "info": {"title": "broker", "version": "v1"},
            "channels": {
                "ws": {"address": "/api/v1/broker/ws", "messages": {"update": message}}
            },
            "operations": {
                "orders.update": {
                    "action": "send",
                    "channel": {"$ref": "#/channels/ws"},
                    **words,
                }
            },
        }
        promised = Baseline("x", {name: encoded(socket)})
        [found] = find_changes(promised, LiveContracts({}), TODAY)
        assert (found.contract, found.change.level) == (name, level)
        assert "broker v1 (socket) was removed, with 1 operation" in found.change.text
