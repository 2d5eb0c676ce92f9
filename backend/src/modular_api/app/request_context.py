"""What every request carries: its id, its trace, its caller, the modules it can call.

The id is the caller's `X-Request-ID`, or a new one. It and the W3C trace context go
along with every call that is made while serving the request; the caller's
`Authorization` goes to peers of the app and to nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modular_api.clients.context import (
    caller_authorization,
    outgoing_headers,
    request_id,
)
from modular_api.clients.peers import current_peers
from modular_api.types import REQUEST_ID_KEY

_RAW_HEADER = b"x-request-id"

_ACCEPTED = re.compile(rb"[\x21-\x7e]{1,128}")
"""What is taken over from a caller: visible ASCII only, so that logs stay in one line."""

_TRACEPARENT = re.compile(
    rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.{0,64})?"
)
"""Trace Context, section 3.2; later versions may append fields."""

_MAX_TRACESTATE = 512
"""Trace Context, section 3.3.1.5: what is longer need not be passed on."""

_NO_TRACE: Mapping[str, str] = MappingProxyType({})

PEERS_KEY = "modular_api.peers"
"""Key of the lifespan state with the Peers of the app."""


class RequestContextMiddleware:
    """Sets the context of a request, and puts its id on the response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        id_ = _id_from_caller(scope) or uuid4().hex
        scope[REQUEST_ID_KEY] = id_
        header = (_RAW_HEADER, id_.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = (h for h in message.get("headers", ()) if h[0] != _RAW_HEADER)
                message["headers"] = [*others, header]
            await send(message)

        # Not reset afterwards: a server runs each request in a context of its own, and
        # logs how the request ended when this middleware has returned.
        request_id.set(id_)
        outgoing_headers.set(_trace_of(scope))
        caller_authorization.set(_header(scope, b"authorization"))
        current_peers.set(scope.get("state", {}).get(PEERS_KEY))
        await self.app(scope, receive, send_with_id)


def _id_from_caller(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _RAW_HEADER and _ACCEPTED.fullmatch(value):
            return str(value, "ascii")
    return None


def _trace_of(scope: Scope) -> Mapping[str, str]:
    """Return the trace context to pass on, as it came: nobody here adds a span."""
    parent = _header(scope, b"traceparent")
    if parent is None or not _TRACEPARENT.fullmatch(parent.encode("latin-1")):
        return _NO_TRACE
    state = _header(scope, b"tracestate")
    if state is None or len(state) > _MAX_TRACESTATE:
        return {"traceparent": parent}
    return {"traceparent": parent, "tracestate": state}


def _header(scope: Scope, name: bytes) -> str | None:
    """Return a header, its fields joined where it is repeated (RFC 9110, 5.3)."""
    fields = [value for key, value in scope["headers"] if key == name]
    return b", ".join(fields).decode("latin-1") if fields else None
