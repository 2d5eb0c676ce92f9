"""Unix sockets that only their user may open."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from modular_api.deploy.unix_sockets import bind_private, short_address


@pytest.mark.parametrize("name", ["short", "long" * 30])
def test_a_socket_is_private_wherever_it_lies(tmp_path: Path, name: str) -> None:
    """The system takes about a hundred characters for its path."""
    path = tmp_path / name / "a.sock"
    path.parent.mkdir()
    with bind_private(path) as server, socket.socket(socket.AF_UNIX) as client:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        server.listen()
        with short_address(path) as address:
            client.connect(address)
        with pytest.raises(OSError, match="in use"):
            bind_private(path)


def test_the_mask_of_the_process_stays(tmp_path: Path) -> None:
    """Also where nothing can be bound."""
    before = os.umask(0o022)
    try:
        with pytest.raises(FileNotFoundError):
            bind_private(tmp_path / "nowhere" / "a.sock")
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
