"""How a manager in the background says that everything is ready."""

from __future__ import annotations

import json
import os

from modular_api.deploy.manager.operating.detached import Answer


def test_an_answer_is_one_line_and_the_end() -> None:
    """However long it is, and whatever would come after it."""
    ours, theirs = os.pipe()
    answer = Answer(theirs)
    with os.fdopen(ours, "rb") as pipe:
        answer.give("status", {"servers": ["alpha"] * 100})
        answer.give("error", "too late")
        assert json.loads(pipe.read()) == {"status": {"servers": ["alpha"] * 100}}


def test_nobody_may_wait_for_an_answer() -> None:
    """A manager must not end because of that."""
    ours, theirs = os.pipe()
    os.close(ours)
    Answer(theirs).give("status", {})
