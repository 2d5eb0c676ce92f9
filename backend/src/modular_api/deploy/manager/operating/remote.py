"""Ask the manager of a folder, or do without where none runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from modular_api.deploy.manager.control.lock import manager_pid
from modular_api.deploy.manager.control.orders import order
from modular_api.deploy.manager.errors import ControlFailed, NotManaged
from modular_api.deploy.manager.operating.reporting import status_on_disk
from modular_api.deploy.manager.processes.records import Records
from modular_api.deploy.manager.supervising.adoption import ORPHAN_S, stop_processes

_LOOK_S = 0.02
_OPENING_S = 10.0
"""Between taking the lock and opening the socket, and between closing and releasing."""
_MORE_S = 30.0
"""Waited beyond the deadline of a stop, before it counts as failed."""


async def ask_for_status(folder: Path) -> dict[str, Any]:
    """Return what the manager of a folder tells; without one, what the files tell."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_OPENING_S):
            while manager_pid(folder) is not None:
                with suppress(NotManaged):  # it opens its socket, or has closed it
                    return await order(folder, "status")
                await asyncio.sleep(_LOOK_S)
    return await status_on_disk(Records(folder))


async def stop_everything(folder: Path, deadline_s: float | None = None) -> bool:
    """Stop what runs, by its manager where it has one; return whether anything did.

    Args:
        deadline_s: until what is still busy is killed.
    Raises: ControlFailed: it is not done in time; BadRecord.
    """
    was_managed = manager_pid(folder) is not None
    if was_managed:
        await _ask_to_stop(folder, deadline_s)
    # Also what a manager has not come to adopt before it was stopped.
    records = Records(folder)
    left = [record for record in records if record.identity.is_running()]
    limit = ORPHAN_S if deadline_s is None else deadline_s
    await stop_processes(records, list(records), limit)
    return was_managed or bool(left)


async def _ask_to_stop(folder: Path, deadline_s: float | None) -> None:
    """Order the stop and wait: only the system tells when another process is done."""
    answer: dict[str, Any] | None = None
    pid: int | None = None
    try:
        async with asyncio.timeout((deadline_s or 0) + _MORE_S):
            while manager_pid(folder) is not None or _runs(pid):
                if answer is None:
                    with suppress(NotManaged):  # it opens its socket, or closed it
                        answer = await order(folder, "stop", deadline_s=deadline_s)
                        pid = answer["ending"]
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise ControlFailed(
            f"Manager {manager_pid(folder) or pid} did not stop in time."
        ) from None


def _runs(pid: int | None) -> bool:
    try:
        return bool(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
