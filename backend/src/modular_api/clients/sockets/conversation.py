"""What is said on a socket: subscriptions, requests, and what answers them.

It outlives its connections. Whatever was followed on one of them is asked for again on
the next, and recovered.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

from modular_api.clients.channels.channel import Channel, Disconnected
from modular_api.clients.errors import ClientTimeout
from modular_api.clients.socket_errors import ConnectionLost, SocketErrorAnswer
from modular_api.clients.sockets.envelopes import Envelope, read, write
from modular_api.clients.sockets.following import Following, Listening
from modular_api.clients.sockets.questions import Question, Questions

log = logging.getLogger(__name__)

_MOST_PENDING = 16
"""Subscriptions asked for at a time; a server refuses more than 80 with `busy`."""
_PASSING = frozenset({"busy", "internal"})
"""Errors that do not end a subscription which had begun: it is tried again."""

_Job: TypeAlias = Callable[[Channel], Awaitable[None]]


class Conversation:
    """The readers of one socket, and the questions that wait for answers.

    Args:
        name: of the socket, for messages.
        timeout_s: limit of one answer, and of waiting for a connection to ask on; None
            waits for ever.

    Attributes:
        failure: why nothing more can be said; None while that is possible.
    """

    def __init__(self, name: str, *, timeout_s: float | None) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._channel: Channel | None = None
        self.failure: Exception | None = None
        self._dial_error: Exception | None = None
        self._is_reconnect = False
        self._heard = 0
        self._jobs: deque[_Job] = deque()
        self._changed = asyncio.Event()
        self._questions = Questions(self._changed.set)
        self._followings: dict[Following, None] = {}
        self._by_topic: dict[str, dict[Following, None]] = {}
        self._listenings: dict[str, list[Listening]] = {}

    # What the readers do.

    def follow(self, following: Following) -> None:
        """Subscribe, now and on every connection to come.

        It ends with an error if it does not begin in time.
        """
        if self.failure is not None:
            following.end(self.failure)
            return
        self._followings[following] = None
        self._limit(following)
        if self._channel is not None:
            self._add_job(partial(self._subscribe, following, None))

    def unfollow(self, following: Following) -> None:
        """End a subscription."""
        following.end()
        # One that is not live is ended when its answer comes; see `_started`.
        if self._forget(following) and following.is_live:
            self._add_job(partial(self._unsubscribe, following))

    def listen(self, listening: Listening) -> None:
        """Pass on messages of a type.

        It ends with an error if there is no connection in time.
        """
        if self.failure is not None:
            listening.buffer.end(self.failure)
            return
        self._listenings.setdefault(listening.type, []).append(listening)
        listening.has_begun = self._channel is not None
        if not listening.has_begun and self._timeout_s is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self._timeout_s, self._unheard, listening)

    def unlisten(self, listening: Listening) -> None:
        """Pass them on no longer."""
        listening.buffer.end()
        readers = self._listenings.get(listening.type, [])
        if listening in readers:
            readers.remove(listening)

    async def ask(self, type_: str, payload: Any) -> Any:
        """Send a message and return the payload of its answer.

        Raises:
            SocketErrorAnswer: the answer is an error.
            ClientTimeout: there was none in time, or no connection.
            ConnectionLost: the server may have acted, or not.
        """
        answer: asyncio.Future[Envelope] = asyncio.get_running_loop().create_future()

        def failed(error: Exception) -> None:
            if not answer.done():
                answer.set_exception(error)

        def answered(envelope: Envelope) -> None:
            if not answer.done():
                answer.set_result(envelope)

        id_: str | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                channel = await self._open_channel()
                id_ = self._questions.add(Question(type_, answered, failed))
                await channel.send(write(type_, payload, id_))
                return (await answer).payload
        except TimeoutError as error:
            raise ClientTimeout(f"'{type_}'", self._timeout_s) from error
        except Disconnected as error:
            raise ConnectionLost(type_, self._name) from error
        finally:
            if id_ is not None:
                self._questions.forget(id_)
            answer.cancel()

    async def tell(self, type_: str, payload: Any) -> None:
        """Send a message that has no answer.

        Raises: ClientTimeout: there was no connection in time. ConnectionLost
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                channel = await self._open_channel()
                await channel.send(write(type_, payload, self._questions.new_id()))
        except TimeoutError as error:
            raise ClientTimeout(f"'{type_}'", self._timeout_s) from error
        except Disconnected as error:
            raise ConnectionLost(type_, self._name) from error

    # What the link does.

    async def connected(self) -> None:
        """Wait for a connection. Raises: why there is none in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                await self._open_channel()
                return
        raise self._no_connection()

    def not_connected(self, error: Exception) -> None:
        """Note why there is no connection yet; another attempt follows."""
        self._dial_error = error

    async def speak(self, channel: Channel) -> Disconnected:
        """Converse on a connection until it is lost; return how it ended."""
        self._channel = channel
        self._dial_error = None
        self._jobs = deque(
            partial(self._subscribe, following, None) for following in self._followings
        )
        for listening in self._all_listenings():
            listening.has_begun = True
            if self._is_reconnect:
                listening.reconnected()
        self._is_reconnect = True
        self._changed.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                worker = tasks.create_task(self._work(channel))
                disconnected = await self._read(channel)
                worker.cancel()
        finally:
            self._lost()
        return disconnected

    def fail(self, error: Exception) -> None:
        """End every reader and every question, those to come too, with an error."""
        self.failure = self.failure or error
        for following in tuple(self._followings):
            self._forget(following)
            following.end(error)
        for readers in self._listenings.values():
            for listening in readers:
                listening.buffer.end(error)
        self._listenings.clear()
        self._questions.fail(lambda _: error)
        self._changed.set()

    def close(self, error: Exception) -> None:
        """End every reader without an error; questions get the error."""
        for following in tuple(self._followings):
            self._forget(following)
            following.end()
        for readers in self._listenings.values():
            for listening in readers:
                listening.buffer.end()
        self.fail(error)

    # Writing.

    async def _work(self, channel: Channel) -> None:
        """Do the jobs one after the other: the server keeps the order of messages."""
        while True:
            await self._until(
                lambda: self._jobs
                and self._questions.pending_subscriptions < _MOST_PENDING
            )
            job = self._jobs.popleft()
            try:
                await job(channel)
            except Disconnected:
                return  # `_read` returns how the connection ended

    async def _subscribe(
        self, following: Following, topics: Iterable[str] | None, channel: Channel
    ) -> None:
        if following not in self._followings:
            return
        if not following.was_asked:
            following.was_asked = True
            self._limit(following)
        following.is_live = False
        type_ = following.operation.subscribe.type
        recover = following.recovery(topics)
        question = Question(
            type_,
            partial(self._started, following),
            partial(self._refused, following, topics, channel),
            is_subscription=True,
        )

        def overdue() -> None:
            if is_alive() and following.has_begun:
                self._try_again(following, topics, channel)

        is_alive = self._check_alive(type_, channel)
        id_ = self._questions.add_limited(question, self._timeout_s, overdue)
        await channel.send(write(type_, following.payload, id_, recover))

    async def _unsubscribe(self, following: Following, channel: Channel) -> None:
        """End a subscription, and not those that share a topic with it.

        Waits until no subscription is pending, because the topics of a pending one are
        not known yet.
        """
        await self._until(lambda: not self._questions.pending_subscriptions)
        shared = {
            topic: [*self._by_topic[topic]]
            for topic in following.topics
            if self._by_topic.get(topic)
        }
        if set(following.topics) == shared.keys():
            return
        type_ = following.operation.unsubscribe
        question = Question(type_, _nothing, _note)
        is_alive = self._check_alive(type_, channel)
        id_ = self._questions.add_limited(question, self._timeout_s, is_alive)
        await channel.send(write(type_, following.payload, id_))
        # The server has now ended the shared ones too.
        for other in dict.fromkeys(each for them in shared.values() for each in them):
            topics = [topic for topic, them in shared.items() if other in them]
            self._jobs.appendleft(partial(self._subscribe, other, topics))

    def _check_alive(self, type_: str, channel: Channel) -> Callable[[], bool]:
        """Return what judges the server that does not answer a message sent now.

        If nothing at all came from it since, the connection is taken for dead and
        dropped. Otherwise it is merely slow with this one, and others go on.
        """
        heard = self._heard

        def is_alive() -> bool:
            log.warning(
                "%s: '%s' has no answer after %s s", self._name, type_, self._timeout_s
            )
            if self._heard == heard:
                channel.abort()
                return False
            return True

        return is_alive

    def _add_job(self, job: _Job) -> None:
        self._jobs.append(job)
        self._changed.set()

    # Reading.

    async def _read(self, channel: Channel) -> Disconnected:
        while True:
            try:
                text = await channel.receive()
            except Disconnected as disconnected:
                return disconnected
            self._heard += 1
            envelope = read(text)
            if envelope is None:
                log.debug("%s: a message that is none of ours: %.80r", self._name, text)
            else:
                self._take(envelope)

    def _take(self, envelope: Envelope) -> None:
        if envelope.type == "error":
            self._take_error(envelope)
        elif (question := self._questions.take(envelope.id)) is not None:
            question.answered(envelope)
        elif envelope.topic in self._by_topic:
            self._take_news(envelope)
        elif envelope.type in self._listenings:
            for listening in self._listenings[envelope.type]:
                listening.event(
                    envelope.topic, envelope.position, envelope.missed, envelope.payload
                )
        elif envelope.type == "gap" and envelope.position is not None:
            for listening in self._all_listenings():
                listening.gap(envelope.topic, envelope.position, _missed_of(envelope))
        else:
            log.debug("%s: nobody waits for '%s'", self._name, envelope.type)

    def _take_news(self, envelope: Envelope) -> None:
        position, topic = envelope.position, envelope.topic
        if position is None:
            log.debug("%s: '%s' without a position", self._name, envelope.type)
            return
        for following in tuple(self._by_topic[topic]):
            if envelope.type == following.operation.update.type:
                following.update(topic, position, envelope.missed, envelope.payload)
            elif envelope.type == following.operation.gap:
                following.gap(topic, position, _missed_of(envelope))
            else:
                log.debug("%s: nobody knows '%s'", self._name, envelope.type)

    def _take_error(self, envelope: Envelope) -> None:
        payload = envelope.payload if isinstance(envelope.payload, dict) else {}
        code, message = str(payload.get("code", "")), str(payload.get("message", ""))
        question = self._questions.take(envelope.id)
        if question is not None:
            question.failed(SocketErrorAnswer(question.type, code, message))
            return
        for following in tuple(self._by_topic.get(envelope.topic, ())):
            if code == "stream_failed":
                following.stream_failed(envelope.topic)
            else:
                self._forget(following)
                type_ = following.operation.update.type
                following.end(SocketErrorAnswer(type_, code, message))
        if envelope.topic not in self._by_topic:
            log.warning("%s: the server says %s: %s", self._name, code, message)

    def _started(self, following: Following, envelope: Envelope) -> None:
        before = set(following.topics)
        following.started(envelope.starts())
        self._pass_no_more(following, before.difference(following.topics))
        if following in self._followings:
            for topic in following.topics:
                self._by_topic.setdefault(topic, {})[following] = None
        else:  # nobody waited so long
            self._add_job(partial(self._unsubscribe, following))

    def _refused(
        self,
        following: Following,
        topics: Iterable[str] | None,
        channel: Channel,
        error: Exception,
    ) -> None:
        passing = isinstance(error, SocketErrorAnswer) and error.code in _PASSING
        if following.has_begun and passing:
            self._try_again(following, topics, channel)
            return
        self._forget(following)
        following.end(error)

    def _unheard(self, listening: Listening) -> None:
        if not listening.has_begun:
            listening.buffer.end(self._no_connection())
            self.unlisten(listening)

    def _no_connection(self) -> Exception:
        return self._dial_error or ClientTimeout(
            f"connecting {self._name}", self._timeout_s
        )

    def _try_again(
        self, following: Following, topics: Iterable[str] | None, channel: Channel
    ) -> None:
        """Ask for a subscription once more on this connection, after a while."""

        def try_again() -> None:
            if self._channel is channel and not following.is_live:
                self._add_job(partial(self._subscribe, following, topics))

        delay_s = following.delay.delay_s()
        asyncio.get_running_loop().call_later(delay_s, try_again)

    def _limit(self, following: Following) -> None:
        """Limit the time until a subscription has begun for the first time.

        It runs while there is no connection, and anew from when it is asked for.
        """
        if self._timeout_s is not None:
            loop = asyncio.get_running_loop()
            following.limit(loop.call_later(self._timeout_s, self._late, following))

    def _late(self, following: Following) -> None:
        if self._channel is not None and not following.was_asked:
            self._limit(following)  # others are asked for before it
            return
        type_ = following.operation.subscribe.type
        self._forget(following)
        following.end(self._dial_error or ClientTimeout(f"'{type_}'", self._timeout_s))

    # Common.

    def _lost(self) -> None:
        self._channel = None
        self._jobs.clear()
        self._questions.fail(lambda type_: ConnectionLost(type_, self._name))
        self._by_topic.clear()
        for following in self._followings:
            following.lost()

    def _forget(self, following: Following) -> bool:
        known = following in self._followings
        self._followings.pop(following, None)
        self._pass_no_more(following, following.topics)
        return known

    def _pass_no_more(self, following: Following, topics: Iterable[str]) -> None:
        for topic in topics:
            followers = self._by_topic.get(topic, {})
            followers.pop(following, None)
            if not followers:
                self._by_topic.pop(topic, None)

    def _all_listenings(self) -> list[Listening]:
        return [each for them in self._listenings.values() for each in them]

    async def _open_channel(self) -> Channel:
        await self._until(lambda: self._channel is not None or self.failure is not None)
        if self.failure is not None:
            raise self.failure
        assert self._channel is not None
        return self._channel

    async def _until(self, is_so: Callable[[], object]) -> None:
        while not is_so():
            self._changed.clear()
            await self._changed.wait()


def _missed_of(envelope: Envelope) -> int | None:
    payload = envelope.payload
    missed = payload.get("missed") if isinstance(payload, dict) else None
    return missed if isinstance(missed, int) else None


def _nothing(_: Envelope) -> None:
    """An answer that tells nothing new."""


def _note(error: Exception) -> None:
    log.debug("an unsubscription was not answered: %s", error)
