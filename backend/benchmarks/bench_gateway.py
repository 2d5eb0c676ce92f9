"""What many processes cost, and what a restart, a crash and a change cost clients.

Run with `make bench-gateway`, or one part with `make bench-gateway only=throughput`.
Nothing here is a test, though a failed request is an error where none is allowed.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from deployments import (
    BODY,
    GET,
    POST,
    Shop,
    TradingApp,
    kill,
    rate_of,
    seconds_until,
    shop,
    witness,
)
from mixed_load import Call, Target, steady_load
from report import Row, print_table

ROUNDS = 5
SECONDS = 2.0
RESTARTS = 10
KILLS = 20
KILL_EVERY_S = 6.0
"""Five crashes of one instance while it served for 30 s are a crash loop; these are none."""
CYCLES = 20
CHANGES = 7


async def throughput(folder: Path) -> list[Row]:
    """nginx beside the instance itself, and two instances beside one."""
    direct: list[float] = []
    behind: list[float] = []
    two: list[float] = []
    async with shop(folder / "one", instances=1) as one:
        async with shop(folder / "two", instances=2) as pair:
            gateway, [own] = await one.ports()
            pair_gateway, _ = await pair.ports()
            for turn in range(ROUNDS + 1):
                for rates, port in (
                    (direct, own),
                    (behind, gateway),
                    (two, pair_gateway),
                ):
                    rate = await asyncio.to_thread(rate_of, port, GET, seconds=SECONDS)
                    if turn:  # the first turn warms up
                        rates.append(rate)
    alone, through, doubled = map(statistics.median, (direct, behind, two))
    aim = "≥ 1.60" if (os.cpu_count() or 1) >= 4 else "≥ 1.25"
    reference = f"{alone:,.0f}/s direct"
    return [
        Row(
            "simple GET through nginx, one instance",
            f"{through:,.0f}/s",
            reference,
            f"{through / alone:.2f}",
            "≥ 0.90",
        ),
        Row(
            "the same, two instances",
            f"{doubled:,.0f}/s",
            reference,
            f"{doubled / alone:.2f}",
            aim,
        ),
    ]


async def restarts(folder: Path) -> list[Row]:
    """Rolling restarts under load: nobody may notice."""
    async with shop(folder / "restarts", instances=2) as running:
        gateway, _ = await running.ports()
        times = []
        with steady_load(Target(gateway, GET, POST, BODY)) as calls:
            for _ in range(RESTARTS):
                begin = time.perf_counter()
                await running.restart()
                times.append(time.perf_counter() - begin)
    failed = calls.failed("GET") + calls.failed("POST")
    return [
        Row(
            f"{RESTARTS} rolling restarts of 2 instances at 300 req/s: failed requests",
            f"{len(failed)} of {len(calls.all):,}",
            f"slowest {calls.slowest_ms():.0f} ms",
            f"{statistics.median(times):.1f} s a restart",
            "0",
        ),
        *_errors_of(failed),
    ]


async def crashes(folder: Path) -> list[Row]:
    """kill -9 of one of two: found out, replaced, and hardly noticed."""
    async with shop(folder / "crashes", instances=2) as running:
        gateway, _ = await running.ports()
        with witness() as seen, steady_load(Target(gateway, GET, POST, BODY)) as calls:
            kills = []
            for turn in range(KILLS):
                due = time.monotonic() + KILL_EVERY_S
                kills.append(await _killed(running, turn % 2))
                await asyncio.sleep(max(0.0, due - time.monotonic()))
    found_ms = [(seen.failed(pid) - at) * 1000 for at, pid in kills]
    again_s = [seen.ready_beside(pid, at) - at for at, pid in kills]
    gets, posts = calls.failed("GET"), calls.failed("POST")
    # A process is not gone with the signal; it is when the manager knows.
    in_flight = sum(calls.in_flight("POST", at, seen.failed(pid)) for at, pid in kills)
    return [
        Row(
            f"{KILLS} × kill -9 of one of two at 300 req/s: failed GETs",
            f"{len(gets)} of {len(calls.all):,} requests",
            f"slowest {calls.slowest_ms():.0f} ms",
            "",
            "0",
        ),
        Row(
            "the same: failed POSTs",
            str(len(posts)),
            f"{in_flight} in flight from kill to detection",
            "",
            "≤ in flight",
        ),
        Row(
            "from the kill until the manager knows",
            f"{statistics.median(found_ms):.1f} ms",
            f"slowest {max(found_ms):.1f} ms",
            "",
            "< 100 ms",
        ),
        Row(
            "from the kill until the next process is ready, back-off included",
            f"{statistics.median(again_s):.2f} s",
            f"slowest {max(again_s):.2f} s",
            "",
            "< 2 s",
        ),
        *_errors_of(gets),
    ]


async def _killed(running: Shop, index: int) -> tuple[float, int]:
    pid = running.manager.processes[f"shop-{index}"].pid
    at = kill(pid)
    await asyncio.sleep(0.1)
    await running.wait_until_all_are_ready()
    return at, pid


async def cycles(folder: Path) -> list[Row]:
    """Starting and stopping the trading app: two servers and nginx."""
    trading = TradingApp(folder)
    starts, stops = [], []
    for turn in range(CYCLES + 1):
        start = await asyncio.to_thread(trading.start)
        stop = await asyncio.to_thread(trading.stop)
        if turn:
            starts.append(start)
            stops.append(stop)
    return [
        Row(
            "`manager start` of the trading app until all is ready",
            f"{statistics.median(starts):.2f} s",
            f"slowest {max(starts):.2f} s",
            "",
            "≤ 3 s",
        ),
        Row(
            f"its stop; nothing was left behind in {CYCLES} cycles",
            f"{statistics.median(stops):.2f} s",
            f"slowest {max(stops):.2f} s",
            "",
            "≤ 2 s",
        ),
    ]


async def changes(folder: Path) -> list[Row]:
    """Development: from saving a file until the new code answers."""
    async with shop(folder / "changes", instances=1, reload=True) as running:
        gateway, _ = await running.ports()
        body_s, contract_s = [], []
        code = running.code.read_text()
        for turn in range(CHANGES + 1):
            code = code.replace(f"pong {turn + 1}", f"pong {turn + 2}")
            running.code.write_text(code)
            took = await seconds_until(gateway, GET, text=f'"pong {turn + 2}"')
            await running.wait_until_all_are_ready()
            await asyncio.sleep(0.5)
            code = code.replace(
                "\nmodule = ",
                f'\n@router.get("/new{turn}")\nasync def new{turn}() -> int:\n'
                "    return 1\n\nmodule = ",
            )
            running.code.write_text(code)
            path = f"/api/v1/shop/new{turn}"
            longer = await seconds_until(gateway, path, text="1")
            await running.wait_until_all_are_ready()
            await asyncio.sleep(0.5)
            if turn:
                body_s.append(took)
                contract_s.append(longer)
    return [
        Row(
            "`--reload`: from saving a file until its code answers",
            f"{statistics.median(body_s):.2f} s",
            f"slowest {max(body_s):.2f} s",
            "",
            "≤ 1 s",
        ),
        Row(
            "the same where the contract changed, client generated",
            f"{statistics.median(contract_s):.2f} s",
            f"slowest {max(contract_s):.2f} s",
            "",
            "≤ 2 s",
        ),
    ]


def _errors_of(failed: Sequence[Call]) -> list[Row]:
    kinds = sorted({str(call.error) for call in failed})
    return [Row("their errors", "; ".join(kinds[:5]), "", "", "")] if kinds else []


PARTS: dict[str, Callable[[Path], Awaitable[list[Row]]]] = {
    "throughput": throughput,
    "restarts": restarts,
    "crashes": crashes,
    "cycles": cycles,
    "changes": changes,
}


async def main(names: list[str]) -> None:
    """Measure the parts that are asked for, or all."""
    if unknown := set(names) - PARTS.keys():
        sys.exit(f"There is no part {sorted(unknown)}; there are: {', '.join(PARTS)}.")
    rows = []
    for name, part in PARTS.items():
        if not names or name in names:
            with tempfile.TemporaryDirectory() as folder:
                rows += await part(Path(folder))
    print_table("Gateway", rows)


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]).replace(",", " ").split()))
