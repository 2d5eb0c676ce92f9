"""The listening socket: bound first, and honest about who has the port."""

from __future__ import annotations

import os
import socket

import pytest

from modular_api.listening import CannotListen, PortTaken, holder_of, listen, url_of


def test_port_0_takes_a_free_one_and_the_url_has_it() -> None:
    """The address shown is the real one."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert port != 0
        assert url_of(listener) == f"http://127.0.0.1:{port}"


def test_it_listens_at_once() -> None:
    """Whoever connects before the app is ready waits, and a rival is refused."""
    with listen("127.0.0.1", 0) as listener:
        socket.create_connection(listener.getsockname(), timeout=1).close()


def test_every_interface_is_shown_as_one_a_browser_opens() -> None:
    """0.0.0.0 is an address to listen on, not to go to."""
    with listen("0.0.0.0", 0) as listener:
        assert url_of(listener).startswith("http://127.0.0.1:")


class Ipv6Listener(socket.socket):
    """Says where it listens, on machines without IPv6 too."""

    def getsockname(self) -> tuple[str, int, int, int]:
        return ("::1", 8000, 0, 0)


def test_ipv6_addresses_stand_in_brackets() -> None:
    """As URLs demand."""
    with Ipv6Listener() as listener:
        assert url_of(listener) == "http://[::1]:8000"


def test_connections_to_dead_peers_are_dropped_by_the_system() -> None:
    """After 40 s at least, where the system can: a live client may pause for long."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    with listen("127.0.0.1", 0) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=1)
        accepted, _ = listener.accept()
        with client, accepted:
            if option is not None:  # Linux has it alone
                assert accepted.getsockopt(socket.IPPROTO_TCP, option) >= 40_000


def test_connections_send_small_packets_at_once() -> None:
    """Else an answer in two parts waits 40 ms for the client's acknowledgement."""
    with listen("127.0.0.1", 0) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=1)
        accepted, _ = listener.accept()
        with client, accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_port_names_its_holder() -> None:
    """Process id and command; here it is this very process."""
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            listen("127.0.0.1", port)
    assert caught.value.holder is not None
    assert f"process {os.getpid()} (" in caught.value.holder
    assert f"port {port}: it is taken by process" in str(caught.value)


def test_a_holder_that_cannot_be_seen_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some systems do not tell; the message says so."""
    import psutil

    def denied(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)
    assert holder_of(1) is None
    assert "a process that this user may not see" in str(PortTaken("::", 1, None))


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("192.0.2.1", "this machine has no such address"),  # for documents, RFC 5737
        ("no-such-host.invalid", "nobody knows this address"),
    ],
)
def test_an_address_that_is_none_of_this_machine_is_told(host: str, why: str) -> None:
    """With the address, and no exception of the socket module."""
    with pytest.raises(CannotListen, match=f"{host}, port 0: {why}"):
        listen(host, 0)


def test_a_name_of_this_machine_can_be_listened_on() -> None:
    """As `localhost`, whichever address that is here."""
    with listen("localhost", 0) as listener:
        assert url_of(listener).startswith("http://")
