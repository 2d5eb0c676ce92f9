"""Load from a process of its own: GETs over kept connections on the loopback."""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Mapping

from fastapi import FastAPI

from modular_api.testing.live_server import LiveServer


def requests_per_second(
    apps: Mapping[str, FastAPI],
    path: str,
    *,
    rounds: int,
    connections: int = 16,
    seconds: float = 1.0,
) -> dict[str, float]:
    """Serve the apps, load them in turn, and return the median rate of each."""
    rates: dict[str, list[float]] = {name: [] for name in apps}
    # spawn: the server's thread must not be forked into the load's process
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        for _ in range(rounds):
            for name, app in apps.items():
                with LiveServer(app, access_log=False) as server:
                    port = int(server.base_url.rsplit(":", 1)[1])
                    job = (port, path, connections, seconds)
                    rates[name].append(pool.apply(_rate, job))
    return {name: statistics.median(column) for name, column in rates.items()}


def _rate(port: int, path: str, connections: int, seconds: float) -> float:
    return asyncio.run(_load(port, path, connections, seconds))


async def _load(port: int, path: str, connections: int, seconds: float) -> float:
    end = time.perf_counter() + seconds
    counts = await asyncio.gather(
        *(_one_connection(port, path, end) for _ in range(connections))
    )
    return sum(counts) / seconds


async def _one_connection(port: int, path: str, end: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    count = 0
    while time.perf_counter() < end:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"unexpected answer: {head[:80]!r}")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        count += 1
    writer.close()
    await writer.wait_closed()
    return count
