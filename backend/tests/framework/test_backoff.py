"""Waits grow, up to a limit."""

from __future__ import annotations

import pytest

from modular_api.backoff import grown_s


def test_waits_double_up_to_the_longest() -> None:
    """Beginning with the first."""
    waits = [grown_s(failures, first_s=0.5, longest_s=5) for failures in range(1, 7)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize("failures", [1024, 1025, 1101, 100_000])
def test_any_number_of_failures_has_a_wait(failures: int) -> None:
    """Where 2 to the power of it is no float any more."""
    assert grown_s(failures, first_s=0.1, longest_s=30) == 30
    assert grown_s(failures, first_s=1000.0, longest_s=30) == 30


def test_without_a_first_wait_there_is_none() -> None:
    """However often it fails."""
    assert grown_s(1, first_s=0, longest_s=30) == 0
    assert grown_s(5000, first_s=0, longest_s=30) == 0
