"""How long to wait before a process is started again, and when to give up."""

from __future__ import annotations

import random
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

    Attributes:
        reason: why it is open; None while it is closed.

    Args:
        limit: so many failures open it,
        window_s: when they lie no further apart than this.
    """

    def __init__(self, limit: int = 5, window_s: float = 30.0) -> None:
        self._limit = limit
        self._window_s = window_s
        self._failures: deque[float] = deque(maxlen=limit)
        self.reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing may be started any more."""
        return self.reason is not None

    @property
    def failures(self) -> int:
        """How many failures count at the moment."""
        return len(self._failures)

    def note_failure(self, reason: str, *, now: float) -> None:
        """Count a failure; it may open the circuit.

        Args:
            now: of a clock that never goes back, in seconds.
        """
        while self._failures and now - self._failures[0] > self._window_s:
            self._failures.popleft()
        self._failures.append(now)
        if len(self._failures) >= self._limit:
            span = now - self._failures[0]
            self.reason = (
                f"failed {self._limit} times within {span:.1f} s, last: {reason}"
            )

    def reset(self) -> None:
        """Forget every failure, as somebody has asked for a new start."""
        self._failures.clear()
        self.reason = None
