"""Ending to accept connections without losing one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress


async def stop_accepting(listeners: Iterable[socket.socket]) -> None:
    """Accept nothing more, and let asyncio finish what it is accepting.

    It accepts in one round of the loop and makes the transport in the next. A server
    closed in between fails an assertion there and leaks the socket (Python 3.11).

    The sockets stay open; what waits in their queues is for whoever else has them.
    """
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows' proactor accepts without readers
        for listener in listeners:
            loop.remove_reader(listener)
    await asyncio.sleep(0)
