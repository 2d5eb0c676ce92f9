"""Run a deployment in a process that outlives the one that started it."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from modular_api.deploy.manager.errors import BadFolder, ControlFailed, ManagerError
from modular_api.deploy.manager.operating.deployment import Deployment
from modular_api.deploy.manager.operating.running import run
from modular_api.errors import ModularError, describe

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from modular_api.deploy.manager.operating.detached import main; main()"
)


def run_detached(deployment: Deployment) -> dict[str, Any]:
    """Start a manager that outlives this process; return the status once all is ready.

    What it prints and does not log is in `manager-output.log`, beside the others.

    Raises: ModularError: it did not start, in its own words. KeyboardInterrupt: SIGINT
        or SIGTERM came, and the start was undone.
    """
    deployment.must_exist()
    log_dir = deployment.places.log_dir
    printed = log_dir / "manager-output.log"
    try:
        log_dir.mkdir(parents=True, exist_ok=True)
        output = printed.open("ab")
    except OSError as error:
        raise BadFolder(log_dir, error) from error
    with output, _terminated_is_interrupted():
        return _begin(deployment, output, printed)


def _begin(deployment: Deployment, output: BinaryIO, printed: Path) -> dict[str, Any]:
    ours, theirs = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, json.dumps(sys.path), str(theirs)],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        pass_fds=[theirs],
        start_new_session=True,
    )
    os.close(theirs)
    assert process.stdin is not None
    try:
        with os.fdopen(ours, "rb") as answer:
            with process.stdin, suppress(BrokenPipeError):
                process.stdin.write(pickle.dumps(deployment))
            line = answer.readline()
    except KeyboardInterrupt:
        # It has a session of its own, so the terminal's Ctrl-C has not reached it.
        process.terminate()
        process.wait()
        raise
    if not line:
        raise ControlFailed(
            f"The manager ended with exit code {process.wait()}; its last words are "
            f"in {printed}."
        )
    process.returncode = 0  # it runs on, and nobody waits for it
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        raise ManagerError(told["error"])
    status: dict[str, Any] = told["status"]
    return status


@contextmanager
def _terminated_is_interrupted() -> Iterator[None]:
    """Have SIGTERM do what SIGINT does while the body runs."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main() -> None:
    """Run the deployment on stdin; tell on a descriptor how the start went."""
    deployment: Deployment = pickle.load(sys.stdin.buffer)
    answer = Answer(int(sys.argv[2]))
    try:
        run(deployment, lambda status: answer.give("status", status))
    except ModularError as error:
        answer.give("error", str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        answer.give("error", "It was interrupted while it was starting.")
        sys.exit(1)
    except BaseException as error:
        answer.give("error", f"unexpected {describe(error)}")
        raise


class Answer:
    """A line to whoever has asked for a start, who may be gone by then.

    Args:
        descriptor: the write end of a pipe; closed once the answer is given.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def give(self, kind: str, what: Any) -> None:
        """Write the line; only the first one counts."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        # Without a buffer: what cannot be written must not be tried again by a close.
        with suppress(BrokenPipeError), os.fdopen(descriptor, "wb", 0) as pipe:
            rest = memoryview(json.dumps({kind: what}).encode() + b"\n")
            while rest:
                rest = rest[pipe.write(rest) or 0 :]
