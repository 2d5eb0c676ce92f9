"""What an author may declare, and that nothing changes it afterwards."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from fastapi import APIRouter

from modular_api import Module
from modular_api.module.declaration import BadDeclaration


def test_a_declaration_is_immutable() -> None:
    """Neither its fields nor the mappings and lists given for them can be changed."""
    uses = ["quotes"]
    module = Module(routers={"v1": APIRouter()}, uses=uses)
    uses.append("other")
    assert module.uses == ("quotes",)
    with pytest.raises(FrozenInstanceError):
        module.uses = ()  # type: ignore[misc] # what is tested
    with pytest.raises(TypeError):
        module.routers["v2"] = APIRouter()  # type: ignore[index] # what is tested


def test_versions_are_sorted_by_number() -> None:
    """v10 comes after v2."""
    routers = {name: APIRouter() for name in ("v10", "v2", "v1")}
    assert Module(routers=routers).version_names == ["v1", "v2", "v10"]


def test_a_module_without_routers_is_version_one() -> None:
    """It still answers health and the like."""
    assert Module().version_names == ["v1"]


@pytest.mark.parametrize("version", ["1", "v0", "v", "V1", "latest", 1])
def test_an_impossible_version_is_refused(version: object) -> None:
    """The message says what a version looks like."""
    with pytest.raises(BadDeclaration, match="expected 'v1', 'v2'"):
        Module(routers={version: APIRouter()})  # type: ignore[dict-item] # what is tested


def test_everything_wrong_is_told_at_once() -> None:
    """One error lists every fault of the declaration."""
    with pytest.raises(BadDeclaration) as caught:
        Module(
            routers={"1": object()},  # type: ignore[dict-item] # what is tested
            uses="quotes",
            service=3,  # type: ignore[arg-type] # what is tested
            ws={"v1": "bars"},
        )
    text = str(caught.value)
    for part in (
        "version '1'",
        "is a object",
        "uses is the string",
        "is a int",
        "ws['v1']",
    ):
        assert part in text
