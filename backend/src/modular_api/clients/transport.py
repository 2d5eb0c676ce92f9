"""What carries an encoded call to a server and its answer back."""

from __future__ import annotations

from typing import Protocol

from modular_api.clients.wire import EncodedRequest, Response


class Transport(Protocol):
    """Carries calls, from coroutines and from plain code.

    Both `send` methods raise ClientTimeout and PeerUnavailable, or PeerMissing.
    """

    async def send(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> Response: ...

    def send_sync(
        self, request: EncodedRequest, timeout_s: float | None
    ) -> Response: ...

    async def aclose(self) -> None: ...

    def close(self) -> None: ...
