"""Who may open a socket: the handshake is judged as the HTTP request it is."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modular_api.types import REQUEST_ID_KEY
from modular_api.ws.endpoint import refuse_handshake
from modular_api.ws.errors import CloseCode
from modular_api.ws.frames import BadFrame, parse, reply_frame
from modular_api.ws.limits import Limits
from modular_api.ws.payloads import Auth, PayloadReader

log = logging.getLogger(__name__)

BEARER = "bearer"
"""Offered as subprotocol before a token: `["bearer", "<token>"]`, for browsers."""

FIRST_MESSAGE = "first-message-auth"
"""Offered as subprotocol: the token comes in the first message."""

AUTH_TYPE = "auth"


async def admit(
    guard: ASGIApp | None, scope: Scope, receive: Receive, send: Send, limits: Limits
) -> bool:
    """Accept a client whom the guard lets in; tell whether it was.

    The token is the handshake's own `Authorization`, or a subprotocol, or the first
    message. Before the socket is accepted a client is refused with status 403, or with
    what else the guard answered; after it with close code 4401 or 4403.

    Args:
        guard: an HTTP app that answers a GET of the socket's path with 204 to whom it
            lets in; None lets everybody in.
    """
    offered: list[str] = scope.get("subprotocols") or []
    if FIRST_MESSAGE in offered:
        await _accept(send, FIRST_MESSAGE)
        return await _admit_by_message(guard, scope, receive, send, limits)
    token = offered[1] if len(offered) > 1 and offered[0] == BEARER else None
    verdict = await _judge(guard, scope, token)
    if verdict.lets_in:
        await _accept(send, BEARER if token is not None else None)
        return True
    log.warning(
        "[%s] a socket was refused with status %d", _id_of(scope), verdict.status
    )
    await refuse_handshake(
        scope, send, verdict.status, verdict.headers, bytes(verdict.body)
    )
    return False


async def _accept(send: Send, subprotocol: str | None) -> None:
    await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})


async def _admit_by_message(
    guard: ASGIApp | None, scope: Scope, receive: Receive, send: Send, limits: Limits
) -> bool:
    code, reason = CloseCode.UNAUTHENTICATED, "the first message must be `auth`"
    try:
        async with asyncio.timeout(limits.auth_timeout_s):
            message = await receive()
        if message["type"] == "websocket.disconnect":
            return False
        request = parse(message.get("text") or "")
        if request.type != AUTH_TYPE:
            raise BadFrame("", reason)
        auth: Auth = _AUTH.read(request)
    except TimeoutError:
        reason = f"no `auth` within {limits.auth_timeout_s:g} s"
    except BadFrame:
        pass
    else:
        verdict = await _judge(guard, scope, auth.token)
        if verdict.lets_in:
            answer = reply_frame(
                f"{AUTH_TYPE}.response", b'{"success":true}', request.id
            )
            await send({"type": "websocket.send", "text": answer.text})
            return True
        if verdict.status != 401:
            code = CloseCode.FORBIDDEN
        reason = f"refused with status {verdict.status}"
    log.warning("[%s] a socket was refused: %s", _id_of(scope), reason)
    await send({"type": "websocket.close", "code": int(code), "reason": reason})
    return False


_AUTH = PayloadReader(Auth)


@dataclass
class _Verdict:
    status: int = 204
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    @property
    def lets_in(self) -> bool:
        return 200 <= self.status < 300


async def _judge(guard: ASGIApp | None, scope: Scope, token: str | None) -> _Verdict:
    """Ask the guard for its answer to the handshake as a GET."""
    verdict = _Verdict()
    if guard is None:
        return verdict
    headers = list(scope["headers"])
    if token is not None:
        headers = [each for each in headers if each[0] != b"authorization"]
        headers.append(
            (b"authorization", b"Bearer " + token.encode("latin-1", "replace"))
        )
    request: dict[str, Any] = {
        **scope,
        "type": "http",
        "method": "GET",
        "scheme": {"ws": "http", "wss": "https"}.get(scope["scheme"], "http"),
        "headers": headers,
        "extensions": {},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            verdict.status = message["status"]
            verdict.headers = list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            verdict.body += message.get("body", b"")

    await guard(request, receive, send)
    return verdict


def _id_of(scope: Scope) -> str:
    return str(scope.get(REQUEST_ID_KEY, ""))
