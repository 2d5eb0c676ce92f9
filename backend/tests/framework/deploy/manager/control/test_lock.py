"""Who manages a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modular_api.deploy.manager.control.lock import manager_pid, managing
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
