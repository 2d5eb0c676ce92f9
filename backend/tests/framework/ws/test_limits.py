"""Bounds of a connection."""

from __future__ import annotations

import pytest

from modular_api.errors import ConfigurationError
from modular_api.ws.limits import BadMessageMeter, Limits


def test_the_defaults_are_those_of_the_docs() -> None:
    """256 messages and 1 MiB wait; 10 bad messages in 10 s are too many."""
    limits = Limits()
    assert (limits.queue_messages, limits.queue_bytes) == (256, 1024 * 1024)
    assert limits.message_bytes == 1024 * 1024
    assert (limits.bad_messages, limits.bad_messages_window_s) == (10, 10.0)


def test_a_limit_of_nothing_is_refused() -> None:
    """All that are wrong are named."""
    with pytest.raises(ConfigurationError, match="queue_bytes=-1, topics=0"):
        Limits(topics=0, queue_bytes=-1)


def test_bad_messages_are_counted_within_a_sliding_time() -> None:
    """Ten spread over more than ten seconds are not too many."""
    meter = BadMessageMeter(Limits(bad_messages=3, bad_messages_window_s=10.0))
    assert [meter.count(t) for t in (0.0, 1.0, 10.5, 10.9, 10.99)] == [
        False,
        False,
        False,
        True,
        True,
    ]
