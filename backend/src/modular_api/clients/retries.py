"""Repeating calls that may be repeated, until one is answered or the time is up.

A call is repeated when the server may get it twice (its method is idempotent, or it
carries an idempotency key) and it failed in a way that may pass: the connection broke,
or the answer is 429, 502, 503 or 504. A server can ask for a longer wait by
`Retry-After`, and for no further attempt by `X-Should-Retry: false`. A keyed call whose
earlier attempt is still being served waits for that one's answer, as long as the call's
time allows.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from modular_api.backoff import grown_s
from modular_api.clients.errors import CallError, ClientTimeout, PeerUnavailable
from modular_api.errors import ConfigurationError

log = logging.getLogger(__name__)

SHOULD_RETRY_HEADER = "x-should-retry"
"""`false` in an answer: the server has repeated the work already, without success."""

_PASSING = frozenset({429, 502, 503, 504})

_LONGEST_ASKED_S = 3600.0
"""A server that asks for a longer wait is not waited for, even by a call without limit."""

_FROM_GATEWAYS = frozenset({502, 504})
"""Answers of a gateway that has lost the server's own answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a call is sent, and how long is waited in between.

    Before attempt n + 1 a random time between nothing and `first_s` · 2ⁿ⁻¹ passes, at
    most `longest_s`: callers that failed together do not come back together. A server's
    `Retry-After` comes on top. All attempts share the call's one `timeout_s`: a wait
    that would outlast it, or that is asked to be longer than an hour, is not begun, and
    the last failure becomes the call's.

    Args:
        attempts: how often a call is sent at most; 1 never repeats.
        first_s: limit of the first wait.
        longest_s: limit of any wait.
    """

    attempts: int = 3
    first_s: float = 0.1
    longest_s: float = 2.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first_s < 0 or self.longest_s < 0:
            raise ConfigurationError(
                f"{self} is impossible: attempts begin at 1, times at 0 s."
            )

    def wait_s(self, attempt: int) -> float:
        """Return how long to wait after an attempt, counted from 1."""
        limit_s = grown_s(attempt, first_s=self.first_s, longest_s=self.longest_s)
        return random.uniform(0, limit_s)


NEVER = RetryPolicy(attempts=1)
"""For calls that must reach the server once at most."""


class Answer(Protocol):
    """What is known of an answer before its body."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class Attempts:
    """The attempts of one call: it decides whether to go on, and sends nothing.

    Args:
        call: method and path, for messages.
        policy: NEVER for a call that must not be repeated.
        timeout_s: limit of all attempts together.
        keyed: the call carries an idempotency key.

    Attributes:
        count: how many have begun.
    """

    def __init__(
        self, call: str, policy: RetryPolicy, timeout_s: float | None, *, keyed: bool
    ) -> None:
        self._call = call
        self._policy = policy
        self._timeout_s = timeout_s
        self._keyed = keyed
        self._ends_at = None if timeout_s is None else time.monotonic() + timeout_s
        self._lost: PeerUnavailable | None = None
        self.count = 0

    def begin(self) -> float | None:
        """Begin an attempt, and return the time it has; None without limit.

        Raises: ClientTimeout: no time is left.
        """
        left_s = self.left_s()
        if left_s is not None and left_s <= 0 and self.count:
            raise self.timeout()
        self.count += 1
        return left_s

    def answered(self, answer: Answer) -> float | None:
        """Return the seconds to wait before the next attempt, None to take the answer."""
        if answer.status_code not in _PASSING and not self._still_runs(answer):
            return None
        if answer.headers.get(SHOULD_RETRY_HEADER, "").lower() == "false":
            return None
        why = f"answered {answer.status_code}"
        if answer.status_code in _FROM_GATEWAYS:
            peer = "the server behind its gateway"
            self._lost = PeerUnavailable(self._call, peer, why)
        if self._still_runs(answer):
            return self._wait(why, retry_after_s(answer), counts=False)
        return self._wait(why, retry_after_s(answer))

    def failed(self, error: CallError) -> float:
        """Return the seconds to wait before the next attempt.

        Raises: CallError: `error` itself if no attempt follows; for a time-out, a
            ClientTimeout with the limit of the whole call.
        """
        if isinstance(error, PeerUnavailable):
            self._lost = error
            wait_s = self._wait(f"failed: {error}", 0.0)
            if wait_s is not None:
                return wait_s
        if isinstance(error, ClientTimeout):
            raise self.timeout() from error
        error.attempts = self.count
        raise error

    def check_none_lost(self) -> None:
        """Make sure that no attempt so far can have acted.

        Raises: PeerUnavailable: of the last one whose answer was lost.
        """
        if self._lost is not None:
            self._lost.attempts = self.count
            raise self._lost

    def _still_runs(self, answer: Answer) -> bool:
        """Whether an earlier attempt, whose answer was lost, is still being served."""
        return (
            answer.status_code == 409
            and self._keyed
            and self.count > 1
            and "retry-after" in answer.headers
        )

    def _wait(
        self, why: str, at_least_s: float, *, counts: bool = True
    ) -> float | None:
        is_last = counts and self.count >= self._policy.attempts
        if is_last or at_least_s > _LONGEST_ASKED_S:
            return None
        wait_s = at_least_s + self._policy.wait_s(self.count)
        left_s = self.left_s()
        if left_s is not None and wait_s >= left_s:
            return None
        log.debug(
            "%s %s; attempt %d follows in %.3f s",
            self._call,
            why,
            self.count + 1,
            wait_s,
        )
        return wait_s

    def left_s(self) -> float | None:
        """Return how much of the call's time is left; None where it has no limit."""
        return None if self._ends_at is None else self._ends_at - time.monotonic()

    def timeout(self) -> ClientTimeout:
        """Return the error of a call whose time is up."""
        error = ClientTimeout(self._call, self._timeout_s)
        error.attempts = self.count
        return error


def retry_after_s(answer: Answer) -> float:
    """Return the seconds a server asks to wait, 0 where it does not (RFC 9110, 10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year or an offset beyond all bounds
        return 0.0
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
