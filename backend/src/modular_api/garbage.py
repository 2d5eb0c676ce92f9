"""Build large structures without the garbage collector walking them meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic collector from running; it is as before afterwards.

    Documents are trees of small objects that all stay: every full collection while they
    are built walks them again for nothing, which costs a fifth of the time. Where
    threads overlap the collector may come back early, which only costs that time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
