"""Adopt or stop the processes that an earlier manager has left running."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modular_api.deploy.config.models import NGINX
from modular_api.deploy.instance.handover import take_listener
from modular_api.deploy.manager.gateway.workers import end_workers
from modular_api.deploy.manager.instances.plan import InstancePlan
from modular_api.deploy.manager.processes.child import Child
from modular_api.deploy.manager.processes.health import Address
from modular_api.deploy.manager.processes.records import ProcessRecord, Records

log = logging.getLogger(__name__)

ORPHAN_S = 3.0
"""A process in the foreground ends within this time after its manager was killed."""


@dataclass
class Found:
    """What is adopted.

    Attributes:
        servers: by the name of their instance.
        listeners: the sockets they have handed over.
        former_addresses: where instances listened whose process has died: their peers
            know them by that.
    """

    servers: dict[str, ProcessRecord] = field(default_factory=dict)
    listeners: dict[str, socket.socket] = field(default_factory=dict)
    former_addresses: dict[str, Address] = field(default_factory=dict)
    gateway: ProcessRecord | None = None


async def find_processes(
    records: Records,
    plans: Mapping[str, InstancePlan],
    gateway: Address,
) -> Found:
    """Find the processes that fit the plans, and stop all others of ours.

    Raises: BadRecord: a file is none of ours; nothing was stopped.
    """
    found, others = Found(), []
    for record in list(records):
        if not record.identity.is_running():
            if record.name in plans:
                found.former_addresses[record.name] = record.address
            await _forget(records, record)
        elif record.name == NGINX and _fits(record, gateway):
            found.gateway = record
        elif _is_wanted(record, plans) and _serves(records, record):
            listener = await asyncio.to_thread(_listener_of, record)
            if listener is None:
                others.append(record)
            else:
                found.servers[record.name] = record
                found.listeners[record.name] = listener
        else:
            others.append(record)
    await stop_processes(records, others)
    return found


async def stop_processes(
    records: Records, left_over: Iterable[ProcessRecord], deadline_s: float = ORPHAN_S
) -> None:
    """Stop processes of ours, and remove their records."""
    async with asyncio.TaskGroup() as group:
        for record in left_over:
            group.create_task(_stop(records, record, deadline_s))


async def _stop(records: Records, record: ProcessRecord, deadline_s: float) -> None:
    if not record.identity.is_running():
        await _forget(records, record)
        return
    child = Child.adopt(record.identity)
    log.info("stopping %s, process %s, of an earlier manager", record.name, child.pid)
    kind = signal.SIGQUIT if record.name == NGINX else signal.SIGTERM
    await child.stop(deadline_s, kind)
    await _forget(records, record)


def _listener_of(record: ProcessRecord) -> socket.socket | None:
    if record.control is None:
        return None
    return take_listener(Path(record.control), record.identity.token)


async def _forget(records: Records, record: ProcessRecord) -> None:
    if record.name == NGINX:  # workers outlive a killed master, and keep its socket
        await end_workers(record.identity)
    if _serves(records, record):
        records.remove_pid(record.name)
    records.remove(record.name, record.slot)
    _remove_control(record)


def _serves(records: Records, record: ProcessRecord) -> bool:
    return records.read_pid(record.name) == record.identity.pid


def _is_wanted(record: ProcessRecord, plans: Mapping[str, InstancePlan]) -> bool:
    plan = plans.get(record.name)
    if plan is None or plan.modules != record.modules:
        return False
    return _fits(record, plan.address)


def _fits(record: ProcessRecord, address: Address) -> bool:
    """Tell whether a process would outlive a manager, and is where it should be."""
    host, port = address
    there = record.address[0] == host and port in (0, record.address[1])
    return record.detached and there


def _remove_control(record: ProcessRecord) -> None:
    if record.control is not None:  # a killed process leaves it
        Path(record.control).unlink(missing_ok=True)
