"""End this process when its manager ends, even if that was killed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

GRACE_S = 1.0
"""Requests in flight get this long; nobody waits for an orderly stop any more."""
_FORCE_S = 1.0


def end_with_manager(life_fd: int, stop: Callable[[], None]) -> None:
    """Call `stop` once the other end of a pipe is closed; then end within 2 s.

    A thread of its own waits, so it works while the app is still being imported, and
    where the event loop is blocked.

    Args:
        life_fd: the read end; whoever has the write end is the manager.
        stop: begins an orderly stop of GRACE_S at most; may be called in any thread.
    """

    def wait() -> None:
        with suppress(OSError):
            while os.read(life_fd, 1):
                pass
        stop()
        time.sleep(GRACE_S + _FORCE_S)
        os._exit(1)

    threading.Thread(target=wait, name="end-with-manager", daemon=True).start()
