"""The state of a deployment for people: a line a process, and what is wrong below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from modular_api.cli.table import console, new_table
from modular_api.deploy.status import InstanceStatus, instances_of

_COLOURS = {
    "ready": "green",
    "starting": "yellow",
    "draining": "yellow",
    "failed": "red",
}
_UNKNOWN = "-"


def print_status(status: Mapping[str, Any]) -> None:
    """Print what `get_status()` has returned."""
    out = console()
    instances = instances_of(status)
    table = new_table(
        "PROCESS",
        "STATE",
        "PID",
        "PORT",
        "SLOT",
        "MODULES",
        "VERSION",
        "RESTARTS",
        "MEMORY",
        "UPTIME",
        "RUNS ON",
    )
    for each in instances:
        table.add_row(*_cells(each))
    out.print(table)
    if status.get("url"):
        out.print(f"Clients use {escape(status['url'])}.")
    for each in instances:
        if each.reason:
            out.print(f"\n[bold]{each.name}[/]: {escape(each.reason)}")
    for note in status.get("notes", ()):
        out.print(escape(note))
    if status.get("starting"):
        out.print(f"\nManager {status['manager']['pid']} is starting all this.")
    elif not status["running"]:
        out.print("\nNothing runs; `modular-api manager start` starts it.")
    elif status.get("manager") is None:
        out.print("\nNo manager watches these processes; `manager start` adopts them.")


def _cells(one: InstanceStatus) -> tuple[str, ...]:
    state = one.state + ("" if one.healthy or one.state != "ready" else ", not healthy")
    colour = _COLOURS.get(one.state, "dim")
    modules = [f"{name} {hash_}" for name, hash_ in one.specs.items()] or one.modules
    return (
        one.name,
        f"[{colour}]{state or _UNKNOWN}[/]",
        _or_unknown(one.pid),
        _or_unknown(one.port),
        one.slot or _UNKNOWN,
        "\n".join(modules) or _UNKNOWN,
        one.version or _UNKNOWN,
        str(one.restarts),
        in_megabytes(one.memory_bytes),
        in_words(one.uptime_s),
        one.software or _UNKNOWN,
    )


def in_megabytes(count: int | None) -> str:
    """Say how much memory that is: `52 MB`."""
    return _UNKNOWN if count is None else f"{count / 1e6:.0f} MB"


def in_words(seconds: float | None) -> str:
    """Say how long that is: `12 s`, `3 min`, `5 h 20 min`, `2 d 3 h`."""
    if seconds is None:
        return _UNKNOWN
    minutes, hours, days = (int(seconds // unit) for unit in (60, 3600, 86_400))
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"


def _or_unknown(number: int | None) -> str:
    return _UNKNOWN if number is None else str(number)
