"""Real targets that cost nothing to render; worker processes import them by name."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

from modular_api.codegen.engine import Engine
from modular_api.codegen.job import GenerationJob, SpecKind
from modular_api.codegen.lent_workers import LentWorkers

_NOBODY = 65534

MakeJob: TypeAlias = Callable[..., GenerationJob]
"""The fixture `make_job`."""


def checked(body: str) -> str:
    """Put the hash of a text before it, so that a reader can tell it is whole."""
    return f"# {hashlib.sha256(body.encode()).hexdigest()}\n{body}"


def is_whole(text: str) -> bool:
    """Whether a text is exactly what `checked` returned."""
    first, _, body = text.partition("\n")
    return first == f"# {hashlib.sha256(body.encode()).hexdigest()}"


def child_environment() -> dict[str, str]:
    """Return an environment in which a child finds what this process finds."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@contextmanager
def without_root() -> Iterator[None]:
    """Be an ordinary user for a while: permissions mean nothing to root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@dataclass(frozen=True)
class CheapTarget:
    """A file for each operation, one that imports those named `op…`, and an index.

    Attributes:
        renders: a file that gets a line for each render; None for no counting.
        version: of its only tool.
        padding: bytes added to each file.
    """

    renders: Path | None = None
    version: str = "1"
    padding: int = 0
    folder: str = "client_generated"
    kinds: frozenset[SpecKind] = frozenset({"openapi"})
    name: str = "cheap client"

    def tools(self) -> Mapping[str, str]:
        return {"cheap": self.version}

    def render(
        self, job: GenerationJob, formatted_texts: MutableMapping[str, str]
    ) -> Mapping[str, str]:
        if self.renders is not None:
            with self.renders.open("a") as log:
                log.write(f"{job.module}\n")
        document = json.loads(job.documents[0].content)
        operations: list[str] = document["operations"]
        imported = "".join(
            f"from ._{job.module} import {name}\n"
            for name in operations
            if name.startswith("op")
        )
        files = {
            "__init__.py": f"from .{job.module}_client import REVISION\n",
            f"{job.module}_client.py": f"{imported}REVISION = {document['revision']}\n",
            f"_{job.module}/__init__.py": "",
            "py.typed": "",
        }
        for name in operations:
            text = f"REVISION = {document['revision']}\n# {'x' * self.padding}\n"
            files[f"_{job.module}/{name}.py"] = text
        return {path: checked(text) for path, text in files.items()}


@dataclass(frozen=True)
class FixedTarget:
    """Renders the given files, whatever the documents are."""

    files: Mapping[str, str]
    folder: str = "client_generated"
    kinds: frozenset[SpecKind] = frozenset({"openapi"})
    name: str = "fixed client"

    def tools(self) -> Mapping[str, str]:
        return {}

    def render(
        self, job: GenerationJob, formatted_texts: MutableMapping[str, str]
    ) -> Mapping[str, str]:
        return self.files


@dataclass(frozen=True)
class FaultyTarget(CheapTarget):
    """Does something bad before it renders: crash, exit, hang, fork, raise or print."""

    fault: str = "crash"
    started: Path | None = None

    def render(
        self, job: GenerationJob, formatted_texts: MutableMapping[str, str]
    ) -> Mapping[str, str]:
        if self.started is not None:
            self.started.write_text(str(os.getpid()))
        match self.fault:
            case "crash":
                os.write(2, b"the last words\n")
                os.kill(os.getpid(), signal.SIGSEGV)
            case "exit":
                os._exit(7)
            case "hang":
                time.sleep(60)
            case "fork":
                os.fork()  # the copy inherits the pipes of this process
                time.sleep(60)
            case "raise":
                raise ValueError("no client for POST /orders")
            case "print":
                print("hello from a library")
                os.write(1, b"hello from C\n")
        return super().render(job, formatted_texts)


def generate_there(
    lent: LentWorkers, job: GenerationJob, started: Path, result: Connection
) -> None:
    """Generate in a borrowing process, and say which process rendered."""
    target = FaultyTarget(fault="none", started=started)
    summary = Engine([target]).using(lent).generate([job])
    result.send((summary.modules[0].outcome, started.read_text()))
