"""Let one thread stop the work of another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from modular_api.codegen.errors import GenerationStopped


class Stop:
    """A request to stop, which calls what was registered to be interrupted."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._interrupts: list[Callable[[], None]] = []

    @property
    def asked(self) -> bool:
        """Whether somebody asked to stop."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask to stop, without waiting; working threads get GenerationStopped."""
        with self._lock:
            self._asked.set()
            for interrupt in self._interrupts:
                interrupt()

    def check(self) -> None:
        """Raise GenerationStopped if somebody asked to stop."""
        if self.asked:
            raise GenerationStopped

    def sleep(self, seconds: float) -> None:
        """Wait; raise GenerationStopped as soon as somebody asks to stop."""
        self._asked.wait(seconds)
        self.check()

    @contextmanager
    def interrupting_with(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call `interrupt` when somebody asks to stop while the block runs.

        Raises: GenerationStopped: somebody has already asked to stop.
        """
        with self._lock:
            self.check()
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)
