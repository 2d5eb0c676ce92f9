"""How a deployment is, as plain data."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any

import psutil

from modular_api.deploy.config.models import NGINX, DeploymentConfig
from modular_api.deploy.manager.gateway.gateway import Gateway
from modular_api.deploy.manager.gateway.nginx import LIVE_PATH
from modular_api.deploy.manager.processes.health import Address, NoAnswer, ask
from modular_api.deploy.manager.processes.records import ProcessRecord, Records
from modular_api.deploy.manager.processes.states import State
from modular_api.listening import url_for

if TYPE_CHECKING:
    from modular_api.deploy.manager.supervising.supervisor import Supervisor

_ASK_S = 2.0

_NO_GATEWAY: dict[str, Any] = {
    "running": False,
    "healthy": False,
    "pid": None,
    "port": None,
    "state": str(State.STOPPED),
    "restarts": 0,
    "uptime_s": None,
    "memory_bytes": None,
    "reason": None,
}


async def status_of(supervisor: Supervisor) -> dict[str, Any]:
    """Describe a deployment that is managed here."""
    servers: dict[str, list[dict[str, Any]]] = {}
    parts, fleet = supervisor.parts, supervisor.parts.fleet
    records = {record.name: record for record in _serving(parts.records)}
    names = list(fleet.instances)
    described = await asyncio.gather(
        *(_instance(name, records.get(name)) for name in names)
    )
    for name, data in zip(names, described, strict=True):
        instance, plan = fleet.instances[name], fleet.plans[name]
        data |= {
            "state": str(instance.state),
            "port": parts.sockets.address(name)[1],
            "modules": list(plan.modules),
            "restarts": instance.restarts.count,
            "reason": instance.restarts.reason,
        }
        servers.setdefault(plan.server, []).append(data)
    gateway = parts.gateway
    return {
        "running": parts.is_running,
        "starting": supervisor.is_starting,
        "url": _url(parts.config, gateway.nginx.address) if gateway else None,
        "manager": {"pid": os.getpid(), "detached": parts.detached},
        "nginx": await _gateway(gateway),
        "servers": servers,
    }


async def _gateway(gateway: Gateway | None) -> dict[str, Any]:
    if gateway is None:
        return {**_NO_GATEWAY}
    running = gateway.child is not None and gateway.child.poll() is None
    pid = gateway.child.pid if gateway.child else None
    return {
        "running": running,
        "healthy": running and await gateway.is_healthy(),
        "pid": pid,
        "port": gateway.nginx.address[1],
        "state": str(gateway.state),
        "restarts": gateway.restarts.count,
        "uptime_s": _since(gateway.started_at) if running else None,
        "memory_bytes": _memory_with_workers(pid) if running and pid else None,
        "reason": gateway.restarts.reason,
    }


async def status_on_disk(records: Records) -> dict[str, Any]:
    """Describe what runs without a manager, from what is on disk."""
    serving = _serving(records)
    servers: dict[str, list[dict[str, Any]]] = {}
    nginx = {**_NO_GATEWAY}
    for record in serving:
        if record.name == NGINX:
            nginx |= {
                "running": True,
                "healthy": await _answers(record),
                "pid": record.identity.pid,
                "port": record.address[1],
                "state": str(State.READY),
                "restarts": record.restarts,
                "uptime_s": _since(record.started_at),
                "memory_bytes": _memory_with_workers(record.identity.pid),
            }
        else:
            data = await _instance(record.name, record)
            servers.setdefault(record.name.rpartition("-")[0], []).append(data)
    return {
        "running": bool(serving),
        "starting": False,
        "url": None,  # only a manager knows what is configured
        "manager": None,
        "nginx": nginx,
        "servers": servers,
    }


def _url(config: DeploymentConfig, listening: Address) -> str:
    """Return where clients reach the gateway: as configured, or where it listens."""
    return config.api_base_url or url_for(*listening)


async def _instance(name: str, record: ProcessRecord | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": name,
        "healthy": False,
        "pid": None,
        "state": str(State.STOPPED),
    }
    if record is None:
        return data
    data |= {
        "pid": record.identity.pid,
        "slot": record.slot,
        "port": record.address[1],
        "modules": list(record.modules),
        "restarts": record.restarts,
        "uptime_s": _since(record.started_at),
        "memory_bytes": _memory(record.identity.pid),
    }
    assert record.health is not None
    try:
        answer = await ask(record.health, "/health/ready", timeout_s=_ASK_S)
    except NoAnswer:
        return data
    data["healthy"] = answer.is_good
    data["state"] = str(State.READY if answer.is_good else State.DRAINING)
    data["health"] = answer.body
    return data


async def _answers(record: ProcessRecord) -> bool:
    try:
        await ask(record.address, LIVE_PATH, timeout_s=_ASK_S)
    except NoAnswer:
        return False
    return True


def _serving(records: Records) -> list[ProcessRecord]:
    """Return the records of running processes that serve."""
    return [
        record
        for record in records
        if records.read_pid(record.name) in (record.identity.pid, None)
        and record.identity.is_running()
    ]


def _since(started_at: float) -> float:
    return round(time.time() - started_at, 1)


def _memory_with_workers(pid: int) -> int | None:
    """Return what nginx takes: its master hardly anything, its workers the rest."""
    try:
        workers = psutil.Process(pid).children()
    except psutil.Error:
        return None
    return sum(_memory(each) or 0 for each in (pid, *(w.pid for w in workers)))


def _memory(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
