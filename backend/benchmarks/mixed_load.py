"""Load at a steady rate from a process of its own: GETs and POSTs, each accounted for."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

_GET = "GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n"
_POST = (
    "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n\r\n{body}"
)
_POSTS_OF_TEN = 3
_PATIENCE_S = 10.0
_LONGEST_S = 600.0


@dataclass(frozen=True)
class Target:
    """What is asked for.

    Attributes:
        rate: requests a second, sent whether or not earlier ones were answered.
    """

    port: int
    get: str
    post: str
    body: str
    rate: int = 300


@dataclass(frozen=True)
class Call:
    """One request: what, from when to when (seconds since the epoch), and its fate."""

    method: str
    begin: float
    end: float
    error: str | None


@dataclass
class Calls:
    """All requests of a load, once it has ended."""

    all: list[Call] = field(default_factory=list)

    def failed(self, method: str) -> list[Call]:
        """Return those that were not answered with a success."""
        return [call for call in self.all if call.method == method and call.error]

    def in_flight(self, method: str, begin: float, end: float) -> int:
        """Count those that waited for their answer at some moment of a time."""
        return sum(
            call.method == method and call.begin <= end and call.end >= begin
            for call in self.all
        )

    def slowest_ms(self) -> float:
        """Return the time of the slowest one."""
        return max((call.end - call.begin) * 1000 for call in self.all)


@contextmanager
def steady_load(target: Target) -> Iterator[Calls]:
    """Load the target while the body runs; what came of it is known afterwards."""
    calls = Calls()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(target, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()  # it has begun
        yield calls
        ours.send("stop")
        if not ours.poll(_PATIENCE_S * 2):
            raise RuntimeError("the load does not end")
        calls.all += ours.recv()
    finally:
        ours.close()
        process.join(_PATIENCE_S)
        if process.is_alive():
            process.kill()


def _main(target: Target, pipe: Connection) -> None:
    asyncio.run(_load(target, pipe))


async def _load(target: Target, pipe: Connection) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), stopped.set)
    client, calls = _Client(target), list[Call]()
    deadline = time.monotonic() + _LONGEST_S
    begin, number = time.monotonic(), 0
    pipe.send("begun")
    async with asyncio.TaskGroup() as group:
        while not stopped.is_set() and time.monotonic() < deadline:
            due = begin + number / target.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            method = "POST" if number % 10 < _POSTS_OF_TEN else "GET"
            group.create_task(_one(client, method, calls))
            number += 1
    client.close()
    pipe.send(calls)


async def _one(client: _Client, method: str, calls: list[Call]) -> None:
    begin = time.time()
    error: str | None = None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            status = await client.call(method)
        if not 200 <= status < 300:
            error = f"status {status}"
    except (OSError, EOFError, TimeoutError, ValueError) as failure:
        error = repr(failure)
    calls.append(Call(method, begin, time.time(), error))


class _Client:
    """Calls over kept connections; opens another one where all are busy."""

    def __init__(self, target: Target) -> None:
        self._port = target.port
        body = target.body
        self._wire = {
            "GET": _GET.format(path=target.get).encode(),
            "POST": _POST.format(
                path=target.post, length=len(body), body=body
            ).encode(),
        }
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self, method: str) -> int:
        """Return the status of the answer."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                break
            writer.close()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(self._wire[method])
            status, keeps = await _answer(reader)
        except BaseException:
            writer.close()
            raise
        if keeps:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return status

    def close(self) -> None:
        """Close every connection."""
        for _, writer in self._idle:
            with suppress(OSError):
                writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read an answer with a length; return its status, and whether more may come."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1]), b"connection: close" not in head
