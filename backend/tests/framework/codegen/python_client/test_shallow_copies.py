"""Operations are parsed the same, whether they are copied deep or not."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from openapi_python_client.parser import openapi

from modular_api.codegen.python_client import generator
from modular_api.codegen.python_client.names import ClientNames
from modular_api.codegen.python_client.normalise import normalised
from modular_api.codegen.python_client.operations import client_operations
from modular_api.codegen.python_client.shallow_copies import shallow_copies

NAMES = ClientNames("shop", "v1")


def query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "integer"}}


def operation(name: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    answers = {"204": {"description": ""}}
    return {"operationId": name, "parameters": [*parameters], "responses": answers}


SHARED = {"$ref": "#/components/parameters/shared"}
SHARED_PARAMETER: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "shop", "version": "1"},
    "components": {"parameters": {"shared": query("item")}},
    "paths": {
        "/renamed/{item}": {
            "get": operation(
                "renamed",
                SHARED,
                {**query("item"), "in": "path", "required": True},
            )
        },
        "/kept": {
            "parameters": [SHARED],
            "get": operation("kept"),
            "post": operation("reserved", query("params")),
        },
    },
}


def test_everything_is_emitted_as_with_deep_copies(
    shop_document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a rich document, and of one whose operations share a parameter."""
    for document in (shop_document, SHARED_PARAMETER):
        copy = normalised(document, NAMES)
        ours = generator.emit(copy, NAMES)
        with monkeypatch.context() as patched:
            patched.setattr(generator, "shallow_copies", contextlib.nullcontext)
            deep = generator.emit(copy, NAMES)
        assert ours.files == deep.files
        assert ours.findings == deep.findings
        assert client_operations(ours.endpoints) == client_operations(deep.endpoints)


def test_a_name_that_collides_in_one_operation_is_kept_in_the_other() -> None:
    """The parameter they share is renamed for the one alone."""
    files = generator.emit(normalised(SHARED_PARAMETER, NAMES), NAMES).files
    assert "item_query: int | Unset" in files["api/operations/renamed.py"]
    assert "    item: int | Unset" in files["api/operations/kept.py"]


def test_the_parser_is_as_it_was_afterwards() -> None:
    """Also when it failed."""
    before = vars(openapi)["deepcopy"]

    def fail() -> None:
        with shallow_copies():
            assert vars(openapi)["deepcopy"] is not before
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert vars(openapi)["deepcopy"] is before
