"""The messages of one socket that were sent and wait for their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from modular_api.clients.sockets.envelopes import Envelope


@dataclass(slots=True)
class Question:
    """What waits for the answer to one message.

    Attributes:
        type: of the message.
        answered, failed: one of them is called, once.
        is_subscription: it is asked again on the next connection.
        is_overdue: it has waited longer than it should; an answer is still taken.
    """

    type: str
    answered: Callable[[Envelope], None]
    failed: Callable[[Exception], None]
    is_subscription: bool = False
    is_overdue: bool = False
    timer: asyncio.TimerHandle | None = None


class Questions:
    """Questions by the id their answers carry.

    Args:
        settled: told whenever one is answered, or is not waited for any more.
    """

    def __init__(self, settled: Callable[[], None]) -> None:
        self._settled = settled
        self._ids = count(1)
        self._waiting: dict[str, Question] = {}

    @property
    def pending_subscriptions(self) -> int:
        """How many subscriptions wait for their answer, and not for too long yet."""
        return sum(
            question.is_subscription and not question.is_overdue
            for question in self._waiting.values()
        )

    def new_id(self) -> str:
        """Return an id that no message of the socket has had."""
        return str(next(self._ids))

    def add(self, question: Question) -> str:
        """Await an answer as long as it takes; return the id to ask with."""
        id_ = self.new_id()
        self._waiting[id_] = question
        return id_

    def add_limited(
        self, question: Question, timeout_s: float | None, overdue: Callable[[], object]
    ) -> str:
        """Await an answer; call `overdue` without one in time, and go on waiting."""

        def is_overdue() -> None:
            question.is_overdue = True
            self._settled()
            overdue()

        if timeout_s is not None:
            loop = asyncio.get_running_loop()
            question.timer = loop.call_later(timeout_s, is_overdue)
        return self.add(question)

    def take(self, id_: str) -> Question | None:
        """Return the question that an answer belongs to; it waits no longer."""
        question = self._waiting.pop(id_, None)
        if question is not None:
            self._release(question)
        return question

    def forget(self, id_: str) -> None:
        """Take no answer to a question any more."""
        self._waiting.pop(id_, None)

    def fail(self, error_for: Callable[[str], Exception]) -> None:
        """Give every question the error for its type of message.

        Subscriptions get none: they are asked for again.
        """
        questions = [*self._waiting.values()]
        self._waiting.clear()
        for question in questions:
            self._release(question)
            if not question.is_subscription:
                question.failed(error_for(question.type))

    def _release(self, question: Question) -> None:
        if question.timer is not None:
            question.timer.cancel()
        self._settled()
