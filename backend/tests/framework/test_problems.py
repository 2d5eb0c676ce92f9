"""The answer to an invalid request, whatever the request holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Form
from fastapi.exceptions import RequestValidationError
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.requests import Request

from modular_api.problems import answer_validation_error

JSON = {"content-type": "application/json"}


class Item(BaseModel):
    price: int


@pytest.fixture
def client() -> Iterator[TestClient]:
    """A client of an app that takes items, counts and a form."""
    app = FastAPI()
    app.add_exception_handler(RequestValidationError, answer_validation_error)

    @app.post("/items")
    async def add_item(item: Item) -> int:
        return item.price

    @app.post("/counts")
    async def count(counts: dict[str, int]) -> int:
        return len(counts)

    @app.post("/form")
    async def send(price: Annotated[int, Form()]) -> int:
        return price

    with TestClient(app) as client:
        yield client


def error_of(answer: Any) -> dict[str, Any]:
    """Return the only error of an answer."""
    assert answer.status_code == 422
    (error,) = answer.json()["detail"]
    assert isinstance(error, dict)
    return error


def test_bytes_that_are_no_text(client: TestClient) -> None:
    """A body without a content type is not read as JSON, but repeated as it came."""
    assert error_of(client.post("/items", content=b"a\xff"))["input"] == "a\ufffd"


def test_half_of_a_surrogate_pair(client: TestClient) -> None:
    """JSON may spell it, and no JSON in UTF-8 can hold it: it is told as an escape."""
    body = b'{"price": ["\\ud800", "\\ud83d\\ude00"]}'
    answer = client.post("/items", content=body, headers=JSON)
    assert error_of(answer)["input"] == ["\\ud800", "\U0001f600"]


def test_half_of_a_surrogate_pair_as_a_key(client: TestClient) -> None:
    """Keys are repeated as well."""
    body = b'{"price": {"\\udfff": 1}}'
    answer = client.post("/items", content=body, headers=JSON)
    assert error_of(answer)["input"] == {"\\udfff": 1}


def test_half_of_a_surrogate_pair_in_the_place_of_the_error(client: TestClient) -> None:
    """The place of an error is made of keys."""
    body = b'{"\\ud800": "many"}'
    error = error_of(client.post("/counts", content=body, headers=JSON))
    assert error["loc"][0] == "body" and error["input"] == "many"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_lacks(client: TestClient, number: str) -> None:
    """They are told as text."""
    body = b'{"price": [%s]}' % number.encode()
    answer = client.post("/items", content=body, headers=JSON)
    assert error_of(answer)["input"] == [str(float(number))]


def test_an_input_that_is_nested_too_deeply_is_left_out(client: TestClient) -> None:
    """It can be read, but not written again."""
    body = b'{"price": %s}' % (b"[" * 700 + b"]" * 700)
    error = error_of(client.post("/items", content=body, headers=JSON))
    assert error["loc"] == ["body", "price"] and "input" not in error


async def test_an_input_that_is_no_data_is_left_out() -> None:
    """A dependency may have an app's own objects validated."""
    error = {"type": "int_type", "loc": ("query", "at"), "msg": "no", "input": object()}
    request = Request({"type": "http"})
    answer = await answer_validation_error(request, RequestValidationError([error]))
    told = {"type": "int_type", "loc": ["query", "at"], "msg": "no"}
    assert json.loads(bytes(answer.body)) == {"detail": [told]}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a text\n" * 300_000])
def test_a_file_in_the_place_of_a_field(client: TestClient, content: bytes) -> None:
    """It is no data."""
    answer = client.post("/form", files={"price": ("a.bin", content)})
    assert error_of(answer)["loc"] == ["body", "price"]
