"""The answers nginx gives itself: problems, as the app's own are."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from modular_api.problems import MEDIA_TYPE, problem_response

_DETAILS: dict[int, str | None] = {
    400: "The request cannot be understood.",
    404: None,  # as the app says it: the status in words
    405: None,
    413: "The body of the request is too large.",
    414: "The address of the request is too long.",
    429: "This address sends too many bodies at the same time.",
    431: "The headers of the request are too large.",
    500: "The gateway failed.",
    502: "The server behind the gateway gave no answer.",
    503: "The server behind the gateway is not available.",
    504: "The server behind the gateway took too long.",
}

_PATH = "/.problems"
"""A path, as nginx refuses named locations before it has parsed one, as with 414."""

_NGINX_CODES = {
    400: ("400",),
    404: ("403", "404"),  # a folder, a hidden file: it is there for nobody
    431: ("494",),
}
"""The codes nginx uses where they differ from the status: 494 for a large header."""


def error_pages() -> Iterator[str]:
    """Yield the directives that send nginx's errors to the locations of `problems`."""
    for status in _DETAILS:
        codes = " ".join(_NGINX_CODES.get(status, (str(status),)))
        yield f"error_page {codes} ={status} {_PATH}/{status};"


def problems() -> Iterator[str]:
    """Yield the locations that answer with a problem, each unreachable from outside."""
    for status, detail in _DETAILS.items():
        phrase = HTTPStatus(status).phrase
        body = bytes(problem_response(status, detail or phrase).body).decode()
        yield f"location = {_PATH}/{status} {{"
        yield "internal;"
        yield "client_max_body_size 0;"  # or 413 would lead here for ever
        yield "types {}"
        yield f"default_type {MEDIA_TYPE};"
        if status == HTTPStatus.METHOD_NOT_ALLOWED:  # of files; an app says its own
            yield "add_header X-Request-ID $the_request_id always;"
            yield 'add_header Allow "GET, HEAD" always;'
        yield f"return {status} '{body}';"
        yield "}"
