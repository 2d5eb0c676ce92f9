"""When a client comes back."""

from __future__ import annotations

import pytest

from modular_api.clients.sockets.backoff import ReconnectDelay


def longest(low: float, high: float) -> float:
    """Jitter that takes the longest delay."""
    assert low == 0.0
    return high


def test_delays_double_up_to_a_bound() -> None:
    """Full jitter: anything between none and these."""
    delay = ReconnectDelay(jitter=longest)
    delays = [delay.delay_s() for _ in range(8)]
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_delays_start_anew_after_a_connection_that_lived() -> None:
    """Five seconds; one that breaks at once does not count."""
    delay = ReconnectDelay(jitter=longest)
    delay.delay_s()
    delay.lived(4.9)
    assert delay.delay_s() == 1.0
    delay.lived(5.0)
    assert delay.delay_s() == 0.5


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (1012, "retry_after_ms=1200", 1.2),
        (1012, "retry_after_ms=999999", 30.0),
        (1012, "", 0.5),
        (1006, "retry_after_ms=1200", 0.5),
    ],
)
def test_a_server_that_stops_says_when_to_come_back(
    code: int, reason: str, expected: float
) -> None:
    """To every client another time, so it is taken as it is, within reason."""
    assert ReconnectDelay(jitter=longest).delay_s(code, reason) == expected


def test_jitter_spreads_the_clients() -> None:
    """No two of a hundred come at the same moment."""
    assert len({ReconnectDelay().delay_s() for _ in range(100)}) == 100
