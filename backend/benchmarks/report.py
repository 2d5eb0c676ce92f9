"""What every benchmark prints: figures of one run as a Markdown table."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, what it is compared with, and the aim."""

    what: str
    ours: str
    reference: str
    ratio: str
    aim: str


def alternating_medians_ms(
    runs: Sequence[Callable[[], object]], *, repeats: int
) -> list[float]:
    """Measure several in turn, A B A B …, so that a drift of the machine hits all."""
    times: list[list[float]] = [[] for _ in runs]
    for turn in range(repeats + 1):
        for index, run in enumerate(runs):
            gc.collect()  # what the run before left behind is not this one's cost
            begin = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                times[index].append((time.perf_counter() - begin) * 1000)
    return [statistics.median(column) for column in times]


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print the rows with what they were measured on."""
    load = os.getloadavg()[0]
    print(f"\n## {title}\n")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"load before the end {load:.1f}\n"
    )
    print("| what | ours | reference | ratio | aim |")
    print("|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.what} | {row.ours} | {row.reference} | {row.ratio} | {row.aim} |"
        )
