"""How waits grow while something goes on failing."""

from __future__ import annotations

import sys

_MOST_DOUBLINGS = sys.float_info.max_exp - 1
"""2.0 to the power of more is an OverflowError."""


def grown_s(failures: int, *, first_s: float, longest_s: float) -> float:
    """Return the wait after so many failures in a row: it doubles with each.

    Nothing here is random: whoever waits decides how much of it is left to chance.

    Args:
        failures: counted from 1.
        first_s: the wait after the first one.
        longest_s: no wait is longer.
    """
    return min(longest_s, first_s * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
