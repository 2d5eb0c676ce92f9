"""Four processes at once on one folder, and a reader that meets every moment of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from cheap_target import child_environment

from modular_api.codegen.stamp import StampState, read_stamp

HERE = Path(__file__).parent
PROCESSES = 4
ROUNDS = 20


def document_of(round_: int) -> bytes:
    """A changed interface: every file differs, one is new, one is gone."""
    operations = [f"op_{number}" for number in range(8)] + [f"extra_{round_}"]
    return json.dumps({"revision": round_, "operations": operations}).encode()


@contextmanager
def process(script: str, *arguments: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, HERE / script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child_environment(),
    ) as running:
        try:
            yield running
        except BaseException:
            running.kill()
            raise


@pytest.mark.integration
def test_four_processes_generate_once_a_round_and_readers_meet_no_hole(
    directory: Path, tmp_path: Path
) -> None:
    """Twenty rounds: one of four writes, the files are right, no read ever failed."""
    renders = tmp_path / "renders"
    with ExitStack() as stack:
        racers = [
            stack.enter_context(process("racing_process.py", directory, renders))
            for _ in range(PROCESSES)
        ]
        outcomes = [_round(racers, document_of(0))]
        reader = stack.enter_context(process("reading_process.py", directory))
        assert reader.stdout
        assert reader.stdout.readline() == b"reading\n"
        for number in range(1, ROUNDS):
            outcomes.append(_round(racers, document_of(number)))
        read = json.loads(reader.communicate()[0])

    for outcome in outcomes:
        assert outcome.count("written") == 1
        assert set(outcome) <= {"written", "elsewhere", "fresh"}
    assert len(renders.read_text().splitlines()) == ROUNDS
    # That they waited for one another, and did not simply come later.
    assert any("elsewhere" in outcome for outcome in outcomes)
    assert read["faults"] == []
    assert read["reads"] > ROUNDS
    assert read_stamp(directory / "client_generated").state is StampState.COMPLETE
    extras = list((directory / "client_generated" / "_broker").glob("extra_*.py"))
    assert [path.stem for path in extras] == [f"extra_{ROUNDS - 1}"]


def _round(racers: list[subprocess.Popen[bytes]], document: bytes) -> list[str]:
    for racer in racers:
        assert racer.stdin
        racer.stdin.write(document + b"\n")
        racer.stdin.flush()
    return [
        racer.stdout.readline().decode().strip() for racer in racers if racer.stdout
    ]
