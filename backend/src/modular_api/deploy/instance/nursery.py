"""A process that has imported what every app needs, and forks the ones that serve it.

For development: a fork is ready to import the app's own code at once, where a fresh
interpreter first spends half a second on what never changes. The app's code is imported
by the forks alone, so each of them sees it as it is.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from modular_api.deploy.instance.spec import InstanceSpec

_PRELOADED = (
    "httptools",
    "httpx",
    "modular_api.app.factory",
    "modular_api.codegen.lent_workers",
    "modular_api.codegen.module_generation",
    "modular_api.deploy.instance.program",
    "modular_api.deploy.instance.server",
    "modular_api.deploy.logs.records",
    "modular_api.ws.adapter",
    "multipart",
    "pydantic_settings",
    "uvicorn.logging",
    "uvloop",
    "websockets.asyncio.server",
)
"""What apps need, where it is installed."""

_LONGEST_MESSAGE = 1 << 20


def main() -> None:
    """Fork for every message on the socket that is stdin, until that is closed."""
    orders = socket.socket(fileno=os.dup(0))
    for name in _PRELOADED:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page it looks at
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps the forks
    while True:
        message, fds, _, _ = socket.recv_fds(orders, _LONGEST_MESSAGE, 16)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            orders.close()
            _serve(json.loads(message), fds)
        for descriptor in fds:
            os.close(descriptor)
        orders.sendall(f"{pid}\n".encode())


def _serve(order: dict[str, Any], fds: Sequence[int]) -> None:
    """Become the process of an instance, and end with it.

    Args:
        fds: the output, the listening socket, the health socket, the manager's pipe
            where there is one, and the pipes of lent workers.
    """
    code = 1
    try:
        for kind in (signal.SIGINT, signal.SIGCHLD):
            signal.signal(kind, signal.SIG_DFL)
        os.setsid()
        output, listener, health, *others = fds
        life = others.pop(0) if order["has_life"] else None
        for standard in (1, 2):
            os.dup2(output, standard)
        os.close(output)
        os.environ.update(order["environment"])
        spec = InstanceSpec.from_json(order["spec"])
        spec = replace(spec, listener_fd=listener, health_fd=health, life_fd=life)
        code = _run(spec, others)
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _run(spec: InstanceSpec, workers: Sequence[int]) -> int:
    from modular_api.codegen.lent_workers import LentWorkers
    from modular_api.deploy.instance.program import run_instance

    lent = LentWorkers([Connection(descriptor) for descriptor in workers])
    return run_instance(spec, lent)
