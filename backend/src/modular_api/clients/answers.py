"""From an answer to a typed value or a typed error.

A generated operation parses its answer with a function that returns the success model
or raises one of the two signals below; `read_answer` makes the error out of them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from modular_api.clients.errors import (
    ApiError,
    MalformedResponse,
    UnexpectedStatus,
    error_class,
)
from modular_api.clients.wire import Response

T = TypeVar("T")
Headers = TypeVar("Headers")

_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)
"""What generated models raise on bodies they cannot read."""


@dataclass(frozen=True)
class Answer(Generic[T, Headers]):
    """What an operation returned, and the headers it came with."""

    value: T
    headers: Headers


class DocumentedError(Exception):
    """The answer has an error status that the specification documents."""

    def __init__(self, problem: Any = None) -> None:
        self.problem = problem


class UndocumentedStatus(Exception):
    """The answer has a status that the specification does not document.

    Attributes:
        like: the documented status as whose answer this one may be read if it is a
            success; None if there is none, or more than one.
    """

    def __init__(self, like: int | None = None) -> None:
        self.like = like


def read_answer(
    call: str, response: Response, parse: Callable[[Response], T], *, attempts: int = 1
) -> T:
    """Return the answer as its success model; `attempts` were needed to get it.

    A success that is not documented, a newer server's 202 for 200, is read like the one
    that is; where the body does not fit, the status was an unexpected one.

    Raises: ApiError: the class says which kind; its `problem` is the parsed body.
    """
    try:
        return parse(response)
    except UndocumentedStatus as undocumented:
        like = undocumented.like
        if like is not None and 200 <= response.status_code < 300:
            with suppress(*_UNREADABLE):
                return parse(replace(response, status_code=like))
        error: ApiError = UnexpectedStatus(call, response, _json_or_none(response))
        cause = None
    except DocumentedError as documented:
        problem = documented.problem
        if problem is None:
            problem = _json_or_none(response)
        error = error_class(response.status_code)(call, response, problem)
        cause = None
    except _UNREADABLE as fault:
        # An error status stays the error it is: a proxy's 503 has no problem body of
        # ours.
        status = response.status_code
        class_ = error_class(status) if status >= 400 else MalformedResponse
        error = class_(call, response, _json_or_none(response))
        cause = fault
    error.attempts = attempts
    raise error from cause


def _json_or_none(response: Response) -> Any:
    if not response.is_json:
        return None
    try:
        return response.json()
    except ValueError:
        return None
