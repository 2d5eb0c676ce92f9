"""Where a topic's updates come from while somebody follows it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Protocol

from modular_api.backoff import grown_s
from modular_api.ws.bus import Bus, Deliver
from modular_api.ws.errors import ErrorCode, SocketError
from modular_api.ws.router import WsRouter
from modular_api.ws.tasks import Tasks

log = logging.getLogger(__name__)

_LONGEST_DELAY_S = 30.0
_TURN = 64
"""After so many updates in a row a stream lets others run, even if it never waits."""


class Audience(Protocol):
    """Those who follow topics, as a feed sees them."""

    def followers(self, topic: str) -> int:
        """Count who follows a topic."""

    def tell_error(self, topic: str, code: str, message: str) -> None:
        """Tell them that something is wrong with it."""

    def dismiss(self, topic: str) -> None:
        """End their subscriptions."""


class Feeds:
    """Opens a topic with its first follower, and closes it a while after the last.

    An open topic is subscribed at the bus, and its router's stream runs.
    """

    def __init__(self, bus: Bus, deliver: Deliver, audience: Audience) -> None:
        self._bus = bus
        self._deliver = deliver
        self._audience = audience
        self._tasks = Tasks()
        self._feeds: dict[str, _Feed] = {}
        self._closing = False

    def __contains__(self, topic: str) -> bool:
        return topic in self._feeds

    def is_open(self, topic: str) -> bool:
        """Tell whether what is published to a topic arrives."""
        feed = self._feeds.get(topic)
        return feed is not None and feed.is_open

    async def open(
        self, topic: str, router: WsRouter[Any, Any] | None = None, request: Any = None
    ) -> None:
        """Open a topic that is followed, unless it is open.

        Args:
            router: whose topic it is; None for one without a stream.
        """
        feed = self._feeds.get(topic)
        if feed is None:
            feed = self._feeds[topic] = _Feed(self, topic, router)
        feed.keep()
        async with feed.lock:
            if not feed.is_open:
                await self._bus.subscribe(topic, self._deliver)
                feed.is_open = True
                if router is not None and router.streams:
                    feed.task = self._tasks.start(feed.run(router, request))

    def abandon(self, topic: str) -> None:
        """Close a topic nobody follows, unless somebody comes back soon."""
        feed = self._feeds.get(topic)
        if feed is not None and not self._closing:
            feed.linger(lambda: self._tasks.start(self._close(feed)))

    async def aclose(self) -> None:
        """Close them all at once."""
        self._closing = True
        for feed in self._feeds.values():
            feed.keep()
        await self._tasks.cancel()
        for topic in self._feeds:
            await self._bus.unsubscribe(topic)
        self._feeds.clear()

    async def _close(self, feed: _Feed) -> None:
        async with feed.lock:
            if self._audience.followers(feed.topic):
                return
            feed.is_open = False
            if feed.task is not None:
                feed.task.cancel()
                await asyncio.wait((feed.task,))
                feed.task = None
                # What happens from now on is seen by nobody: whoever comes back later
                # must not take the silence for completeness.
                self._bus.reset(feed.topic)
            await self._bus.unsubscribe(feed.topic)
            if not self._audience.followers(feed.topic):
                self._feeds.pop(feed.topic, None)


class _Feed:
    def __init__(
        self, feeds: Feeds, topic: str, router: WsRouter[Any, Any] | None
    ) -> None:
        self.topic = topic
        self.lock = asyncio.Lock()
        self.is_open = False
        self.task: asyncio.Task[Any] | None = None
        self._feeds = feeds
        self._linger_s = router.linger_s if router is not None else 0.0
        self._timer: asyncio.TimerHandle | None = None

    def keep(self) -> None:
        """Stay open."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def linger(self, close: Callable[[], object]) -> None:
        """Close after a while."""
        self.keep()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._linger_s, close)

    async def run(self, router: WsRouter[Any, Any], request: Any) -> None:
        """Publish what the router's stream yields; start it again when it fails."""
        audience = self._feeds._audience
        failures = 0
        while True:
            before = failures
            try:
                async with aclosing(_generator(router.stream(request))) as updates:
                    count = 0
                    async for update in updates:
                        router.publish(request, update)
                        failures = 0
                        count += 1
                        if count % _TURN == 0:
                            await asyncio.sleep(0)
                return
            except SocketError as error:
                log.warning("the stream of %s gave up: %s", self.topic, error)
                audience.tell_error(self.topic, error.code, error.message)
                message = "The stream has ended; nothing more will come."
                audience.tell_error(self.topic, ErrorCode.STREAM_ENDED, message)
                audience.dismiss(self.topic)
                return
            except Exception:
                failures = min(before, failures) + 1
                delay_s = grown_s(
                    failures,
                    first_s=router.restart_delay_s,
                    longest_s=_LONGEST_DELAY_S,
                )
                log.exception(
                    "the stream of %s failed; it starts again in %g s",
                    self.topic,
                    delay_s,
                )
                message = f"The stream failed; it starts again in {delay_s:g} s."
                audience.tell_error(self.topic, ErrorCode.STREAM_FAILED, message)
            # What happened meanwhile is lost; the new epoch says so.
            self._feeds._bus.reset(self.topic)
            await asyncio.sleep(delay_s)


def _generator(stream: Any) -> Any:
    """Return the stream, or say what is wrong with it."""
    if hasattr(stream, "__anext__") and hasattr(stream, "aclose"):
        return stream
    if hasattr(stream, "__aiter__"):
        return _closable(stream)
    close = getattr(stream, "close", None)
    if close is not None:
        close()
    raise TypeError(
        f"stream() returned a {type(stream).__name__}; write it as `async def` with "
        "`yield`, or return an async iterator."
    )


async def _closable(stream: Any) -> Any:
    async for update in stream:
        yield update
