"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from modular_api.backoff import grown_s

_RETRY_AFTER = re.compile(r"retry_after_ms=(\d{1,6})")
_RESTARTING = 1012


class ReconnectDelay:
    """Exponential delays with full jitter, so that clients do not come in waves.

    Args:
        first_s: the longest delay before the first attempt; it doubles each time.
        longest_s: no delay is longer.
        stable_s: a connection that was open this long resets the delays.
        jitter: returns a number between the two given ones.
    """

    def __init__(
        self,
        *,
        first_s: float = 0.5,
        longest_s: float = 30.0,
        stable_s: float = 5.0,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._stable_s = stable_s
        self._jitter = jitter
        self._failures = 0

    def lived(self, seconds: float) -> None:
        """Note how long a connection was open."""
        if seconds >= self._stable_s:
            self._failures = 0

    def delay_s(self, code: int = 1006, reason: str = "") -> float:
        """Return the seconds to wait after a connection was lost, or not made.

        A server that stops says when to come back (1012); it has chosen another time
        for every client, so that time is taken as it is.
        """
        hint = _RETRY_AFTER.search(reason) if code == _RESTARTING else None
        self._failures += 1
        if hint is not None:
            return min(int(hint[1]) / 1000, self._longest_s)
        limit_s = grown_s(
            self._failures, first_s=self._first_s, longest_s=self._longest_s
        )
        return self._jitter(0.0, limit_s)
