"""What an author may declare, and that nothing changes it afterwards."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from fastapi import APIRouter
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

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


@pytest.mark.parametrize("middleware", [[1], [GZipMiddleware], 1, "gzip"])
def test_what_is_no_middleware_is_refused(middleware: object) -> None:
    """A class alone is none either: it has to be wrapped."""
    with pytest.raises(BadDeclaration, match=r"middleware.* is a \w+, expected a .*M"):
        Module(middleware=middleware)  # type: ignore[arg-type] # what is tested


@pytest.mark.parametrize(
    ("handlers", "message"),
    [
        ({"x": print}, "has key 'x', expected a status code or a class of exceptions"),
        ({True: print}, "has key True"),
        ({int: print}, "has key <class 'int'>"),
        ({404: 1}, r"exception_handlers\[404\] is a int, expected a callable"),
        ([404], "exception_handlers is a list, expected a mapping"),
    ],
)
def test_impossible_exception_handlers_are_refused(
    handlers: object, message: str
) -> None:
    """Neither the key nor the handler is left for the first request to find."""
    with pytest.raises(BadDeclaration, match=message):
        Module(exception_handlers=handlers)  # type: ignore[arg-type] # what is tested


def test_every_bad_handler_is_told_at_once() -> None:
    """The key and the value of one entry are two faults."""
    with pytest.raises(BadDeclaration) as caught:
        Module(
            middleware=[1],  # type: ignore[list-item] # what is tested
            exception_handlers={"x": 1},  # type: ignore[dict-item] # what is tested
        )
    assert "middleware[0] is a int" in str(caught.value)
    assert "has key 'x'" in str(caught.value)
    assert "exception_handlers['x'] is a int" in str(caught.value)


def test_what_fastapi_takes_is_taken() -> None:
    """Middleware with arguments, handlers of codes and of exceptions."""
    module = Module(
        middleware=[Middleware(GZipMiddleware, minimum_size=10)],
        exception_handlers={404: print, ValueError: print},
    )
    assert len(module.middleware) == 1
    assert set(module.exception_handlers) == {404, ValueError}
