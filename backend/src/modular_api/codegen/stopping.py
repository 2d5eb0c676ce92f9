"""Let one thread stop what another one does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from modular_api.codegen.errors import GenerationStopped


class Stop:
    """A request to stop, which interrupts what registered for it."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._interrupts: list[Callable[[], None]] = []

    @property
    def asked(self) -> bool:
        """Whether somebody asked to stop."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Stop: returns at once; whoever works notices by GenerationStopped."""
        with self._lock:
            self._asked.set()
            for interrupt in self._interrupts:
                interrupt()

    def check(self) -> None:
        """Raises: GenerationStopped: somebody asked to stop."""
        if self.asked:
            raise GenerationStopped

    def sleep(self, seconds: float) -> None:
        """Wait; a request to stop ends the wait, with GenerationStopped."""
        self._asked.wait(seconds)
        self.check()

    @contextmanager
    def interrupting_with(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call `interrupt` when somebody asks to stop while the block runs.

        Raises: GenerationStopped: somebody has asked already.
        """
        with self._lock:
            self.check()
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)
