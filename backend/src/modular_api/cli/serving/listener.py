"""Bind the address first, so that a taken port stops the start before anything else."""

from __future__ import annotations

import errno
import socket

from modular_api.cli.errors import CannotListen, PortTaken
from modular_api.ws.serving import drop_dead_peers

_BACKLOG = 2048
_COMMAND_LENGTH = 120


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    It listens from here on, not only once the app is ready: two sockets may be bound to
    one port as long as neither listens, and the second would notice too late. Who
    connects early waits in the queue.

    Raises: PortTaken, CannotListen.
    """
    try:
        [family, _, _, _, address], *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise CannotListen(host, port, "nobody knows this address") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port, holder_of(port)) from error
        raise CannotListen(host, port, _why(error)) from error
    drop_dead_peers(listener)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address to show: one a browser on this machine can open."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def holder_of(port: int) -> str | None:
    """Name the process that listens on a port; None where the system does not tell."""
    import psutil

    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr[1:] == (port,) and connection.pid:
                words = " ".join(psutil.Process(connection.pid).cmdline())
                return f"process {connection.pid} ({_shortened(words)})"
    except psutil.Error:  # another user's process, or one that has just ended
        pass
    return None


def _shortened(words: str) -> str:
    return words if len(words) <= _COMMAND_LENGTH else f"{words[:_COMMAND_LENGTH]}…"


def _why(error: OSError) -> str:
    if error.errno == errno.EACCES:
        return "the system does not allow it; ports below 1024 often need more rights"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    return error.strerror or str(error)
