"""Use a second core for slow work that comes in many small pieces."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterable

_PIECES_PER_PROCESS = 8
"""Files differ in size, so small portions keep both cores busy until the end."""

_function: Callable[[str], str] | None = None


def map_in_processes(
    function: Callable[[str], str], texts: Iterable[str], *, processes: int = 2
) -> list[str]:
    """Apply a function to texts, in order, in forked copies of this process.

    The copies share what is already imported here; a new process would take longer to
    import the formatters than to run them. Call it only in a process without threads,
    where forking is safe. On other systems than Linux it does the same as `map`.
    """
    global _function
    texts = list(texts)
    if sys.platform != "linux" or len(texts) < 2 * processes:
        return list(map(function, texts))
    # A fork inherits the function and its closure, which could not be pickled.
    _function = function
    try:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            size = max(1, len(texts) // (processes * _PIECES_PER_PROCESS))
            return pool.map(_apply, texts, chunksize=size)
    finally:
        _function = None


def _apply(text: str) -> str:
    assert _function is not None
    return _function(text)
