"""The errors of calls: what they carry and what they say."""

from __future__ import annotations

from typing import Any

import pytest

import modular_api.clients as face
from modular_api.clients import errors
from modular_api.clients.answers import (
    DocumentedError,
    UndocumentedStatus,
    read_answer,
)
from modular_api.clients.types import UNSET, File
from modular_api.clients.wire import Response

JSON = {"content-type": "application/problem+json", "x-request-id": "r-1"}


def answer(status: int, content: bytes = b'{"detail": "why"}') -> Response:
    """Return an answer with a JSON body."""
    return Response(status, JSON, content)


def read(response: Response, outcome: Any) -> Any:
    """Read an answer with a parser that raises or returns the outcome."""

    def parse(_: Response) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return read_answer("GET /x", response, parse)


def test_success_is_returned() -> None:
    """As the parser made it."""
    assert read(answer(200), 42) == 42


@pytest.mark.parametrize(("status", "class_"), errors.ERRORS_BY_STATUS.items())
def test_a_documented_status_has_its_class(
    status: int, class_: type[errors.ApiError]
) -> None:
    """Its docstring says the status, too."""
    assert class_.__doc__ is not None
    assert class_.__doc__.startswith(f"{status}: ")
    with pytest.raises(class_) as caught:
        read(answer(status), DocumentedError("typed"))
    assert type(caught.value) is class_
    assert caught.value.problem == "typed"


@pytest.mark.parametrize(
    ("status", "class_"),
    [(418, errors.OtherClientError), (599, errors.OtherServerError)],
)
def test_a_documented_status_without_a_class_has_that_of_its_kind(
    status: int, class_: type[errors.ApiError]
) -> None:
    """It is no unexpected one."""
    with pytest.raises(class_):
        read(answer(status), DocumentedError())


def test_an_error_says_what_was_called_and_how_it_ended() -> None:
    """With the problem's detail and the id to look for in the server's log."""
    with pytest.raises(errors.UnexpectedStatus) as caught:
        read(answer(409), UndocumentedStatus())
    error = caught.value
    assert (error.status, error.problem, error.request_id) == (
        409,
        {"detail": "why"},
        "r-1",
    )
    assert str(error) == "GET /x answered 409 Conflict: why (request r-1)"


@pytest.mark.parametrize("fault", [KeyError("a"), ValueError(), TypeError()])
def test_a_body_that_cannot_be_read_is_malformed(fault: Exception) -> None:
    """Where the status says success; an error status stays what it is."""
    with pytest.raises(errors.MalformedResponse) as malformed:
        read(answer(200, b"<html>"), fault)
    assert malformed.value.__cause__ is fault
    assert malformed.value.problem is None
    with pytest.raises(errors.ServiceUnavailable):
        read(answer(503, b"<html>"), fault)


def test_text_is_decoded_by_its_charset() -> None:
    """UTF-8 where there is none, or one nobody knows."""
    for charset in ("; charset=latin-1", '; charset="LATIN-1"; a=b'):
        headers = {"content-type": f"text/plain{charset}"}
        assert Response(200, headers, b"\xfc").text == "ü"
    for header in ("text/plain", "text/plain; charset=nonsense"):
        assert Response(200, {"content-type": header}, "ü".encode()).text == "ü"


def test_a_missing_value_is_false_and_no_null() -> None:
    """`UNSET` is left out of what is sent."""
    assert not UNSET
    assert UNSET is not None
    assert repr(UNSET) == "UNSET"


def test_a_file_is_sent_under_a_name(tmp_path: Any) -> None:
    """A part without one would be an ordinary form field."""
    path = tmp_path / "a"
    path.write_bytes(b"x")
    with path.open("rb") as payload:
        assert File(payload).to_tuple() == ("upload", payload, None)


def test_the_face_exports_every_error_of_a_status() -> None:
    """Callers name them in `except`."""
    concrete = {class_.__name__ for class_ in errors.ERRORS_BY_STATUS.values()}
    assert concrete <= set(face.__all__)
