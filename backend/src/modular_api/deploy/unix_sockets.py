"""Unix sockets at paths of any length, for their user alone."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST_PATH = 100
"""Systems take 104 or 108 bytes for the path of a Unix socket."""


def bind_private(path: Path) -> socket.socket:
    """Return a socket bound to a path where nothing is; only its user may connect.

    Raises: OSError.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # A mode set after the bind would leave it open to all for a moment.
    before = os.umask(0o177)
    try:
        with short_address(path) as address:
            listener.bind(address)
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """Yield an address of a socket that is short enough for the system.

    A longer path is reached by way of its folder's descriptor, where the system has
    /proc. Raises: FileNotFoundError, NotADirectoryError: there is no such folder.
    """
    text = str(path)
    if len(os.fsencode(text)) <= _LONGEST_PATH:
        yield text
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
