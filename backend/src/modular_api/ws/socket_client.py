"""A connection as the handlers of fastws's routers see it."""

from __future__ import annotations

import fastws
from starlette.websockets import WebSocket

from modular_api.ws.endpoint import Connection
from modular_api.ws.frames import Frame


class SocketClient(fastws.Client):
    """What a handler gets as `client`: one connection."""

    def __init__(self, connection: Connection, ws: WebSocket) -> None:
        # fastws's own is not called: it makes a set of topics unknown to the hub.
        self.ws = ws
        self.uid = connection.uid
        self.connection = connection
        self.opening: list[str] = []

    @property
    def topics(self) -> set[str]:  # type: ignore[override] # fastws has a plain set
        """The topics the client follows; a copy."""
        return set(self.connection.member.topics)

    async def send(self, message: str) -> None:
        """Send a message; it waits in the client's bounded queue, nobody else does."""
        self.connection.member.send(Frame(message))

    def subscribe(self, topic: str) -> None:
        """Follow a topic from now on.

        Raises: SocketError: the client follows too many.
        """
        self.connection.runtime.follow(self.connection.member, topic)
        self.opening.append(topic)

    def unsubscribe(self, topic: str) -> None:
        """Follow it no longer; of another client's topics nothing changes."""
        self.connection.runtime.leave(self.connection.member, topic)
