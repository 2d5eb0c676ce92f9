"""How a command reaches a manager."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modular_api.deploy.manager.control import (
    LOCK,
    SOCKET,
    answering,
    manager_pid,
    managing,
    order,
)
from modular_api.deploy.manager.errors import (
    AlreadyManaged,
    ControlFailed,
    ManagerError,
    ManagerSilent,
    NotManaged,
)


async def answer(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Repeat what was said; fail where that is asked for."""
    if command == "fail":
        raise ManagerError("it cannot be done")
    if command == "stumble":
        raise ZeroDivisionError
    return {command: dict(arguments)}


async def test_an_order_is_answered(tmp_path: Path) -> None:
    """On a socket that only its user may open, and that goes with the manager."""
    async with answering(tmp_path, answer):
        assert await order(tmp_path, "restart", server="a") == {
            "restart": {"server": "a"}
        }
        assert stat.S_IMODE(os.stat(tmp_path / SOCKET).st_mode) == 0o600
    assert not (tmp_path / SOCKET).exists()


async def test_a_folder_may_be_deep(tmp_path: Path) -> None:
    """The system takes about a hundred characters for the path of a socket."""
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    with pytest.raises(NotManaged):
        await order(folder, "status")
    async with answering(folder, answer):
        assert await order(folder, "status") == {"status": {}}


async def test_a_socket_somebody_left_is_replaced(tmp_path: Path) -> None:
    """The manager before was killed; nobody answers on it."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / SOCKET))
    with pytest.raises(NotManaged, match="No manager runs"):
        await order(tmp_path, "status")
    async with answering(tmp_path, answer):
        assert await order(tmp_path, "status") == {"status": {}}


async def test_errors_come_back_in_their_own_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody expected is in the manager's log, too."""
    async with answering(tmp_path, answer):
        with pytest.raises(ControlFailed, match="it cannot be done"):
            await order(tmp_path, "fail")
        with pytest.raises(ControlFailed, match="stumbled: ZeroDivisionError"):
            await order(tmp_path, "stumble")
        assert "ZeroDivisionError" in caplog.text
        reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET)
        writer.write(b"no json\n")
        assert await reader.readline() == b"\n"
        assert b"stumbled" in await reader.readline()
        writer.close()


async def test_a_manager_that_is_stuck_is_not_waited_for(tmp_path: Path) -> None:
    """Its socket takes connections, as the system does that; it is named."""
    with managing(tmp_path), socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(str(tmp_path / SOCKET))
        stuck.listen()
        with pytest.raises(ManagerSilent, match=f"Manager {os.getpid()} .*kill -9"):
            await order(tmp_path, "status", heard_s=0.05)


async def test_a_command_may_take_longer_than_it_takes_to_be_heard(
    tmp_path: Path,
) -> None:
    """A restart of many processes is no reason to give up."""

    async def slow(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0.2)
        return {}

    async with answering(tmp_path, slow):
        assert await order(tmp_path, "restart", heard_s=0.1) == {}


def test_a_folder_has_one_manager(tmp_path: Path) -> None:
    """It is told by a lock, which the system opens when the manager ends."""
    assert manager_pid(tmp_path) is None
    with managing(tmp_path):
        assert manager_pid(tmp_path) == os.getpid()
        with pytest.raises(AlreadyManaged, match=f"Manager {os.getpid()} runs"):
            with managing(tmp_path):
                pass
    assert manager_pid(tmp_path) is None
    with managing(tmp_path):
        pass


def test_who_looks_for_a_manager_keeps_none_from_starting(tmp_path: Path) -> None:
    """`status` looks whether somebody has the lock, and has it for that moment."""
    with managing(tmp_path):
        pass
    with (tmp_path / LOCK).open("r+") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert manager_pid(tmp_path) is None  # two may look at the same time
        timer = threading.Timer(0.05, looking.close)
        timer.start()
        with managing(tmp_path):
            assert manager_pid(tmp_path) == os.getpid()
        timer.join()
