"""Talking to a manager that runs elsewhere, or doing without one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from modular_api.deploy.manager.adoption import ORPHAN_S, stop_processes
from modular_api.deploy.manager.control import manager_pid, order
from modular_api.deploy.manager.errors import ControlFailed, NotManaged
from modular_api.deploy.manager.records import Records
from modular_api.deploy.manager.reporting import status_on_disk

_LOOK_S = 0.02
_MORE_S = 30.0
"""A stop is bounded by its deadlines; this is for what nobody has thought of."""


async def ask_for_status(folder: Path) -> dict[str, Any]:
    """Return what the manager of a folder tells; without one, what the files tell."""
    try:
        return await order(folder, "status")
    except NotManaged:
        return await status_on_disk(Records(folder))


async def stop_everything(folder: Path, deadline_s: float | None = None) -> bool:
    """Stop what runs, by its manager where it has one; return whether anything did.

    Args:
        deadline_s: until what is still busy is killed.
    Raises: ControlFailed: it is not done in time; BadRecord.
    """
    if manager_pid(folder) is not None:
        await _ask_to_stop(folder, deadline_s)
        return True
    records = Records(folder)
    left = [record for record in records if record.identity.is_running()]
    limit = ORPHAN_S if deadline_s is None else deadline_s
    await stop_processes(records, list(records), limit)
    return bool(left)


async def _ask_to_stop(folder: Path, deadline_s: float | None) -> None:
    """Order the stop and wait: only the system tells when another process is done."""
    pid: int | None = None
    with suppress(NotManaged):  # it is ending already
        answer = await order(folder, "stop", deadline_s=deadline_s)
        pid = answer["ending"]
    try:
        async with asyncio.timeout((deadline_s or 0) + _MORE_S):
            while manager_pid(folder) is not None or _runs(pid):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise ControlFailed("The manager did not stop in time.") from None


def _runs(pid: int | None) -> bool:
    try:
        return bool(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
