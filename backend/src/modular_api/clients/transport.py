"""What carries an encoded call to a server and its answer back."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from modular_api.clients.wire import (
    AsyncStreamedResponse,
    EncodedRequest,
    Response,
    SyncStreamedResponse,
)

if TYPE_CHECKING:
    from modular_api.clients.channels.channel import Channel


class Transport(Protocol):
    """Carries calls, from coroutines and from plain code.

    Every method raises ClientTimeout and PeerUnavailable, or PeerMissing.

    The contexts of both `stream` methods are entered when the answer's head is there,
    which `timeout_s` limits; nothing limits the silence after it. Leaving one ends the
    call. A stream that breaks off raises PeerUnavailable out of its chunks.
    """

    async def send(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> Response: ...

    def send_sync(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> Response: ...

    def stream(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> AbstractAsyncContextManager[AsyncStreamedResponse]: ...

    def stream_sync(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> AbstractContextManager[SyncStreamedResponse]: ...

    async def connect(
        self, path: str, headers: Mapping[str, str], timeout_s: float | None
    ) -> Channel:
        """Connect to a socket; it may also be refused with HandshakeRefused."""

    async def aclose(self) -> None: ...

    def close(self) -> None: ...
