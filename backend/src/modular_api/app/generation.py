"""Specifications and clients are brought up to date before an app serves."""

from __future__ import annotations

import asyncio
import json
import logging
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modular_api.codegen.engine import Engine
from modular_api.codegen.job import SPECS_FOLDER, GenerationJob, SpecDocument
from modular_api.codegen.mode import GenerationMode
from modular_api.codegen.python_target import PythonClient
from modular_api.codegen.summary import ModuleSummary, Summary
from modular_api.module.module_app import ModuleApp
from modular_api.specs.canonical import canonical_bytes
from modular_api.specs.differences import describe_differences
from modular_api.specs.store import SpecFile

if TYPE_CHECKING:
    from modular_api.codegen.lent_workers import LentWorkers

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Generation:
    """What an app does about the generated files of its modules when it starts.

    Args:
        mode: what was asked for; None decides by the module's place: `off` where it is
            installed in site-packages, else `auto`.
        engine: does the work.

    Attributes:
        early: what was generated while the app was built, because a module imports
            another one's client.
    """

    mode: GenerationMode | None
    engine: Engine
    early: list[ModuleSummary] = field(default_factory=list)

    async def bring_up_to_date(self, modules: Sequence[ModuleApp]) -> Summary:
        """Compare, log what differs, and write or fail as the mode says.

        The event loop stays free meanwhile.

        Raises:
            SpecError: a document cannot be built, or its file cannot be read.
            CodegenError: files are stale in mode `check`, or could not be generated.
        """
        by_mode = await asyncio.to_thread(self._jobs_by_mode, modules)
        done = [
            await self.engine.generate_async(jobs, mode)
            for mode, jobs in by_mode.items()
        ]
        return Summary(tuple(module for one in done for module in one.modules))

    def using(self, workers: LentWorkers) -> Generation:
        """Return the same, but generating with these workers."""
        return replace(self, engine=self.engine.using(workers))

    def make_early(self, module: ModuleApp) -> None:
        """Generate one module while the app is built; see `bring_up_to_date`."""
        for mode, jobs in self._jobs_by_mode([module]).items():
            self.early.extend(self.engine.generate(jobs, mode).modules)

    def mode_of(self, module: ModuleApp) -> GenerationMode:
        """Return what is done about one module."""
        if module.directory is None:
            return GenerationMode.OFF
        if self.mode is not None:
            return self.mode
        installed = _is_installed(module.directory)
        return GenerationMode.OFF if installed else GenerationMode.AUTO

    def is_off_for(self, modules: Iterable[ModuleApp]) -> bool:
        """Return whether nothing at all is done about these modules."""
        return all(self.mode_of(module) is GenerationMode.OFF for module in modules)

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
    documents = tuple(
        SpecDocument(version, canonical_bytes(app.openapi()))
        for version, app in module.versions.items()
    )
    return GenerationJob(module.name, directory, documents)


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
            log.info("%s %s: %s", job.module, document.version, sentence)


def _is_installed(directory: Path) -> bool:
    places = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    return any(directory.is_relative_to(Path(place).resolve()) for place in places)
