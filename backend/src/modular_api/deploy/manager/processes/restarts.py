"""How long to wait before a process is started again, and when to give up."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass

from modular_api.backoff import grown_s


@dataclass(frozen=True)
class RestartDelay:
    """Waits longer after every failure in a row, and never twice the same time.

    The first start after a long life is immediate: that process was no crash loop.

    Args:
        first_s: the wait before the second start.
        longest_s: no wait is longer.
        jitter: how much of a wait is left to chance, so that processes which died
            together do not come back together.
    """

    first_s: float = 0.2
    longest_s: float = 10.0
    jitter: float = 0.5

    def delay_s(self, failures: int, chance: float | None = None) -> float:
        """Return the wait after so many failures in a row.

        Args:
            chance: from 0 to 1; drawn when left out.
        """
        if failures <= 1:
            return 0.0
        full = grown_s(failures - 1, first_s=self.first_s, longest_s=self.longest_s)
        chance = random.random() if chance is None else chance
        return full * (1 - self.jitter * chance)


class Circuit:
    """Opens after several failures within a while: starting again would not help.

    Only the time counts in which there was a process that served. A build that hangs
    until its deadline serves no second, so it is a crash loop however long that takes.

    Attributes:
        reason: why it is open; None while it is closed.

    Args:
        limit: so many failures open it,
        window_s: when processes have served no longer than this between them.
    """

    def __init__(self, limit: int = 5, window_s: float = 30.0) -> None:
        self._limit = limit
        self._window_s = window_s
        self._served_s = 0.0
        self._failures: deque[tuple[float, float]] = deque(maxlen=limit)
        """Of each failure the time served before it, and when it was."""
        self.reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing may be started any more."""
        return self.reason is not None

    @property
    def failures(self) -> int:
        """How many failures count at the moment."""
        return len(self._failures)

    def note_failure(self, reason: str, *, now: float, served_s: float = 0.0) -> None:
        """Count a failure; it may open the circuit.

        Args:
            now: of a clock that never goes back, in seconds.
            served_s: how long the process that failed was ready.
        """
        self._served_s += served_s
        while self._failures and self._served_s - self._failures[0][0] > self._window_s:
            self._failures.popleft()
        self._failures.append((self._served_s, now))
        if len(self._failures) >= self._limit:
            span = now - self._failures[0][1]
            self.reason = (
                f"failed {self._limit} times within {span:.1f} s, last: {reason}"
            )

    def reset(self) -> None:
        """Forget every failure, as somebody has asked for a new start."""
        self._failures.clear()
        self.reason = None


class Restarts:
    """What is remembered of the processes that failed in one place.

    Attributes:
        count: how often a process was started in place of one that failed.
    """

    def __init__(
        self, delay: RestartDelay | None = None, circuit: Circuit | None = None
    ) -> None:
        self.count = 0
        self.delay = delay or RestartDelay()
        self._circuit = circuit or Circuit()
        self._last: str | None = None
        self._ready_at: float | None = None

    @property
    def is_given_up(self) -> bool:
        """Whether no process is started any more."""
        return self._circuit.is_open

    @property
    def reason(self) -> str | None:
        """Why it was given up; before that the last failure, until a process serves."""
        return self._circuit.reason or self._last

    def note_ready(self) -> None:
        """A process serves from now on."""
        self._last = None
        self._ready_at = time.monotonic()

    async def may_go_on(self, reason: str) -> bool:
        """Note a failure; return when the next process may be started.

        Returns: False at once where it is given up instead.
        """
        now = time.monotonic()
        served_s = 0.0 if self._ready_at is None else now - self._ready_at
        self._ready_at = None
        self._last = reason
        self._circuit.note_failure(reason, now=now, served_s=served_s)
        if self.is_given_up:
            return False
        await asyncio.sleep(self.delay.delay_s(self._circuit.failures))
        self.count += 1
        return True

    def give_up(self, reason: str) -> None:
        """Start no process any more, for another reason than many failures."""
        self._circuit.reason = reason

    def reset(self) -> None:
        """Forget every failure, as somebody has asked for a new start."""
        self._circuit.reset()
        self._last = None
