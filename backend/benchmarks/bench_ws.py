"""What a delivery over a socket costs, beside fastws and a raw picows server.

Run with `make bench-ws`. Servers run in processes of their own, the load in this one;
every figure is the median of three runs, taken in turn. picows is reported if it can
be imported.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from report import Row, print_table

HERE = Path(__file__).parent
HANDSHAKE = (
    b"GET /api/v1/bench/ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_SENT = b'"sent_ns":'


class Server:
    """One of the servers, in a process."""

    def __init__(self, kind: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "ws_servers.py"), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._line())

    def order(self, **what: float) -> None:
        """Let it publish."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    async def cost_s(self) -> float:
        """Wait for the end of an order; return its CPU time."""
        line = await asyncio.get_running_loop().run_in_executor(None, self._line)
        return float(json.loads(line)["cpu_s"])

    def rss_mb(self) -> float:
        """Return the memory it holds now."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * 4096 / 1e6

    def stop(self) -> None:
        """End it; with connections open, uvicorn would wait for them."""
        self._process.kill()
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def serving(kind: str) -> Iterator[Server]:
    """Start a server and end it."""
    server = Server(kind)
    try:
        yield server
    finally:
        server.stop()


class Reader(asyncio.Protocol):
    """A client that follows one topic and notes how long each update took."""

    def __init__(self, topic: int, latencies_ns: list[int]) -> None:
        self._topic = topic
        self._latencies_ns = latencies_ns
        self._buffer = b""
        self._is_open = False
        self.received = 0
        self.following: asyncio.Future[None] = (
            asyncio.get_running_loop().create_future()
        )

    def connection_made(self, transport: Any) -> None:
        """Begin the handshake."""
        self.transport = transport
        transport.write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        """Split into frames; a server's are not masked."""
        now_ns = time.monotonic_ns()
        if not self._is_open:
            head, mark, data = (self._buffer + data).partition(b"\r\n\r\n")
            if not mark:
                self._buffer = head
                return
            assert b" 101 " in head, head
            self._is_open = True
            self._buffer = b""
            self.subscribe()
        elif self._buffer:
            data = self._buffer + data
        # A load that is slower than the server would measure itself: a slice and two
        # searches a frame.
        while len(data) >= 4:
            length, start = data[1], 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            end = start + length
            if len(data) < end:
                break
            self._take(data, start, end, now_ns)
            data = data[end:]
        self._buffer = data

    def subscribe(self) -> None:
        """Ask for the topic, masked with zeros."""
        text = {"type": "tick.subscribe", "payload": {"topic": self._topic}}
        data = json.dumps(text).encode()
        self.transport.write(bytes((0x81, 0x80 | len(data))) + bytes(4) + data)

    def _take(self, data: bytes, start: int, end: int, now_ns: int) -> None:
        at = data.find(_SENT, start, end)
        if at < 0:
            if not self.following.done():
                self.following.set_result(None)
            return
        self.received += 1
        at += len(_SENT)
        sent_ns = int(data[at : data.index(b",", at)])
        self._latencies_ns.append(now_ns - sent_ns)


@dataclass
class Result:
    """One run."""

    cpu_us: float
    p50_ms: float
    p99_ms: float
    delivered: float


async def follow(
    server: Server, clients: int, topics: int
) -> tuple[list[Reader], list[int]]:
    """Connect clients, spread over topics."""
    loop, latencies_ns = asyncio.get_running_loop(), list[int]()
    readers: list[Reader] = []
    for number in range(clients):
        _, reader = await loop.create_connection(
            lambda topic=number % topics: Reader(topic, latencies_ns),  # type: ignore[misc] # bound now
            "127.0.0.1",
            server.port,
        )
        await reader.following
        readers.append(reader)
    return readers, latencies_ns


async def deliveries(
    kind: str, *, clients: int, topics: int, updates: int, per_second: float
) -> Result:
    """Publish at a steady rate; measure the server's CPU and the clients' wait.

    Every tenth client reads at once and is timed. The others leave what they got in
    their socket's buffer till the end: to read everywhere takes this process longer
    than the server takes to send, and it would measure itself.
    """
    with serving(kind) as server:
        readers, latencies_ns = await follow(server, clients, topics)
        later = [reader for at, reader in enumerate(readers) if at % 10 != 5]
        for reader in later:
            reader.transport.pause_reading()
        server.order(updates=updates, topics=topics, per_second=per_second, size=20)
        cpu_s = await server.cost_s()
        timed_ns = latencies_ns.copy()
        for reader in later:
            reader.transport.resume_reading()
        await asyncio.sleep(1.0)
        count = sum(reader.received for reader in readers)
        expected = updates * clients // topics
        for reader in readers:
            reader.transport.abort()
    return Result(cpu_s / expected * 1e6, *_percentiles_ms(timed_ns), count / expected)


async def beside_a_stalled_client(*, stalled: bool) -> tuple[Result, float]:
    """Push 40,000 updates to 5 readers; return what they got and the memory kept."""
    updates, per_second = 40_000, 4_000.0
    with serving("ours") as server:
        readers, latencies_ns = await follow(server, 5, 1)
        if stalled:
            [deaf], _ = await follow(server, 1, 1)
            deaf.transport.pause_reading()
        before_mb = server.rss_mb()
        server.order(updates=updates, topics=1, per_second=per_second, size=250)
        cpu_s = await server.cost_s()
        await asyncio.sleep(0.2)
        count = sum(reader.received for reader in readers)
        kept_mb = server.rss_mb() - before_mb
        for reader in readers:
            reader.transport.abort()
    expected = updates * 5
    cost = Result(
        cpu_s / expected * 1e6, *_percentiles_ms(latencies_ns), count / expected
    )
    return cost, kept_mb


async def subscribe_p50_ms(kind: str) -> float:
    """Subscribe again and again on one connection."""
    times: list[float] = []
    with serving(kind) as server:
        [reader], _ = await follow(server, 1, 1)
        for _ in range(500):
            reader.following = asyncio.get_running_loop().create_future()
            begin = time.perf_counter()
            reader.subscribe()
            await reader.following
            times.append((time.perf_counter() - begin) * 1000)
        reader.transport.abort()
    return statistics.median(times)


def _percentiles_ms(latencies_ns: list[int]) -> tuple[float, float]:
    cuts = statistics.quantiles(latencies_ns, n=100)
    return cuts[49] / 1e6, cuts[98] / 1e6


def medians(kinds: list[str], runs: int, **scenario: float) -> dict[str, Result]:
    """Run each server in turn and return the median of each figure."""
    results: dict[str, list[Result]] = {kind: [] for kind in kinds}
    for _ in range(runs):
        for kind in kinds:
            results[kind].append(asyncio.run(deliveries(kind, **scenario)))  # type: ignore[arg-type] # whole numbers
    return {
        kind: Result(
            statistics.median(each.cpu_us for each in several),
            statistics.median(each.p50_ms for each in several),
            statistics.median(each.p99_ms for each in several),
            min(each.delivered for each in several),
        )
        for kind, several in results.items()
    }


def delivery_rows(kinds: list[str], runs: int) -> list[Row]:
    """One topic for a thousand, and many topics for thousands."""
    rows = []
    one = medians(kinds, runs, clients=1_000, topics=1, updates=50, per_second=10)
    many = medians(kinds, runs, clients=5_000, topics=500, updates=500, per_second=100)
    for what, results, aim in (
        ("1,000 clients on one topic", one, 0.55),
        ("5,000 clients on 500 topics", many, 0.25),
    ):
        mine, theirs = results["ours"], results["fastws"]
        rows.append(
            Row(
                f"{what}: CPU per delivery",
                f"{mine.cpu_us:.1f} µs",
                f"{theirs.cpu_us:.1f} µs fastws",
                f"{mine.cpu_us / theirs.cpu_us:.2f}",
                f"≤ {aim}",
            )
        )
        if "picows" in results:
            raw = results["picows"]
            rows.append(
                Row(
                    f"{what}: beside a raw picows server",
                    f"{mine.cpu_us:.1f} µs",
                    f"{raw.cpu_us:.1f} µs picows",
                    f"{mine.cpu_us / raw.cpu_us:.2f}",
                    "as near as can be",
                )
            )
        lost = [kind for kind, each in results.items() if each.delivered != 1]
        assert not lost, f"{lost} did not deliver everything"
    mine, theirs = one["ours"], one["fastws"]
    rows.append(
        Row(
            "1,000 clients at 10 msg/s: p99",
            f"{mine.p99_ms:.1f} ms",
            f"{theirs.p99_ms:.1f} ms fastws",
            f"{mine.p99_ms / theirs.p99_ms:.2f}",
            "≤ 0.25",
        )
    )
    return rows


def stalled_rows(runs: int) -> list[Row]:
    """Five clients that read, with and without one that never does."""
    alone, beside, kept = [], [], []
    for _ in range(runs):
        alone.append(asyncio.run(beside_a_stalled_client(stalled=False))[0])
        result, kept_mb = asyncio.run(beside_a_stalled_client(stalled=True))
        beside.append(result)
        kept.append(kept_mb)
    p99_alone = statistics.median(each.p99_ms for each in alone)
    p99_beside = statistics.median(each.p99_ms for each in beside)
    delivered = min(each.delivered for each in beside)
    return [
        Row(
            "5 readers + 1 stalled, 40,000 updates: delivered",
            f"{delivered:.2%}",
            "",
            "",
            "100 %",
        ),
        Row(
            "… p99 of the readers",
            f"{p99_beside:.2f} ms",
            f"{p99_alone:.2f} ms without it",
            f"{p99_beside / p99_alone:.2f}",
            "≤ 2",
        ),
        Row(
            "… memory the server kept",
            f"{statistics.median(kept):.1f} MB",
            "more than 10 MB pushed",
            "",
            "freed",
        ),
    ]


def subscribe_rows(runs: int) -> list[Row]:
    """From the request to its answer."""
    mine = statistics.median(asyncio.run(subscribe_p50_ms("ours")) for _ in range(runs))
    theirs = statistics.median(
        asyncio.run(subscribe_p50_ms("fastws")) for _ in range(runs)
    )
    return [
        Row(
            "subscribe → response: p50",
            f"{mine:.2f} ms",
            f"{theirs:.2f} ms fastws",
            f"{mine / theirs:.2f}",
            "≤ 1.5 ms",
        )
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    kinds = ["ours", "fastws"] + (["picows"] if find_spec("picows") else [])
    rows = [*delivery_rows(kinds, runs), *stalled_rows(runs), *subscribe_rows(runs)]
    print_table("Sockets", rows)


if __name__ == "__main__":
    main()
