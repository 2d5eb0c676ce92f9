"""Handlers that may be called again with the same idempotency key, and act once.

    @router.post("/orders", status_code=201)
    @idempotent
    async def place_order(…) -> Order: ...

The specification gains the header `Idempotency-Key`, and generated clients send one.
The handler's first answer under a key is kept and given again; the request has passed
the route's dependencies and validation each time.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Annotated, Any, TypeVar, overload

from anyio import CancelScope
from fastapi import Depends, Header, Request, Response
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modular_api.errors import ConfigurationError
from modular_api.module.idempotency_store import (
    Claim,
    IdempotencyStore,
    KeptAnswer,
    cut_off_answer,
    too_large_answer,
)

Handler = TypeVar("Handler", bound=Callable[..., Any])

Principal = Callable[[Request], str]
"""Tells callers apart: two of them may use one key."""

_HEADER = b"idempotency-key"
_EXCHANGE = "modular_api.idempotency"
_MARK = "__idempotent__"
_REQUEST = "modular_api_request"
_KEY = "modular_api_idempotency_key"

_MARKED = "__idempotent_as__"

_LARGEST_KEPT_BYTES = 1024 * 1024
"""Of an answer's body; of a larger one nothing is held back, and it is not kept."""

_NOT_DONE = frozenset({429, 502, 503, 504})
"""Answers that ask for another attempt; if they were kept, none could succeed."""

_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description=(
            "Makes the request safe to repeat: under the same key the first answer is "
            "given again."
        ),
    ),
]


async def _request(request: Request) -> Request:
    return request


_Asked = Annotated[Request, Depends(_request)]
"""The request. FastAPI passes it directly to one parameter only, the handler's own."""


@overload
def idempotent(handler: Handler) -> Handler: ...


@overload
def idempotent(*, principal: Principal) -> Callable[[Handler], Handler]: ...


def idempotent(
    handler: Any = None, *, principal: Principal | None = None
) -> Callable[..., Any]:
    """Let a handler be called again under one `Idempotency-Key`, and act once.

    Under a key that was used, the same request gets the first answer again, with
    `Idempotency-Replayed: true`; another request gets a 422 problem, and one that comes
    while the first is being served a 409 problem with `Retry-After`. Without the header
    the handler is called as usual. Answers that ask for another attempt (429, 502, 503,
    504) are not kept. Where the handler raised or was cancelled nobody knows what it
    did: it is not called again, the key answers 500.

    An answer of more than 1 MiB is not kept either: the key then answers 500, too.

    Args:
        principal: tells callers apart, by what stays the same when their token is
            renewed: the subject of the token, say. Left out, they are told apart by the
            whole `Authorization` and `Cookie` headers and by the API keys of the
            specification, so that a caller with a new token is another one, and acts
            again. It is required where tokens rotate.
    Raises: ConfigurationError: the handler answers with a stream.
    """
    mark = functools.partial(_wrapped, principal=principal or _credentials_of)
    return mark if handler is None else mark(handler)


def has_idempotent_routes(routes: Iterable[BaseRoute]) -> bool:
    """Whether any of an app's handlers is marked."""
    return any(
        hasattr(route.endpoint, _MARK) for route in iter_route_contexts(list(routes))
    )


def misplaced_marks(routes: Iterable[BaseRoute]) -> list[str]:
    """Name the handlers that were marked only after a route had taken them.

    `@idempotent` above `@router.post(…)` marks a function that nobody calls.
    """
    endpoints = [
        route.endpoint
        for route in iter_route_contexts(list(routes))
        if route.endpoint is not None
    ]
    registered = set(map(id, endpoints))
    marks = [(each, getattr(each, _MARKED, None)) for each in endpoints]
    return [
        f"{each.__module__}.{each.__qualname__}"
        for each, mark in marks
        if mark is not None and id(mark) not in registered
    ]


def _wrapped(
    handler: Callable[..., Any], *, principal: Principal
) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(handler) or inspect.isgeneratorfunction(handler):
        raise ConfigurationError(
            f"@idempotent: {handler.__qualname__} answers with a stream, which cannot "
            "be given again."
        )

    @functools.wraps(handler)
    async def once(**arguments: Any) -> Any:
        request: Request = arguments.pop(_REQUEST)
        key: str | None = arguments.pop(_KEY)

        async def call() -> Any:
            if inspect.iscoroutinefunction(handler):
                return await handler(**arguments)
            return await run_in_threadpool(handler, **arguments)

        return await (call() if key is None else _first(request, key, principal, call))

    signature = inspect.signature(handler)
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = (
        inspect.Parameter(_REQUEST, keyword, annotation=_Asked),
        inspect.Parameter(_KEY, keyword, annotation=_Key, default=None),
    )
    parameters = [*signature.parameters.values(), *own]
    vars(once).update(
        {"__signature__": signature.replace(parameters=parameters), _MARK: True}
    )
    vars(once).pop(_MARKED, None)  # copied from a handler that was marked before
    with suppress(AttributeError):  # not every callable takes attributes
        setattr(handler, _MARKED, once)
    return once


async def _first(
    request: Request,
    key: str,
    principal: Principal,
    call: Callable[[], Awaitable[Any]],
) -> Any:
    """Call the handler, or give the answer of its first call under the key."""
    exchange: _KeyedExchange | None = request.scope.get(_EXCHANGE)
    if exchange is None:
        raise ConfigurationError(
            "@idempotent: the route is not served by a module, so nothing keeps its "
            "answers. Declare its router in Module(routers=…)."
        )
    name = _hash(_place(request), principal(request), key)
    fingerprint = _hash(request.url.query, await exchange.body_hash(request))
    claim = await exchange.store.claim(name, fingerprint)
    if claim is None:
        exchange.claimed(name, fingerprint)
        return await call()
    if claim.fingerprint != fingerprint:
        raise HTTPException(
            422,
            f"Idempotency-Key {key!r} was used for another request; take a new one.",
        )
    if claim.answer is None:
        raise HTTPException(
            409,
            f"The first request with Idempotency-Key {key!r} is still being served.",
            headers={"Retry-After": "1"},
        )
    return _again(claim.answer)


def _again(answer: KeptAnswer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = [*answer.headers, (b"idempotency-replayed", b"true")]
    return response


def _place(request: Request) -> str:
    # The scope's path has the module's prefix in it, with its version.
    return f"{request.method} {request.scope['path']}"


def _credentials_of(request: Request) -> str:
    places = {
        "cookie": request.cookies,
        "header": request.headers,
        "query": request.query_params,
    }
    keys = [
        places[scheme["in"]].get(scheme["name"], "")
        for scheme in request.app.openapi()
        .get("components", {})
        .get("securitySchemes", {})
        .values()
        if scheme["type"] == "apiKey"
    ]
    headers = [request.headers.get(name, "") for name in ("authorization", "cookie")]
    return _hash(*headers, *keys)


def _hash(*parts: str) -> str:
    # The length before each part: ("a", "b") is not ("ab", "").
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


class IdempotencyLayer:
    """Sees the bytes of requests that carry a key, and of the answers to them.

    It stands inside all middleware: an answer that is given again passes it as the
    first one did.
    """

    def __init__(self, app: ASGIApp, *, store: IdempotencyStore) -> None:
        self.app = app
        self.store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or all(h[0] != _HEADER for h in scope["headers"]):
            await self.app(scope, receive, send)
            return
        exchange = _KeyedExchange(self.store, receive, send)
        scope[_EXCHANGE] = exchange
        try:
            await self.app(scope, exchange.receive, exchange.send)
        finally:
            with CancelScope(shield=True):  # a cancelled request settles its key, too
                await exchange.end()


class _KeyedExchange:
    """One request with a key, and its answer."""

    def __init__(self, store: IdempotencyStore, receive: Receive, send: Send) -> None:
        self.store = store
        self._receive = receive
        self._send = send
        self._hash = hashlib.sha256()
        self._name: str | None = None
        self._fingerprint = ""
        self._status = 0
        self._headers: tuple[tuple[bytes, bytes], ...] = ()
        self._body: list[bytes] = []
        self._body_bytes = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._hash.update(message.get("body", b""))
        return message

    async def body_hash(self, request: Request) -> str:
        """Return the hash of the body, read to its end."""
        try:
            await request.body()
        except RuntimeError:
            pass  # a form: FastAPI has read it, and it is hashed
        except ClientDisconnect:
            raise HTTPException(400, "The body breaks off.") from None
        return self._hash.hexdigest()

    def claimed(self, name: str, fingerprint: str) -> None:
        """Note that this request has the key now."""
        self._name = name
        self._fingerprint = fingerprint

    async def send(self, message: Message) -> None:
        if self._name is not None:
            if message["type"] == "http.response.start":
                # A copy: middleware may add to the list it is given.
                self._status = message["status"]
                self._headers = tuple((k, v) for k, v in message.get("headers", ()))
            elif message["type"] == "http.response.body":
                self._body_bytes += len(message.get("body", b""))
                if self._body_bytes > _LARGEST_KEPT_BYTES:
                    self._body.clear()
                else:
                    self._body.append(message.get("body", b""))
                if not message.get("more_body", False):
                    # Before it is sent: a client whose connection breaks repeats the
                    # request.
                    await self._settle()
        await self._send(message)

    async def end(self) -> None:
        """Settle a key whose request was never answered whole."""
        if self._name is not None:
            await self._keep(cut_off_answer())

    async def _settle(self) -> None:
        if self._status in _NOT_DONE:
            name, self._name = self._name, None
            assert name is not None
            await self.store.release(name)
            return
        if self._body_bytes > _LARGEST_KEPT_BYTES:
            await self._keep(too_large_answer())
            return
        body = b"".join(self._body)
        await self._keep(KeptAnswer(self._status, self._headers, body))

    async def _keep(self, answer: KeptAnswer) -> None:
        name, self._name = self._name, None
        assert name is not None
        await self.store.keep(name, Claim(self._fingerprint, answer))
