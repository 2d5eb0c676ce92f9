"""What generated models have in common."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, field

from modular_api.clients.models import OpenModel


@define
class Order(OpenModel[Any]):
    symbol: str
    additional_properties: dict[str, Any] = field(init=False, factory=dict)


def test_fields_the_specification_does_not_name_are_items() -> None:
    """They can be read, written, asked for and deleted; named ones are attributes."""
    order = Order(symbol="A")
    order["note"] = 1
    assert order["note"] == 1
    assert "note" in order
    assert "symbol" not in order
    assert order.additional_keys == ["note"]
    del order["note"]
    assert order.additional_properties == {}
    with pytest.raises(KeyError):
        _ = order["note"]


def test_a_model_stays_as_small_as_attrs_makes_it() -> None:
    """A name with a slip is an error, as there is no `__dict__`."""
    with pytest.raises(AttributeError):
        Order(symbol="A").symbl = "B"  # type: ignore[attr-defined]  # the slip
    assert Order(symbol="A") == Order(symbol="A") != Order(symbol="B")
