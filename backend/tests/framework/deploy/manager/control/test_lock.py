"""Who manages a folder."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from modular_api.deploy.manager.control.lock import LOCK, manager_pid, managing
from modular_api.deploy.manager.errors import AlreadyManaged


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
