"""The server in this process: start, stop, signals, and what goes wrong meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from modular_api.listening import listen
from modular_api.serving.errors import StartRefused
from modular_api.serving.server import serve


class Life:
    """A lifespan that notes what happens to it and runs what a test gives it."""

    def __init__(
        self,
        starting: Callable[[], Any] = lambda: None,
        stopping: Callable[[], Any] = lambda: None,
    ) -> None:
        self.events: list[str] = []
        self._starting = starting
        self._stopping = stopping

    @asynccontextmanager
    async def __call__(self, app: FastAPI) -> AsyncIterator[None]:
        self.events.append("opened")
        try:
            await self._run(self._starting)
            yield
            await self._run(self._stopping)
        finally:
            self.events.append("closed")

    async def _run(self, step: Callable[[], Any]) -> None:
        awaitable = step()
        if awaitable is not None:
            await awaitable

    def serve(
        self,
        on_ready: Callable[[], None] = lambda: signal.raise_signal(signal.SIGTERM),
    ) -> None:
        """Serve an app with this lifespan; by default it is stopped once it is ready."""
        with listen("127.0.0.1", 0) as listener:
            serve(FastAPI(lifespan=self), listener, on_ready=on_ready, grace_s=1)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_as_asked_returns_after_the_app_has_stopped(
    kind: signal.Signals,
) -> None:
    """Neither an exception nor a death by signal; the old handlers are back."""
    before = signal.getsignal(kind)
    life = Life()
    life.serve(lambda: signal.raise_signal(kind))
    assert life.events == ["opened", "closed"]
    assert signal.getsignal(kind) is before


def test_a_failed_start_raises_the_apps_own_error() -> None:
    """Nothing was announced."""

    def fail() -> None:
        raise LookupError("no database")

    def never() -> None:
        raise AssertionError("announced")

    with pytest.raises(LookupError, match="no database"):
        Life(starting=fail).serve(never)


def test_a_failed_stop_raises_the_apps_own_error() -> None:
    """A stop that lost something is no success."""

    def fail() -> None:
        raise LookupError("not flushed")

    with pytest.raises(LookupError, match="not flushed"):
        Life(stopping=fail).serve()


def test_an_app_that_refuses_to_start_is_quoted() -> None:
    """ASGI lets an app say no without raising."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "not today"})

    with (
        listen("127.0.0.1", 0) as listener,
        pytest.raises(StartRefused, match="not today"),
    ):
        serve(app, listener, on_ready=lambda: None, grace_s=1)


def test_a_signal_cancels_a_start_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    """What was open is closed, and the stop is as good as any other."""
    caplog.set_level("INFO")

    def hang() -> Any:
        signal.raise_signal(signal.SIGINT)
        return asyncio.sleep(60)

    life = Life(starting=hang)
    life.serve(lambda: pytest.fail("announced"))
    assert life.events == ["opened", "closed"]
    assert "stopped while the app was starting" in caplog.messages


def test_an_error_while_a_start_is_cancelled_is_not_lost() -> None:
    """A module that cannot be closed tells so."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError("not flushed")
        yield

    with (
        listen("127.0.0.1", 0) as listener,
        pytest.raises(LookupError, match="not flushed"),
    ):
        serve(FastAPI(lifespan=lifespan), listener, on_ready=lambda: None, grace_s=1)


def test_a_second_signal_interrupts_a_start_that_blocks() -> None:
    """Code that never awaits cannot be cancelled, only interrupted."""

    def block() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Life(starting=block).serve()
