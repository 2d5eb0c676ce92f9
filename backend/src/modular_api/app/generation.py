"""Specifications and clients are brought up to date before an app serves."""

from __future__ import annotations

import asyncio
import json
import logging
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modular_api.app.socket_documents import socket_documents
from modular_api.codegen.engine import Engine
from modular_api.codegen.job import SPECS_FOLDER, GenerationJob, SpecDocument
from modular_api.codegen.mode import GenerationMode
from modular_api.codegen.python_target import PythonClient
from modular_api.codegen.summary import Summary
from modular_api.module.module_app import ModuleApp
from modular_api.specs.canonical import canonical_bytes
from modular_api.specs.differences import describe_differences
from modular_api.specs.store import SpecFile

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Generation:
    """What an app does about the generated files of its modules when it starts.

    Args:
        mode: what was asked for; None decides by the module's place: `off` where it is
            installed in site-packages, else `auto`.
        engine: does the work.
    """

    mode: GenerationMode | None
    engine: Engine

    async def bring_up_to_date(self, modules: Sequence[ModuleApp]) -> Summary:
        """Do what `bring_up_to_date_now` does, while the event loop stays free."""
        by_mode = await asyncio.to_thread(self._jobs_by_mode, modules)
        done = [
            await self.engine.generate_async(jobs, mode)
            for mode, jobs in by_mode.items()
        ]
        return _joined(done)

    def bring_up_to_date_now(self, modules: Sequence[ModuleApp]) -> Summary:
        """Compare, log what differs, and write or fail as the mode says.

        Raises:
            SpecError: a document cannot be built, or its file cannot be read.
            CodegenError: files are stale in mode `check`, or could not be generated.
        """
        by_mode = self._jobs_by_mode(modules)
        return _joined(
            [self.engine.generate(jobs, mode) for mode, jobs in by_mode.items()]
        )

    def mode_of(self, module: ModuleApp) -> GenerationMode:
        """Return what is done about one module."""
        if module.directory is None:
            return GenerationMode.OFF
        if self.mode is not None:
            return self.mode
        installed = _is_installed(module.directory)
        return GenerationMode.OFF if installed else GenerationMode.AUTO

    def _jobs_by_mode(
        self, modules: Iterable[ModuleApp]
    ) -> dict[GenerationMode, list[GenerationJob]]:
        jobs: dict[GenerationMode, list[GenerationJob]] = {}
        for module in modules:
            mode = self.mode_of(module)
            if mode is GenerationMode.OFF or module.directory is None:
                continue
            job = job_of(module, module.directory)
            _log_differences(job)
            jobs.setdefault(mode, []).append(job)
        return jobs


def new_engine(*, allowed_losses: Iterable[str] = (), **engine_options: Any) -> Engine:
    """Return an engine that makes all we generate besides the documents."""
    client = PythonClient(allowed=frozenset(allowed_losses))
    return Engine([client], **engine_options)


def job_of(module: ModuleApp, directory: Path) -> GenerationJob:
    """Return what is to be generated of a module, below `directory`."""
    documents = [
        SpecDocument(version, canonical_bytes(app.openapi()))
        for version, app in module.versions.items()
    ]
    documents += [
        SpecDocument(version, canonical_bytes(document), kind="asyncapi")
        for version, document in socket_documents(module).items()
    ]
    return GenerationJob(module.name, directory, tuple(documents))


def _log_differences(job: GenerationJob) -> None:
    """Log in words how each document differs from its file, where there is one."""
    for name, document in job.spec_files.items():
        file = SpecFile(job.directory / SPECS_FOLDER / name)
        content = file.read_bytes()
        if content is None or content == document.content:
            continue
        old = file.load()
        new = json.loads(document.content)
        for sentence in describe_differences(old, new):
            log.info("%s: %s", _title(job.module, document), sentence)


def _title(module: str, document: SpecDocument) -> str:
    kind = " socket" if document.kind == "asyncapi" else ""
    return f"{module} {document.version}{kind}"


def _joined(done: Sequence[Summary]) -> Summary:
    return Summary(tuple(module for one in done for module in one.modules))


def _is_installed(directory: Path) -> bool:
    places = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    return any(directory.is_relative_to(Path(place).resolve()) for place in places)
