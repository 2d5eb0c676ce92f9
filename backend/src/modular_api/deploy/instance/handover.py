"""A listening socket goes from a running process to a manager that has not bound it.

The process answers on a Unix socket that only its user may open. Who sends the token
gets the descriptor of the listening socket (SCM_RIGHTS).
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modular_api.deploy.unix_sockets import bind_private, short_address

_LONGEST_TOKEN = 256
_PATIENCE_S = 2.0


@contextmanager
def handing_over(path: Path, token: str, listener: socket.socket) -> Iterator[None]:
    """Hand the listening socket to whoever knows the token, while the body runs.

    A thread does so: a manager takes the socket of a process that hangs, too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    server = bind_private(path)
    own = os.stat(path)
    server.listen()
    thread = threading.Thread(
        target=_answer, args=(server, token, listener), name="handover", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)  # ends the thread's accept
        thread.join(_PATIENCE_S)
        server.close()
        with suppress(FileNotFoundError):
            if os.path.samestat(os.stat(path), own):
                path.unlink()


def take_listener(path: Path, token: str) -> socket.socket | None:
    """Return the listening socket of a process; None where it does not hand it out."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(_PATIENCE_S)
            with short_address(path) as address:
                peer.connect(address)
            peer.sendall(token.encode() + b"\n")
            _, fds, _, _ = socket.recv_fds(peer, 1, 1)
    except OSError:
        return None
    if not fds:
        return None
    os.set_inheritable(fds[0], False)  # which a received descriptor is
    return socket.socket(fileno=fds[0])


def _answer(server: socket.socket, token: str, listener: socket.socket) -> None:
    while True:
        try:
            peer, _ = server.accept()
        except OSError:  # closed
            return
        with peer, suppress(OSError):
            peer.settimeout(_PATIENCE_S)
            line = peer.recv(_LONGEST_TOKEN).rstrip(b"\n")
            if secrets.compare_digest(line, token.encode()):
                socket.send_fds(peer, [b"+"], [listener.fileno()])
