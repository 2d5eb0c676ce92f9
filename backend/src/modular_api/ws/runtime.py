"""A socket while the app runs: its hub, its bus, its routers and connections."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from modular_api.ws.bus import Bus, Event
from modular_api.ws.errors import CloseCode, ErrorCode, SocketError
from modular_api.ws.feeds import Feeds
from modular_api.ws.frames import (
    Frame,
    Position,
    Request,
    error_frame,
    reply_frame,
)
from modular_api.ws.hub import Hub, Member
from modular_api.ws.limits import Limits
from modular_api.ws.router import WsRouter

if TYPE_CHECKING:
    from modular_api.ws.endpoint import Connection

log = logging.getLogger(__name__)

_SOONEST_RETRY_MS, _LATEST_RETRY_MS = 500, 3_000
"""Clients of a server that stops are told to come back at different times."""


class SocketRuntime:
    """One lifespan of one socket.

    Entered after the module's service, and left before it.

    Attributes:
        routers: the copies of the declared routers that run here, by name.
        connections: those that are open.
    """

    def __init__(
        self,
        routers: Iterable[WsRouter[Any, Any]],
        *,
        service: Any,
        bus: Bus,
        limits: Limits,
    ) -> None:
        self.service = service
        self.limits = limits
        self.bus = bus
        self.hub = Hub()
        self.feeds = Feeds(bus, self.hub.deliver, self)
        self.routers = {router.name: router.bound_to(self) for router in routers}
        self.connections: set[Connection] = set()
        self.is_closing = False
        self._started = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for router in self.routers.values():
                await router.started()
                stack.push_async_callback(router.stopping)
            self._started = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        async with self._started:
            await self.close_connections()
            await self.feeds.aclose()

    async def close_connections(self) -> None:
        """Take no new connections, and ask all clients to come back later."""
        self.is_closing = True
        for connection in tuple(self.connections):
            send_away(connection)
        endings = [connection.ended.wait() for connection in self.connections]
        if endings:
            waiting = [asyncio.ensure_future(ending) for ending in endings]
            _, late = await asyncio.wait(waiting, timeout=self.limits.close_timeout_s)
            for task in late:
                task.cancel()

    def add(self, connection: Connection) -> None:
        """Note a connection; one that comes while the socket closes is sent away."""
        self.connections.add(connection)
        if self.is_closing:
            send_away(connection)

    # What routers and handlers do.

    def publish(
        self, topic: str, type_: str, payload: str, key: str | None = None
    ) -> None:
        """Send an update to who follows a topic; never blocks."""
        self.bus.publish(topic, type_, payload, key)

    # What clients do.

    async def subscribe(
        self, member: Member, router: WsRouter[Any, Any], message: Request
    ) -> None:
        """Follow the topics of a request, and answer.

        The answer comes before the first update, and what was missed in between them.

        Raises: BadFrame, SocketError
        """
        request = router.reader.read(message)
        await router.check(request)
        parts = {router.topic_of(part): part for part in router.topics(request)}
        new = [topic for topic in parts if topic not in member.topics]
        self._refuse_too_many(member, len(new))
        for topic in new:
            self.hub.join(member, topic, policy=router.policy, gap_type=router.gap_type)
        try:
            starts = [
                await self._start(topic, router, part, topic in new, message)
                for topic, part in parts.items()
            ]
        except BaseException:
            for topic in new:
                self.leave(member, topic)
            raise
        payload = router.answer_to(request, True)
        member.send(_answer(router.subscribe_type, payload, message, starts))
        for start in starts:
            self.hub.settle(member, start.topic, start.position, start.missed)

    async def unsubscribe(
        self, member: Member, router: WsRouter[Any, Any], message: Request
    ) -> None:
        """Follow the topics of a request no longer, and answer.

        The answer's `success` tells whether any of them was followed.
        """
        request = router.reader.read(message)
        topics = [router.topic_of(part) for part in router.topics(request)]
        left = [topic for topic in topics if self.leave(member, topic)]
        payload = router.answer_to(request, bool(left))
        answer = f"{router.unsubscribe_type}.response"
        one = topics[0] if len(topics) == 1 else None
        member.send(reply_frame(answer, payload, message.id, topic=one))

    def follow(self, member: Member, topic: str) -> None:
        """Follow a topic of a fastws handler's choice, from now on."""
        if topic in member.topics:
            return
        self._refuse_too_many(member, 1)
        self.hub.join(member, topic)
        self.hub.settle(member, topic, Position("", 0), ())

    def leave(self, member: Member, topic: str) -> bool:
        """End a subscription of this member; tell whether there was one."""
        if topic not in member.topics:
            return False
        if self.hub.leave(member, topic):
            self.feeds.abandon(topic)
        return True

    def release(self, member: Member) -> None:
        """End all subscriptions of a member that has gone."""
        for topic in tuple(member.topics):
            self.leave(member, topic)

    # What feeds do.

    def followers(self, topic: str) -> int:
        """Count who follows a topic."""
        return self.hub.followers(topic)

    def tell_error(self, topic: str, code: str, message: str) -> None:
        """Tell who follows a topic that something is wrong with it."""
        self.hub.tell(topic, error_frame(code, message, topic=topic))

    def dismiss(self, topic: str) -> None:
        """End all subscriptions of a topic."""
        for member in self.hub.members_of(topic):
            self.leave(member, topic)

    def _refuse_too_many(self, member: Member, more: int) -> None:
        most = self.limits.topics
        if len(member.topics) + more > most:
            raise SocketError(
                f"A connection follows at most {most} topics.",
                code=ErrorCode.TOO_MANY_TOPICS,
            )

    async def _start(
        self,
        topic: str,
        router: WsRouter[Any, Any],
        part: Any,
        is_new: bool,
        message: Request,
    ) -> _Start:
        await self.feeds.open(topic, router, part)
        if not self.hub.followers(topic):
            self.feeds.abandon(topic)  # the client has gone meanwhile
        wanted = message.recover
        if wanted is None and message.recover_by_topic is not None:
            wanted = message.recover_by_topic.get(topic)
        history = await self.bus.history(topic, wanted if is_new else None)
        self.hub.align(topic, history.position)
        recovered = None if wanted is None else history.events is not None
        told = wanted if wanted is not None and recovered else history.position
        return _Start(topic, told, recovered, history.position, history.events or ())


def send_away(connection: Connection) -> None:
    """Close a connection with the hint to come back, not all at the same time."""
    wait_ms = random.randint(_SOONEST_RETRY_MS, _LATEST_RETRY_MS)
    connection.end(CloseCode.RESTARTING, f"retry_after_ms={wait_ms}")


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a subscription begins: at a position told, with what was missed since."""

    topic: str
    told: Position
    recovered: bool | None
    position: Position
    missed: Sequence[Event]

    def as_members(self) -> dict[str, Any]:
        """Return what an answer says beside its payload."""
        members: dict[str, Any] = {
            "topic": self.topic,
            "epoch": self.told.epoch,
            "offset": self.told.offset,
        }
        if self.recovered is not None:
            members["recovered"] = self.recovered
        return members


def _answer(
    type_: str, payload: bytes, message: Request, starts: Sequence[_Start]
) -> Frame:
    name = f"{type_}.response"
    if len(starts) == 1:
        return reply_frame(name, payload, message.id, **starts[0].as_members())
    told = [start.recovered for start in starts if start.recovered is not None]
    topics = [start.as_members() for start in starts]
    recovered = all(told) if told else None
    return reply_frame(name, payload, message.id, topics=topics, recovered=recovered)
