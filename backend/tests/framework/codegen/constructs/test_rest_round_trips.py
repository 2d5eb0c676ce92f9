"""Typed values go through the generated client to a live app, and come back equal."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from modular_api.clients.errors import InvalidArgument
from tests.framework.codegen.constructs.catalogue import Construct
from tests.framework.codegen.constructs.rest_constructs import CONSTRUCTS, document


@pytest.mark.parametrize("construct", CONSTRUCTS.values(), ids=CONSTRUCTS)
async def test_a_construct_comes_back_as_it_went_out(
    construct: Construct, client: Any, generated: ModuleType
) -> None:
    """In value and in type, all the way down."""
    await construct.check(client, generated)


@pytest.mark.parametrize("value", [(1, "a"), (), (1, "a", None, 4)])
async def test_a_tuple_of_another_length_is_not_sent(client: Any, value: Any) -> None:
    """One that is too long would be sent without its end."""
    with pytest.raises(InvalidArgument, match="places, not 3"):
        await client.tuple_body(value)
    with pytest.raises(InvalidArgument, match="places, not 2"):
        await client.nested_tuple_body([("a", value[:1])])


def test_every_operation_belongs_to_a_construct() -> None:
    """And every construct has operations: none is a word alone."""
    stated = [name for item in CONSTRUCTS.values() for name in item.operations]
    served = {
        operation["operationId"]
        for path, item in document()["paths"].items()
        for operation in item.values()
        if path not in ("/health", "/version", "/versions")
    }
    assert len(stated) == len(set(stated))
    assert set(stated) == served
