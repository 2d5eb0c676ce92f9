"""What `run` says once the app is being served."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rich.markup import escape

from modular_api.app.modular_app import ModularApp
from modular_api.cli.table import console, new_table


def describe_serving(app: ModularApp, url: str) -> dict[str, Any]:
    """Return what is served, where, and by which process, as plain data."""
    return {
        "title": app.title,
        "version": app.version,
        "url": url,
        "pid": os.getpid(),
        "modules": [
            {
                "name": module.name,
                "description": next(iter(module.description.splitlines()), ""),
                "urls": [url + version.prefix for version in module.versions.values()],
            }
            for module in app.modules_apps
        ],
        "docs": [f"{url}/api/{name}/docs" for name in app.version_names],
        "specs": [f"{url}/api/{name}/openapi.json" for name in app.version_names],
        "software": dict(_software()),
    }


def print_banner(serving: dict[str, Any]) -> None:
    """Print it for people: in colours on a terminal, as plain lines elsewhere."""
    out = console()
    title = f"[bold]{escape(serving['title'])}[/] {escape(serving['version'])}"
    out.print(f"\n{title} on {serving['url']}\n")
    table = new_table()
    for module in serving["modules"]:
        urls = "\n".join(module["urls"])
        name, description = module["name"], escape(module["description"])
        table.add_row(f"[bold]{name}[/]", urls, description)
    for kind in ("docs", "specs"):
        table.add_row(f"[dim]{kind}[/]", "\n".join(serving[kind]), "")
    out.print(table)
    software = ", ".join(f"{name} {of}" for name, of in serving["software"].items())
    out.print(f"\n[dim]Process {serving['pid']}: {software}. Ctrl-C stops it.[/]\n")


def print_json(serving: dict[str, Any]) -> None:
    """Print it for programs, in one line."""
    print(json.dumps(serving, ensure_ascii=False), flush=True)


def _software() -> Iterator[tuple[str, str]]:
    yield "Python", platform.python_version()
    for name in ("uvicorn", "uvloop", "httptools"):
        try:
            yield name, version(name)
        except PackageNotFoundError:  # the last two only make uvicorn faster
            continue
