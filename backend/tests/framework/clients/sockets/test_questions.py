"""A question waits for its answer, and for nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

from modular_api.clients.sockets.envelopes import Envelope
from modular_api.clients.sockets.questions import Question, Questions


class Told:
    """What became of questions."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.settled = 0
        self.overdue = asyncio.Event()

    def question(self, type_: str = "order", **options: Any) -> Question:
        return Question(type_, self.answered, self.errors.append, **options)

    def answered(self, envelope: Envelope) -> None:
        """Nobody answers here."""

    def settle(self) -> None:
        self.settled += 1


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


async def test_a_question_that_is_overdue_says_so_and_still_takes_its_answer() -> None:
    """It is not counted as pending any more, so that others need not wait for it."""
    told = Told()
    questions = Questions(told.settle)
    in_time = told.question(is_subscription=True)
    questions.take(questions.add_limited(in_time, 0.01, told.overdue.set))
    await asyncio.sleep(0.03)
    assert not told.overdue.is_set()
    late = told.question(is_subscription=True)
    id_ = questions.add_limited(late, 0.001, told.overdue.set)
    assert questions.pending_subscriptions == 1
    async with asyncio.timeout(5):
        await told.overdue.wait()
    assert questions.pending_subscriptions == 0
    assert questions.take(id_) is late
