"""What a process is doing right now: the stack of every thread and every task."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Iterator


def write_stacks(loop: asyncio.AbstractEventLoop | None) -> None:
    """Write all stacks to stderr; may be called in a signal handler."""
    text = "\n".join(_lines(loop)) + "\n"
    # Not through a stream: the signal may have come in the middle of its write.
    os.write(2, text.encode(errors="backslashreplace"))


def _lines(loop: asyncio.AbstractEventLoop | None) -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        yield f"Thread {names.get(ident, ident)}:"
        yield from _indented("".join(traceback.format_stack(frame)))
    for task in asyncio.all_tasks(loop) if loop is not None else ():
        yield f"Task {task.get_name()}, {getattr(task.get_coro(), '__qualname__', '?')}:"
        for frame in task.get_stack():
            yield from _indented("".join(traceback.format_stack(frame, limit=1)))


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"  {line}"
