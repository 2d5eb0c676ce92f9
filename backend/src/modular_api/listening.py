"""Bind an address before anything is served there, so that a taken port is told first."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

from modular_api.errors import ModularError

BACKLOG = 2048
DEAD_PEER_S = 45.0
"""Well above what a live client may pause: 3 s cut off one that paused for 8."""
_COMMAND_LENGTH = 120
_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where a client on this machine reaches a server that listens on every address."""


class CannotListen(ModularError):
    """An address cannot be listened on.

    Attributes:
        why: the reason alone, without the address.
    """

    def __init__(self, host: str, port: int, why: str) -> None:
        self.host = host
        self.port = port
        self.why = why
        super().__init__(f"Cannot listen on {host}, port {port}: {why}.")


class PortTaken(CannotListen):
    """Somebody listens on the port already.

    Attributes:
        holder: who does, as `process 123 (python server.py)`, or None where the
            system does not tell.
    """

    def __init__(self, host: str, port: int, holder: str | None) -> None:
        self.holder = holder
        by = holder or "a process that this user may not see"
        super().__init__(
            host, port, f"it is taken by {by}; stop that, or choose another port"
        )


def listen(host: str, port: int, *, backlog: int = BACKLOG) -> socket.socket:
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
        listener = socket.create_server(address[:2], family=family, backlog=backlog)
    except socket.gaierror as error:
        raise CannotListen(host, port, "nobody knows this address") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port, holder_of(port)) from error
        raise CannotListen(host, port, _why(error)) from error
    # Connections inherit it. asyncio sets it only on sockets that say their protocol is
    # TCP, which this one does not; without it an answer in two parts waits 40 ms for the
    # client's delayed acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _drop_dead_peers(listener)
    return listener


def _drop_dead_peers(listener: socket.socket) -> None:
    """Let the system drop connections whose peer takes nothing for a while.

    Closing waits for what is left to write, so neither a close nor a ping that stays
    unanswered frees the memory of a peer that has stopped reading. Every connection
    the listener accepts inherits the option, where the system has it.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        with suppress(OSError):  # a listener that is not TCP
            listener.setsockopt(socket.IPPROTO_TCP, option, int(DEAD_PEER_S * 1000))


def url_of(listener: socket.socket) -> str:
    """Return the address to show: one a browser on this machine can open."""
    return url_for(*listener.getsockname()[:2])


def url_for(host: str, port: int) -> str:
    """Return the URL under which a client on this machine reaches an address."""
    shown = _REACHABLE.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def holder_of(port: int) -> str | None:
    """Name the process that listens on a port; None where nobody can tell."""
    try:
        import psutil  # of the extra `cli`
    except ImportError:
        return None
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
