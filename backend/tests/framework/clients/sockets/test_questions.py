"""A question waits for its answer, and for nothing else."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from modular_api.clients.channels.channel import Channel
from modular_api.clients.sockets.envelopes import Envelope
from modular_api.clients.sockets.questions import Question, Questions


class Told:
    """What became of questions."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.settled = 0
        self.aborted = asyncio.Event()

    def question(self, type_: str = "order", **options: Any) -> Question:
        return Question(type_, self.answered, self.errors.append, **options)

    def answered(self, envelope: Envelope) -> None:
        """Nobody answers here."""

    def settle(self) -> None:
        self.settled += 1

    def abort(self) -> None:
        self.aborted.set()

    @property
    def channel(self) -> Channel:
        return cast(Channel, self)


def test_each_question_is_taken_once() -> None:
    """By its id; an answer that comes again, or is nobody's, finds none."""
    told = Told()
    questions = Questions(told.settle)
    first, second = told.question(), told.question()
    ids = [questions.add(first), questions.new_id(), questions.add(second)]
    assert len(set(ids)) == 3
    assert questions.take(ids[2]) is second
    assert questions.take(ids[2]) is None
    assert questions.take("") is None
    questions.forget(ids[0])
    assert questions.take(ids[0]) is None
    assert told.settled == 1


def test_a_lost_connection_fails_all_but_subscriptions() -> None:
    """The error tells the type of the message."""
    told = Told()
    questions = Questions(told.settle)
    questions.add(told.question("order"))
    questions.add(told.question("bars.subscribe", is_subscription=True))
    assert questions.pending_subscriptions == 1
    questions.fail(ValueError)
    assert [str(error) for error in told.errors] == ["order"]
    assert questions.pending_subscriptions == 0
    assert told.settled == 2


async def test_without_an_answer_in_time_the_connection_is_aborted() -> None:
    """An answer in time keeps it."""
    told = Told()
    questions = Questions(told.settle)
    questions.take(questions.add_limited(told.question(), told.channel, 0.01))
    await asyncio.sleep(0.03)
    assert not told.aborted.is_set()
    questions.add_limited(told.question(), told.channel, 0.001)
    async with asyncio.timeout(5):
        await told.aborted.wait()
