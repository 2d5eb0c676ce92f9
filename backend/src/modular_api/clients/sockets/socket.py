"""What generated socket clients have in common."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Self

from modular_api.clients.access_tokens import FetchToken, fetched
from modular_api.clients.asgi_transport import AsgiApp
from modular_api.clients.channels.channel import Channel
from modular_api.clients.client import DEFAULT_TIMEOUT_S
from modular_api.clients.errors import ClientTimeout, PeerMissing
from modular_api.clients.socket_errors import InvalidMessage, MalformedMessage
from modular_api.clients.sockets.conversation import Conversation
from modular_api.clients.sockets.following import Following, Listening
from modular_api.clients.sockets.link import Link, LinkState
from modular_api.clients.sockets.operations import (
    Ans,
    Ask,
    Follow,
    Listen,
    Req,
    Sending,
    Tell,
    Upd,
)
from modular_api.clients.sockets.subscription import Subscription
from modular_api.clients.target import transport_to
from modular_api.clients.transport import Transport

DEFAULT_BUFFER = 1024


class ModuleSocket:
    """Speaks on the socket of one version of one module, over one connection.

    Give one of `base_url`, `app` and `transport`. `async with` connects; without it the
    first call does, in the background, and `aclose` ends it. A connection that is lost
    is made anew: what was followed goes on where it was, or tells a Gap.

    Args:
        base_url: the server, without the module's prefix: `https://example.com`.
        app: an ASGI app, in its lifespan, that has the module mounted at its prefix.
        transport: carries the connection in place of the two.
        state: lifespan state of `app`.
        token: sent as `Authorization: Bearer …`. A function or coroutine function that
            returns one is asked before each connection, within its `timeout_s`.
        headers: sent with every handshake. A connection outlives the requests of
            those who use it, so nothing of their context is sent.
        timeout_s: limit of connecting and of one answer, also of a subscription's first;
            None waits for ever. A subscription that has begun outlasts it.
        buffer: how many updates wait for the reader of a subscription, at most. Beyond
            that, a Gap replaces the oldest.

    Attributes:
        module_name: the module, `datafeed`.
        api_version: its version, `v1`.
        address: path of the socket, `/api/v1/datafeed/ws`.
    """

    module_name: ClassVar[str]
    api_version: ClassVar[str]
    address: ClassVar[str]

    def __init__(
        self,
        *,
        base_url: str | None = None,
        app: AsgiApp | None = None,
        transport: Transport | None = None,
        state: Mapping[str, Any] | None = None,
        token: str | FetchToken | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        buffer: int = DEFAULT_BUFFER,
    ) -> None:
        self._owns_transport = transport is None
        self._transport = transport_to(
            type(self).__name__,
            base_url=None if base_url is None else _http_url(base_url),
            app=app,
            transport=transport,
            state=state,
        )
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._token = token
        self._timeout_s = timeout_s
        self._buffer = buffer
        self._link: Link | None = None
        self._conversation: Conversation | None = None

    @property
    def state(self) -> LinkState:
        """What the connection is doing; `closed` before the first call too."""
        return LinkState.CLOSED if self._link is None else self._link.state

    async def open(self) -> None:
        """Connect, once for all who ask.

        Raises: HandshakeRefused, PeerUnavailable, PeerMissing, TokenNotFetched,
            ClientTimeout, and SocketClosed, if it was closed before.
        """
        link, _ = self._linked()
        await link.open()

    async def aclose(self) -> None:
        """Close the connection; every subscription comes to its end."""
        try:
            if self._link is not None:
                await self._link.aclose()
        finally:
            if self._owns_transport:
                await self._transport.aclose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    # What generated methods call.

    def _follow(
        self, operation: Follow[Req, Upd], request: Req | None = None
    ) -> Subscription[Upd]:
        payload = _encoded(operation.subscribe, request)
        conversation = self._started()
        following = Following(operation, payload, buffer_size=self._buffer)
        conversation.follow(following)

        async def begun() -> None:
            await following.answered.wait()
            if following.error is not None:
                raise following.error

        return Subscription(
            following.buffer,
            operation.update,
            begun=begun,
            end=partial(conversation.unfollow, following),
        )

    def _listen(self, operation: Listen[Upd]) -> Subscription[Upd]:
        conversation = self._started()
        listening = Listening(operation.event.type, buffer_size=self._buffer)
        conversation.listen(listening)

        return Subscription(
            listening.buffer,
            operation.event,
            begun=conversation.connected,  # nothing is asked of the server
            end=partial(conversation.unlisten, listening),
        )

    async def _ask(self, operation: Ask[Req, Ans], request: Req | None = None) -> Ans:
        payload = _encoded(operation.request, request)
        answer = await self._started().ask(operation.request.type, payload)
        try:
            return operation.reply.decode(answer)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise MalformedMessage(operation.reply.type, answer, reason) from error

    async def _tell(self, operation: Tell[Req], request: Req | None = None) -> None:
        payload = _encoded(operation.message, request)
        await self._started().tell(operation.message.type, payload)

    def _started(self) -> Conversation:
        link, conversation = self._linked()
        link.start()
        return conversation

    def _linked(self) -> tuple[Link, Conversation]:
        """Return the connection; a new one if the last can no longer be used.

        That is one whose event loop has ended, or whose peer was missing: it may have
        been mounted since.
        """
        link, conversation = self._link, self._conversation
        if (
            link is None
            or conversation is None
            or link.loop.is_closed()
            or isinstance(conversation.failure, PeerMissing)
        ):
            name = f"{type(self).__name__} ({self.address})"
            conversation = Conversation(name, timeout_s=self._timeout_s)
            link = Link(self._dial, conversation, name=name)
            self._link, self._conversation = link, conversation
        return link, conversation

    async def _dial(self) -> Channel:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._transport.connect(
                    self.address, await self._signed_headers(), self._timeout_s
                )
        except TimeoutError as error:
            raise ClientTimeout(f"GET {self.address}", self._timeout_s) from error

    async def _signed_headers(self) -> Mapping[str, str]:
        token = self._token
        if token is None:
            return self._headers
        if not isinstance(token, str):
            token = await fetched(token)
        return {**self._headers, "authorization": f"Bearer {token}"}


def _http_url(url: str) -> str:
    """Return a URL as the transport takes it: `ws:` says no more than `http:` here."""
    return f"http{url[2:]}" if url.startswith(("ws://", "wss://")) else url


def _encoded(sending: Sending[Req], request: Req | None) -> Any:
    """Return a payload as JSON. Raises: InvalidMessage."""
    if sending.encode is None:
        return None
    try:
        payload = sending.encode(request)  # type: ignore[arg-type]  # None is a request too
        sending.check(payload)
        json.dumps(payload, allow_nan=False)
    except InvalidMessage:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        reason = f"no such payload ({type(error).__name__}: {error})"
        raise InvalidMessage(sending.type, (), request, reason) from error
    return payload
