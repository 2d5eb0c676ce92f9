"""Event streams have no end of their own: an app that drains ends them.

If a stream was requested by GET, its client reconnects by itself and reaches the
process that took over. Any other stream is treated as a request in flight.

Source: WHATWG HTML, 9.2 Server-sent events ("reestablish the connection").
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modular_api.app.draining import DRAIN_KEY, Drain

_END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


def endable_stream(scope: Scope, start: Message) -> Drain | None:
    """Return what can end the response that starts so; None where it ends by itself."""
    if scope.get("method") != "GET":
        return None
    headers: Mapping[bytes, bytes] = dict(start.get("headers", ()))
    if not headers.get(b"content-type", b"").startswith(b"text/event-stream"):
        return None
    drain = scope.get("state", {}).get(DRAIN_KEY)
    return drain if isinstance(drain, Drain) else None


class EventStreams:
    """ASGI middleware: ends event streams properly, between two events."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        task = asyncio.current_task()
        drain: Drain | None = None

        async def watching_send(message: Message) -> None:
            nonlocal drain
            if message["type"] == "http.response.start":
                drain = endable_stream(scope, message)
                if drain is not None and task is not None:
                    drain.add_stream(task)
            await send(message)

        try:
            await self.app(scope, receive, watching_send)
        except asyncio.CancelledError:
            if drain is None or task is None or not drain.has_ended(task):
                raise
            task.uncancel()
            with suppress(OSError):  # the client is gone, too
                await send(_END)
        finally:
            if drain is not None and task is not None:
                drain.remove_stream(task)
