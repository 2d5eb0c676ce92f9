"""Runs a coroutine in an event loop of its own, in a thread of its own."""

from __future__ import annotations

import asyncio
import sys
import sysconfig
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from typing import Any, TypeAlias

Main: TypeAlias = Callable[[Callable[[], None]], Coroutine[Any, Any, None]]
"""What runs in the loop. It calls its argument once, when it is ready."""

_CANCEL_TIMEOUT_S = 1.0


class CoroutineThread:
    """Runs the coroutine `main` from `start` to `join`; nothing of it is left afterwards.

    The thread is a daemon: a loop blocked for good does not keep the process alive.
    """

    def __init__(
        self,
        main: Main,
        *,
        name: str,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    ) -> None:
        self._main = main
        self._loop_factory = loop_factory
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._cancel_requested = False
        self._ready: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self, timeout_s: float) -> None:
        """Return as soon as `main` is ready.

        Raises:
            TimeoutError: it was not ready in time, and was cancelled.
            RuntimeError: it returned without having been ready.
            BaseException: what `main` raised instead of being ready.
        """
        self._thread.start()
        try:
            wait((self._ready, self._ended), timeout_s, FIRST_COMPLETED)
        except BaseException:
            self._cancel()
            raise
        if self._ready.done():
            return
        if not self._ended.done():
            self._give_up(timeout_s)
        self._thread.join()
        self._ended.result()
        raise RuntimeError("it ended without having been ready")

    def call(self, function: Callable[[], object]) -> None:
        """Have the loop call a function soon; do nothing if the loop has ended."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(function)

    def join(self, timeout_s: float) -> None:
        """Wait until `main` has returned and its loop is closed.

        Raises:
            TimeoutError: it did not return in time, and was cancelled.
            BaseException: what `main` raised.
        """
        wait((self._ended,), timeout_s)
        if not self._ended.done():
            self._give_up(timeout_s)
        self._thread.join()
        self._ended.result()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._loop_factory) as runner:
                self._loop = runner.get_loop()
                runner.run(self._main_task())
        except BaseException as error:
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)

    async def _main_task(self) -> None:
        self._task = asyncio.current_task()
        if self._cancel_requested:
            raise asyncio.CancelledError
        await self._main(lambda: self._ready.set_result(None))

    def _cancel(self) -> None:
        # This order, and the reverse one in `_main_task`: whoever comes second acts.
        self._cancel_requested = True
        if self._task is not None:
            self.call(self._task.cancel)

    def _give_up(self, timeout_s: float) -> None:
        self._cancel()
        wait((self._ended,), _CANCEL_TIMEOUT_S)
        if self._ended.done():
            self._thread.join()
            raise TimeoutError(f"not within {timeout_s:g} s")
        raise TimeoutError(
            f"not within {timeout_s:g} s; its event loop is blocked at {self._place()}"
        )

    def _place(self) -> str:
        """Return `file:line` of what the thread does, standard library left out."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        while frame is not None and _is_standard_library(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None:
            return "an unknown place"
        return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _is_standard_library(filename: str) -> bool:
    if "site-packages" in filename:
        return False
    return filename.startswith((sysconfig.get_path("stdlib"), "<frozen "))
