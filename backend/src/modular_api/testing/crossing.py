"""An ASGI call made in one event loop and run in another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send


async def call_in(
    loop: asyncio.AbstractEventLoop,
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    grace_s: float = 0.0,
) -> None:
    """Call an app in another loop, as if it had been called in this one.

    `receive` and `send` run in the caller's loop, whose objects they use. The app sees
    the caller's context variables, the caller its exceptions. When the caller is
    cancelled, so is the app, once, unless it ends by itself within `grace_s`; the caller
    goes on when the app has ended.
    """
    await _Crossing(loop, grace_s).run(app, scope, receive, send)


class _Crossing:
    """The two ends of one call: `here` is the caller's loop, `there` the app's.

    Whatever one loop asks of the other is scheduled there in the order of asking. So
    all the app has asked for is known here by the time its end is.
    """

    def __init__(self, there: asyncio.AbstractEventLoop, grace_s: float) -> None:
        self._grace_s = grace_s
        self._here = asyncio.get_running_loop()
        self._there = there
        self._task: asyncio.Task[None] | None = None
        self._ended: asyncio.Future[None] = self._here.create_future()
        self._lent: set[asyncio.Task[Any]] = set()

    async def run(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def main() -> None:
            await app(scope, self._lend(receive), self._lend(send))

        def begin() -> None:
            self._task = self._there.create_task(main())
            self._task.add_done_callback(self._tell)

        # Copies the caller's context variables into the app's task.
        self._there.call_soon_threadsafe(begin)
        cancelled = await self._wait()
        await self._take_back()
        task, self._task = self._task, None
        assert task is not None  # or it could not have ended
        try:
            _conclude(task, cancelled)
        finally:
            # An exception refers to this frame; with the frame referring to it they,
            # and all of the app's variables, would wait for the garbage collector.
            del task, cancelled

    async def _wait(self) -> asyncio.CancelledError | None:
        """Wait for the app's end, through cancellations; return the last of those.

        anyio cancels again and again until it is obeyed; to pass each of them on would
        cancel the app's own cleaning up.
        """
        cancelled = timer = None
        while not self._ended.done():
            try:
                await asyncio.wait((self._ended,))
            except asyncio.CancelledError as error:
                cancelled = error
                if timer is None:
                    timer = self._here.call_later(
                        self._grace_s, self._there.call_soon_threadsafe, self._cancel
                    )
        if timer is not None:
            timer.cancel()
        return cancelled

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel("the caller was cancelled")

    def _tell(self, task: asyncio.Task[None]) -> None:
        if not self._here.is_closed():
            self._here.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _lend(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        """Make a function of the caller's loop callable in the app's."""

        async def lent(*args: Any) -> Any:
            if self._ended.done():
                raise RuntimeError("This request is over: nobody receives or sends.")
            call = asyncio.run_coroutine_threadsafe(
                self._tracked(function, args), self._here
            )
            return await asyncio.wrap_future(call)

        return lent

    async def _tracked(
        self, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]
    ) -> Any:
        task = asyncio.current_task()
        assert task is not None
        self._lent.add(task)
        try:
            return await function(*args)
        finally:
            self._lent.discard(task)

    async def _take_back(self) -> None:
        """End what the app left running here, such as a `receive` nobody awaits."""
        for task in self._lent:
            task.cancel()
        if self._lent:
            await asyncio.wait(set(self._lent))


def _conclude(
    task: asyncio.Task[None], cancelled: asyncio.CancelledError | None
) -> None:
    """Raise what the app raised, or the very cancellation the caller got.

    The very same: anyio and `asyncio.timeout` know their own cancellations.
    """
    try:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
        if cancelled is not None:
            raise cancelled
        if task.cancelled():
            raise asyncio.CancelledError("the app was cancelled in its own loop")
    finally:
        error = None
        del task, cancelled
