"""What a call is before it is sent and after it is answered, for every transport.

A request is encoded once, here, so the same call puts the same bytes into an ASGI
scope and onto a connection.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from modular_api.clients.context import REQUEST_ID_HEADER
from modular_api.clients.errors import InvalidArgument
from modular_api.clients.types import UNSET, RequestFiles

Headers: TypeAlias = list[tuple[str, str]]
"""Header fields in order, names in lower case."""

Chunks = TypeVar("Chunks", covariant=True)

IDEMPOTENCY_HEADER = "idempotency-key"

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")

_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})

_IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"})


@dataclass(slots=True)
class Request:
    """A call as generated code describes it; at most one body is set.

    Attributes:
        security: what the operation asks for, as in OpenAPI: alternatives, each the
            names of security schemes that are needed together; `()` among them says
            that nothing is needed.
        takes_idempotency_key: the operation answers a repeated `Idempotency-Key` as it
            did the first time, so the call may be repeated.
    """

    method: str
    url: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    cookies: Mapping[str, Any] = field(default_factory=dict)
    json: Any = UNSET
    data: Mapping[str, Any] | None = None
    files: RequestFiles | None = None
    content: Any = None
    security: tuple[tuple[str, ...], ...] = ()
    takes_idempotency_key: bool = False

    @property
    def is_idempotent(self) -> bool:
        """Whether its method says that the server may get it twice (RFC 9110, 9.2.2)."""
        return self.method.upper() in _IDEMPOTENT

    @property
    def is_keyed(self) -> bool:
        """Whether it carries an idempotency key."""
        return any(
            name.lower() == IDEMPOTENCY_HEADER and value not in (None, UNSET)
            for name, value in self.headers.items()
        )

    def keyed(self) -> Request:
        """Return the call with an idempotency key, where its operation takes one."""
        if not self.takes_idempotency_key or self.is_keyed:
            return self
        key = {IDEMPOTENCY_HEADER: str(uuid4())}
        return replace(self, headers={**self.headers, **key})


@dataclass(slots=True, frozen=True)
class EncodedRequest:
    """A call as it goes over the wire. `path` is percent-encoded."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def target(self) -> str:
        """Path and query: what stands in an HTTP request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class StreamedResponse(Generic[Chunks]):
    """An answer whose body still arrives, as `chunks`. Header names as in `Response`."""

    status_code: int
    headers: Mapping[str, str]
    chunks: Chunks


AsyncStreamedResponse: TypeAlias = StreamedResponse[AsyncIterator[bytes]]

SyncStreamedResponse: TypeAlias = StreamedResponse[Iterator[bytes]]


@dataclass(frozen=True)
class Response:
    """An answer, whole. Header names are in lower case; equal ones are joined by `, `."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Parse the body. Raises: ValueError: it is no JSON."""
        return json.loads(self.content)

    @cached_property
    def text(self) -> str:
        """The body in its declared charset, UTF-8 where none or an unknown one is."""
        _, _, parameters = self.media_type_header.partition("charset=")
        charset = parameters.split(";")[0].strip(" \"'") or "utf-8"
        try:
            return self.content.decode(charset, errors="replace")
        except LookupError:
            return self.content.decode("utf-8", errors="replace")

    @property
    def media_type_header(self) -> str:
        """The `Content-Type` field in lower case, empty where there is none."""
        return self.headers.get("content-type", "").lower()

    @property
    def media_type(self) -> str:
        """What the body says it is, without parameters: `image/png`."""
        return self.media_type_header.partition(";")[0].strip()

    @property
    def is_json(self) -> bool:
        """Whether the body says it is JSON: `application/json`, `…/…+json`."""
        media_type = self.media_type
        return media_type == "application/json" or media_type.endswith("+json")

    @property
    def request_id(self) -> str | None:
        """The id under which the server logged this request."""
        return self.headers.get(REQUEST_ID_HEADER)


def path_segment(name: str, value: object) -> str:
    """Return a path parameter percent-encoded.

    Raises: InvalidArgument: the value would lead to another route: it is empty, or a
        dot segment (RFC 3986, section 5.2.4), or holds a slash, which servers decode
        before they look for a route.
    """
    text = _text(value)
    if "/" in text:
        raise InvalidArgument(
            name, text, "has a slash, which would lead to another route"
        )
    return whole_path(name, text)


def whole_path(name: str, value: object) -> str:
    """Return a path parameter that may hold slashes, percent-encoded.

    Raises: InvalidArgument: the value would lead to another route, see `path_segment`.
    """
    text = _text(value)
    if text in ("", ".", ".."):
        raise InvalidArgument(name, text, "is not possible in a path")
    return quote(text, safe="")


def check_said(place: str, name: str, value: object) -> None:
    """Check an argument in whose place the server would put a default.

    Args:
        place: `query`, `header`, `cookie` or `form`.

    Raises: InvalidArgument: it is null or an empty list, which cannot be said there:
        it would be left out, and the default be taken.
    """
    if value is not UNSET and not any(map(_is_said, _items(value))):
        raise _unsayable(place, name, value)


def check_not_null(place: str, name: str, value: object) -> None:
    """Check an argument in whose place the server would put an empty list.

    Raises: InvalidArgument: it is null, see `check_said`.
    """
    if value is None:
        raise _unsayable(place, name, value)


def _is_said(item: object) -> bool:
    return item is not None and item is not UNSET


def _unsayable(place: str, name: str, value: object) -> InvalidArgument:
    reason = f"cannot be said in a {place}; leave it out for the server's default"
    return InvalidArgument(name, repr(value), reason)


def encode(
    request: Request, *, prefix: str, headers: Mapping[str, str]
) -> EncodedRequest:
    """Encode a call; its own headers win over those of the client, cookies join them.

    Raises: InvalidArgument: a header or cookie cannot be sent as it is, a list outside
        of JSON holds a null, or the body is no JSON.
    """
    fields = dict(headers)
    repeated: Headers = []
    for name, value in request.headers.items():
        if isinstance(value, list | tuple):
            items = sent_items("header", name, value)
            repeated += [(name.lower(), _text(item)) for item in items]
        elif value is not None and value is not UNSET:
            fields[name.lower()] = _text(value)
    cookies = "; ".join(
        f"{name}={_cookie_value(name, value)}"
        for name, value in request.cookies.items()
        if value is not None and value is not UNSET
    )
    if cookies:
        of_client = fields.get("cookie", "")
        fields["cookie"] = f"{of_client}; {cookies}" if of_client else cookies
    method = request.method.upper()
    body, content_type = _body(request)
    if content_type is not None:
        fields["content-type"] = content_type
    if body or method in _WITH_BODY:
        fields["content-length"] = str(len(body))
    all_fields = [*fields.items(), *repeated]
    for name, text in all_fields:
        _check_header(name, text)
    return EncodedRequest(
        method=method,
        path=prefix + request.url,
        query=_urlencode("query", request.params),
        headers=all_fields,
        body=body,
    )


def _body(request: Request) -> tuple[bytes, str | None]:
    """Return the body and the media type only its encoding knows (multipart)."""
    if request.json is not UNSET:
        return _json(request.json).encode(), None
    if request.data is not None:
        return _urlencode("form", request.data).encode(), None
    if request.files is not None:
        return _multipart(request.files)
    if request.content is not None:
        content = request.content
        return (content if isinstance(content, bytes) else content.read()), None
    return b"", None


def _json(value: Any) -> str:
    try:
        return json.dumps(
            value, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
    except (ValueError, TypeError) as error:
        reason = f"is not possible in JSON: {error}"
        raise InvalidArgument("body", repr(value), reason) from error


def json_lines(items: Iterable[Any]) -> bytes:
    """Return a body of one JSON value a line. Raises: InvalidArgument."""
    return "".join(f"{_json(item)}\n" for item in items).encode()


def _multipart(files: RequestFiles) -> tuple[bytes, str]:
    # httpx is slow to import, and its encoder is wanted for uploads only.
    import httpx

    if not files:
        # httpx sends no body at all; an empty form still is one.
        return b"--empty--\r\n", "multipart/form-data; boundary=empty"
    # httpx picks a random boundary. Replace it by a digest of the parts, so that equal
    # uploads are equal bytes.
    encoded = httpx.Request("POST", "http://localhost/", files=files)
    body, content_type = encoded.read(), encoded.headers["content-type"]
    drawn = content_type.partition("boundary=")[2]
    parts = body.replace(drawn.encode(), b"")
    boundary = sha256(parts).hexdigest()[: len(drawn)]
    return (
        body.replace(drawn.encode(), boundary.encode()),
        content_type.replace(drawn, boundary),
    )


def _urlencode(place: str, fields: Mapping[str, Any]) -> str:
    """Encode fields as a query or a form: lists repeat the name, null is left out.

    Where that would be read as something else, `check_said` has refused it.
    """
    if not fields:
        return ""
    return urlencode(
        [
            (name, _text(item))
            for name, value in fields.items()
            for item in sent_items(place, name, value)
        ]
    )


def sent_items(place: str, name: str, value: Any) -> list[Any]:
    """Return what is sent of a value where lists repeat the name; of null nothing.

    Raises: InvalidArgument: a list holds a null. A shorter list would arrive without it.
    """
    if isinstance(value, list | tuple | set) and any(item is None for item in value):
        reason = f"holds null, which a list in a {place} cannot"
        raise InvalidArgument(name, repr(value), reason)
    return [item for item in _items(value) if _is_said(item)]


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple | set) else (value,)


def _text(value: object) -> str:
    """Return a primitive as it stands in paths, queries, forms and headers."""
    if isinstance(value, str):
        # Also a StrEnum, whose own str() may be overridden.
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat is not None else str(value)


def _cookie_value(name: str, value: object) -> str:
    text = _text(value)
    if any(character in ' ",;\\' for character in text) or _CONTROLS.search(text):
        raise InvalidArgument(name, text, "is not possible in a cookie")
    return text


def _check_header(name: str, text: str) -> None:
    """Refuse what RFC 9110, section 5.5 forbids in a field value."""
    if _CONTROLS.search(text.replace("\t", " ")):
        raise InvalidArgument(
            name, text, "has a control character, impossible in a header"
        )
    if text != text.strip(" \t"):
        raise InvalidArgument(
            name, text, "begins or ends with a blank, which a header would lose"
        )
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise InvalidArgument(name, text, "is outside Latin-1") from None
