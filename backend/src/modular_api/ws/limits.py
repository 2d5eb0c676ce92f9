"""How much one connection may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass, fields

from modular_api.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one connection; the defaults suit clients that people use.

    Attributes:
        queue_messages, queue_bytes: what may wait for a client that reads slowly.
        message_bytes: how long a message of a client may be, in UTF-8.
        topics: how many topics it may follow at a time.
        bad_messages, bad_messages_window_s: so many messages that are not understood
            within this time close the connection.
        concurrent_requests: how many requests are handled at a time.
        waiting_requests: how many more may wait; further ones are refused as busy.
        auth_timeout_s: how long a first message with credentials may take to come.
        close_timeout_s: how long a client may take to read that it is cut off.
    """

    queue_messages: int = 256
    queue_bytes: int = 1024 * 1024
    message_bytes: int = 1024 * 1024
    topics: int = 1_000
    bad_messages: int = 10
    bad_messages_window_s: float = 10.0
    concurrent_requests: int = 16
    waiting_requests: int = 64
    auth_timeout_s: float = 10.0
    close_timeout_s: float = 5.0

    def __post_init__(self) -> None:
        wrong = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if not getattr(self, field.name) > 0
        ]
        if wrong:
            raise ConfigurationError(f"Limits(...) must be above 0: {', '.join(wrong)}")


class BadMessageMeter:
    """Counts bad messages within a sliding time."""

    def __init__(self, limits: Limits) -> None:
        self._allowed = limits.bad_messages
        self._window_s = limits.bad_messages_window_s
        self._times: list[float] = []

    def count(self, now_s: float) -> bool:
        """Count one more; tell whether that makes too many."""
        self._times = [t for t in self._times if now_s - t < self._window_s]
        self._times.append(now_s)
        return len(self._times) >= self._allowed
