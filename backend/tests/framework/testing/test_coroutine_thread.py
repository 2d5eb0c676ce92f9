"""CoroutineThread: what its users do not run into every day."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from modular_api.testing import coroutine_thread
from modular_api.testing.coroutine_thread import CoroutineThread


async def wait_for_ever(ready: Callable[[], None]) -> None:
    """Never be ready."""
    await asyncio.Event().wait()


def threads_named(name: str) -> list[threading.Thread]:
    """Return the living threads of this name."""
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_an_interrupted_start_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a lifespan hangs: the next test shall not share the machine."""

    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(coroutine_thread, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        CoroutineThread(wait_for_ever, name="interrupted").start(10)
    for thread in threads_named("interrupted"):
        thread.join(5)
    assert not threads_named("interrupted")


def test_a_main_that_returns_without_being_ready_is_an_error() -> None:
    """Nobody would ever be told."""

    async def return_at_once(ready: Callable[[], None]) -> None:
        return

    with pytest.raises(RuntimeError, match="without having been ready"):
        CoroutineThread(return_at_once, name="hasty").start(10)


def test_a_call_after_the_end_does_nothing() -> None:
    """The end may come by itself, just before somebody asks for it."""

    async def be_ready_and_return(ready: Callable[[], None]) -> None:
        ready()

    thread = CoroutineThread(be_ready_and_return, name="ended")
    thread.start(10)
    thread.join(10)
    called: list[bool] = []
    thread.call(lambda: called.append(True))
    assert called == []
