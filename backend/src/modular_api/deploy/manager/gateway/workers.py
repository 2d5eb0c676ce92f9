"""The workers of nginx, which are children of its master and no children of ours."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

import psutil

from modular_api.deploy.manager.processes.child import Child
from modular_api.deploy.manager.processes.identity import Identity
from modular_api.serving.pid_file import same_start

_LOOKS = 50
_LOOK_S = 0.02


def accepting_workers(master: Child) -> set[int]:
    """Return the workers of a master that take connections, as their titles say."""
    found = set()
    with suppress(psutil.NoSuchProcess):
        for worker in psutil.Process(master.pid).children():
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if not any("shutting down" in word for word in worker.cmdline()):
                    found.add(worker.pid)
    return found


async def end_workers(master: Identity) -> None:
    """End the workers of a master that is gone: they would keep its socket.

    The number of a process group is not given away while somebody is in it, and every
    master of ours leads a group of its own.
    """
    workers = [p for p in psutil.process_iter() if _is_worker(p, master)]
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            worker.kill()
    for _ in range(_LOOKS):
        if not any(_is_worker(worker, master) for worker in workers):
            break
        await asyncio.sleep(_LOOK_S)


def _is_worker(process: psutil.Process, master: Identity) -> bool:
    try:
        return (
            process.pid != master.pid
            and os.getpgid(process.pid) == master.pid
            and _is_no_older(process, master)
            and process.name() == "nginx"
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.Error, ProcessLookupError):
        return False


def _is_no_older(process: psutil.Process, master: Identity) -> bool:
    started_later = process.create_time() > master.create_time
    return started_later or same_start(process, master.create_time)
