"""Swap one state of a module's files for another, and be killed at every step in turn.

Run as a program: `killed_swaps.py FOLDER`. Each attempt is a child that ends itself by
SIGKILL before its n-th change to the file system; the parent then looks at what is
left, and lets a run without accident follow. Prints the number of steps.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from cheap_target import CheapTarget, checked, is_whole

from modular_api.codegen.disk import read_state
from modular_api.codegen.job import GenerationJob, SpecDocument
from modular_api.codegen.lock import module_lock
from modular_api.codegen.module_generation import swap_of
from modular_api.codegen.plan import make_plan
from modular_api.codegen.stamp import STAMP_FILE, StampState, read_stamp
from modular_api.codegen.stopping import Stop
from modular_api.codegen.write import staging_folder, swap_in

TARGET = CheapTarget()
OLD = SpecDocument("v1", b'{"revision": 1, "operations": ["op_a", "op_b", "x_old"]}')
NEW = SpecDocument("v1", b'{"revision": 2, "operations": ["op_a", "op_b", "x_new"]}')
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.utime", "open"}


def generate(directory: Path, document: SpecDocument) -> None:
    job = GenerationJob("broker", directory, (document,))
    with module_lock(directory, Stop()) as work_folder:
        plan = make_plan(job, read_state(job, [TARGET]))
        texts = TARGET.render(job, {})
        rendered = {TARGET.folder: {path: t.encode() for path, t in texts.items()}}
        folders = ["specs_generated", TARGET.folder]
        with staging_folder(directory, work_folder, folders) as staging:
            swap_in(directory, staging, swap_of(plan, rendered))


def die_before_change(number: int, directory: Path) -> None:
    """End this process by SIGKILL before it changes the folder for the n-th time."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event not in _CHANGES or not str(arguments[0]).startswith(str(directory)):
            return
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def killed_at(number: int, directory: Path) -> bool:
    """Generate the new state in a child; whether it was killed before the end."""
    child = os.fork()
    if child == 0:
        die_before_change(number, directory)
        generate(directory, NEW)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def look_at(directory: Path, number: int) -> None:
    """Every file is whole, none that both states have is missing, the stamp is true."""
    client = directory / TARGET.folder
    for path in client.rglob("*"):
        if path.is_file() and path.name != STAMP_FILE:
            assert is_whole(path.read_text()), f"step {number}: {path} is damaged"
    for name in ("__init__.py", "broker_client.py", "_broker/op_a.py"):
        assert (client / name).exists(), f"step {number}: {name} is missing"
    spec = (directory / "specs_generated" / "broker_openapi.json").read_bytes()
    assert spec in (OLD.content, NEW.content), f"step {number}: the spec is damaged"
    stamp = read_stamp(client)
    assert stamp.state in (StampState.COMPLETE, StampState.INTERRUPTED)
    states = [make_plan(_job(directory, doc), _state(directory)) for doc in (OLD, NEW)]
    complete = stamp.state is StampState.COMPLETE
    assert complete == any(not plan.stale for plan in states), f"step {number}: a lie"


def run(folder: Path) -> int:
    """Be killed at every step, and recover each time; return how many there are."""
    number = 0
    while True:
        number += 1
        directory = folder / "broker"
        shutil.rmtree(directory, ignore_errors=True)
        generate(directory, OLD)
        neighbour = directory / TARGET.folder / "mine.py"
        neighbour.write_text(checked("mine"))
        killed = killed_at(number, directory)
        look_at(directory, number)
        generate(directory, NEW)
        assert not make_plan(_job(directory, NEW), _state(directory)).stale
        assert not (directory / TARGET.folder / "_broker" / "x_old.py").exists()
        assert neighbour.read_text() == checked("mine")
        assert not list((directory / ".codegen").glob("staging-*"))
        if not killed:
            return number - 1


def _job(directory: Path, document: SpecDocument) -> GenerationJob:
    return GenerationJob("broker", directory, (document,))


def _state(directory: Path) -> Any:
    return read_state(_job(directory, NEW), [TARGET])


if __name__ == "__main__":
    print(run(Path(sys.argv[1])))
