"""One of several processes that generate into one folder at the same time.

Run as a program: `racing_process.py FOLDER [RENDERS]`: the Python client, or the
cheap one, which leaves a line in the file RENDERS for each render. Each line of its stdin is a
document; it generates that and answers with what came of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cheap_target import CheapTarget

from modular_api.codegen.engine import Engine
from modular_api.codegen.job import GenerationJob, SpecDocument
from modular_api.codegen.python_target import PythonClient
from modular_api.codegen.target import Target
from modular_api.codegen.worker_process import WorkerPool


def main(directory: Path, target: Target) -> None:
    """Generate one document after the other."""
    with WorkerPool(1) as workers:
        engine = Engine([target], workers=workers)
        for line in sys.stdin.buffer:
            document = SpecDocument("v1", line.strip())
            summary = engine.generate([GenerationJob("broker", directory, (document,))])
            print(summary.modules[0].outcome, flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder]:
            main(Path(folder), PythonClient())
        case [folder, renders]:
            main(Path(folder), CheapTarget(Path(renders), padding=20_000))
