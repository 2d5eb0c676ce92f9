"""When a process is started again, and when no more."""

from __future__ import annotations

from modular_api.deploy.manager.processes.restarts import Circuit, RestartDelay


def test_the_first_start_is_immediate_and_the_next_ones_wait_longer() -> None:
    """Twice as long each time, up to a limit."""
    delay = RestartDelay(first_s=1, longest_s=5)
    waits = [delay.delay_s(failures, chance=0) for failures in range(1, 7)]
    assert waits == [0, 1, 2, 4, 5, 5]


def test_part_of_a_wait_is_left_to_chance() -> None:
    """At most half of it; two instances do not come back together."""
    delay = RestartDelay(first_s=1)
    assert delay.delay_s(2, chance=1) == 0.5
    waits = {delay.delay_s(2) for _ in range(20)}
    assert len(waits) > 10
    assert all(0.5 <= wait <= 1 for wait in waits)


def test_the_circuit_opens_after_failures_close_together() -> None:
    """It says how many, how fast, and what the last one was."""
    circuit = Circuit(limit=3, window_s=10)
    for now in (0.0, 1.0):
        circuit.note_failure("a bug", now=now)
        assert not circuit.is_open
    circuit.note_failure("a worse bug", now=2.5)
    assert circuit.reason == "failed 3 times within 2.5 s, last: a worse bug"


def test_failures_far_apart_never_open_it() -> None:
    """A process that dies once a day is no crash loop."""
    circuit = Circuit(limit=3, window_s=10)
    for day in range(100):
        circuit.note_failure("a bug", now=day * 86_400.0, served_s=86_390.0)
    assert not circuit.is_open
    assert circuit.failures == 1


def test_a_build_that_hangs_opens_it() -> None:
    """However long its deadline is: it has served nobody meanwhile."""
    circuit = Circuit(limit=5, window_s=30)
    circuit.note_failure("it ended by SIGKILL", now=0, served_s=3600)
    for failure in range(1, 5):
        assert not circuit.is_open
        circuit.note_failure("not ready within 20 s", now=failure * 21.0)
    assert circuit.reason == (
        "failed 5 times within 84.0 s, last: not ready within 20 s"
    )


def test_a_reset_closes_it() -> None:
    """And forgets what was."""
    circuit = Circuit(limit=1)
    circuit.note_failure("a bug", now=0)
    assert circuit.is_open
    circuit.reset()
    assert not circuit.is_open and circuit.failures == 0
