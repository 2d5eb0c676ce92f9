"""Specifications and clients are brought up to date before an app serves."""

from __future__ import annotations

import asyncio
import json
import logging
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modular_api.app.socket_documents import socket_documents
from modular_api.codegen.engine import Engine
from modular_api.codegen.job import SPECS_FOLDER, GenerationJob, SpecDocument
from modular_api.codegen.mode import GenerationMode
from modular_api.codegen.python_target import PythonClient
from modular_api.codegen.summary import ModuleSummary, Summary
from modular_api.garbage import collector_paused
from modular_api.module.module_app import ModuleApp
from modular_api.specs.canonical import canonical_bytes
from modular_api.specs.differences import describe_differences
from modular_api.specs.errors import CorruptSpecFile
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

    async def bring_up_to_date(
        self, modules: Sequence[ModuleApp], *, check: Callable[[], None]
    ) -> Summary:
        """Compare, log what differs, and write or fail as the mode says.

        The event loop stays free meanwhile.

        Args:
            check: called before anything is written, unless generation is off.
        Returns: what was done to modules that were not fresh.
        Raises:
            SpecError: a document cannot be built, or its file cannot be read.
            CodegenError: files are stale in mode `check`, or could not be generated.
        """
        stale = await asyncio.to_thread(self._stale_jobs, modules, check)
        if not stale:
            return Summary()
        return await self.engine.generate_async(stale, self.mode or GenerationMode.AUTO)

    def using(self, workers: LentWorkers) -> Generation:
        """Return the same, but generating with these workers."""
        return replace(self, engine=self.engine.using(workers))

    def make_early(self, module: ModuleApp) -> None:
        """Generate one module while the app is built; see `bring_up_to_date`."""
        stale = self._stale_jobs([module], check=_nothing)
        self.early.extend(self.engine.generate(stale).modules)

    def mode_of(self, module: ModuleApp) -> GenerationMode:
        """Return what is done about one module."""
        if module.directory is None:
            return GenerationMode.OFF
        if self.mode is not None:
            return self.mode
        installed = _is_installed(module.directory)
        return GenerationMode.OFF if installed else GenerationMode.AUTO

    def _stale_jobs(
        self, modules: Iterable[ModuleApp], check: Callable[[], None]
    ) -> list[GenerationJob]:
        with collector_paused():
            jobs = [
                job_of(module, module.directory)
                for module in modules
                if module.directory and self.mode_of(module) is not GenerationMode.OFF
            ]
            if jobs:
                check()
        stale = [job for job in jobs if self.engine.plan(job).stale]
        for job in stale:
            _log_differences(job)
        return stale


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


def _nothing() -> None:
    """Check nothing."""


def _log_differences(job: GenerationJob) -> None:
    """Log in words how each document differs from its file, where there is one."""
    for name, document in job.spec_files.items():
        file = SpecFile(job.directory / SPECS_FOLDER / name)
        content = file.read_bytes()
        if content is None or content == document.content:
            continue
        old = file.load()
        new = json.loads(document.content)
        try:
            sentences = describe_differences(old, new)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorruptSpecFile(
                file.path, f"it is JSON, but no specification ({error})"
            ) from error
        for sentence in sentences:
            log.info("%s: %s", _title(job.module, document), sentence)


def _title(module: str, document: SpecDocument) -> str:
    kind = " socket" if document.kind == "asyncapi" else ""
    return f"{module} {document.version}{kind}"


def _is_installed(directory: Path) -> bool:
    return any(directory.is_relative_to(place) for place in _site_packages())


@cache
def _site_packages() -> tuple[Path, ...]:
    places = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    return tuple(Path(place).resolve() for place in places)
