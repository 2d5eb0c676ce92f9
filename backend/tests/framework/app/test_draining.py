"""Before the app stops its modules bring their work to an end."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import pytest

from modular_api import Module
from modular_api.app import draining
from modular_api.app.draining import DRAIN_KEY, drain_app
from modular_api.app.modular_app import ModularApp


class Worker:
    """A service that tells what happens to it."""

    def __init__(self, seen: list[str], error: Exception | None = None) -> None:
        self.seen = seen
        self.error = error
        self.drains_s = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.seen.append("left")

    async def drain(self) -> None:
        """Finish what was begun."""
        if self.error is not None:
            raise self.error
        await asyncio.sleep(self.drains_s)
        self.seen.append("drained")


def app_of(**services: Any) -> ModularApp:
    modules = [
        Module(service=lambda each=each: each).create_app(name)  # type: ignore[misc] # bound now
        for name, each in services.items()
    ]
    return ModularApp(modules)


async def test_the_end_of_the_lifespan_drains_every_module_before_any_is_left() -> None:
    """Without a server that does it earlier."""
    seen: list[str] = []
    app = app_of(one=Worker(seen), two=Worker(seen))
    async with app.router.lifespan_context(app):
        assert seen == []
    assert seen == ["drained", "drained", "left", "left"]


async def test_a_server_may_drain_earlier_and_it_happens_once() -> None:
    """A state without a Drain needs nothing."""
    seen: list[str] = []
    app = app_of(one=Worker(seen))
    async with app.router.lifespan_context(app) as state:
        await drain_app(state or {})
        assert seen == ["drained"]
    assert seen == ["drained", "left"]
    await drain_app({})
    await drain_app({DRAIN_KEY: None})


async def test_a_hook_that_fails_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged with the module's name."""
    seen: list[str] = []
    app = app_of(bad=Worker(seen, LookupError("gone")), good=Worker(seen))
    async with app.router.lifespan_context(app):
        pass
    assert seen == ["drained", "left", "left"]
    assert "service of 'bad' failed to drain" in caplog.text


async def test_a_hook_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A stop comes to its end."""
    monkeypatch.setattr(draining, "HOOK_TIMEOUT_S", 0.01)
    slow = Worker([])
    slow.drains_s = 30
    app = app_of(slow=slow)
    async with asyncio.timeout(5), app.router.lifespan_context(app):
        pass
    assert slow.seen == ["left"]
    assert "TimeoutError" in caplog.text
