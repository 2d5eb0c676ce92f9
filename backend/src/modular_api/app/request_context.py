"""What every request carries: its id, and the modules its code can call.

The id is the caller's `X-Request-ID`, or a new one.
"""

from __future__ import annotations

import re
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modular_api.clients.context import request_id
from modular_api.clients.peers import current_peers
from modular_api.types import REQUEST_ID_KEY

_RAW_HEADER = b"x-request-id"

_ACCEPTED = re.compile(rb"[\x21-\x7e]{1,128}")
"""What is taken over from a caller: visible ASCII only, so that logs stay in one line."""

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
        current_peers.set(scope.get("state", {}).get(PEERS_KEY))
        await self.app(scope, receive, send_with_id)


def _id_from_caller(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _RAW_HEADER and _ACCEPTED.fullmatch(value):
            return str(value, "ascii")
    return None
