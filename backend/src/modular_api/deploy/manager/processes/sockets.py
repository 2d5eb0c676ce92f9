"""The listening sockets of a deployment: bound before anything starts, kept open."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from modular_api.deploy.manager.errors import PortsTaken
from modular_api.deploy.manager.processes.health import Address
from modular_api.listening import CannotListen, listen


class Sockets:
    """A listening socket for each name; whoever connects waits until it is served.

    A port of 0 is chosen once, and stays the same when the socket is opened again.
    """

    def __init__(self) -> None:
        self._open: dict[str, socket.socket] = {}
        self._addresses: dict[str, Address] = {}

    def bind(self, wanted: Mapping[str, Address]) -> None:
        """Open all of them, or none.

        Raises: PortsTaken: with every address that cannot be had, and who has it.
        """
        missing = {n: address for n, address in wanted.items() if n not in self._open}
        for name, listener in open_sockets(missing).items():
            self._keep(name, listener)

    def exchange(self, name: str, listener: socket.socket) -> socket.socket | None:
        """Put another socket in place; return the one there was, which is still open."""
        former = self._open.pop(name, None)
        self._keep(name, listener)
        return former

    def adopt(self, name: str, listener: socket.socket) -> None:
        """Keep a socket that another process has bound."""
        self._keep(name, listener)

    def remember(self, name: str, address: Address) -> None:
        """Note an address another process listens on, for when that has ended."""
        self._addresses[name] = address

    def get(self, name: str) -> socket.socket:
        """Return an open socket; opens it again where it was closed.

        Raises: CannotListen: somebody has taken the address meanwhile.
        """
        if name not in self._open:
            self._keep(name, listen(*self._addresses[name]))
        return self._open[name]

    def address(self, name: str) -> Address:
        """Return where it listens."""
        return self._addresses[name]

    def close(self, name: str) -> None:
        """Close it, so that connections are refused, and remember the address."""
        listener = self._open.pop(name, None)
        if listener is not None:
            listener.close()

    def forget(self, name: str) -> None:
        """Close it, and forget the address."""
        self.close(name)
        self._addresses.pop(name, None)

    def forget_all(self) -> None:
        """Close all of them, and forget the addresses."""
        for name in list(self._addresses):
            self.forget(name)

    def _keep(self, name: str, listener: socket.socket) -> None:
        self._open[name] = listener
        self._addresses[name] = listener.getsockname()[:2]


def open_sockets(wanted: Mapping[str, Address]) -> dict[str, socket.socket]:
    """Listen on all of the addresses, or on none.

    Raises: PortsTaken: with every address that cannot be had, and who has it.
    """
    opened, faults = dict[str, socket.socket](), []
    for name, (host, port) in wanted.items():
        try:
            opened[name] = listen(host, port)
        except CannotListen as error:
            faults.append((name, error))
    if faults:
        for listener in opened.values():
            listener.close()
        raise PortsTaken(faults)
    return opened
