"""The folder of an app's TypeScript clients, which is outside of its modules.

<folder>/_runtime/                  what all socket clients share
<folder>/<module>/rest/             version 1: the REST client
<folder>/<module>/ws.ts             version 1: the socket client
<folder>/<module>/v2/rest/, ws.ts   version 2
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from modular_api.codegen.clean import clean_generated
from modular_api.codegen.engine import Engine
from modular_api.codegen.errors import GenerationDrift
from modular_api.codegen.job import GenerationJob
from modular_api.codegen.mode import GenerationMode
from modular_api.codegen.stamp import STAMP_FILE
from modular_api.codegen.summary import ModuleSummary, Summary
from modular_api.codegen.target import Target
from modular_api.codegen.together import do_all
from modular_api.codegen.typescript_client.node_tools import (
    MissingNodeTools,
    find_node_tools,
)
from modular_api.codegen.typescript_client.targets import (
    TypeScriptRest,
    TypeScriptRuntime,
    TypeScriptSocket,
)

_RUNTIME = "_runtime"
"""No module has this name: discovery skips folders that begin with `_`."""
_CLIENTS: tuple[Target, ...] = (TypeScriptRest(), TypeScriptSocket())


@dataclass(frozen=True)
class TypeScriptFolder:
    """Writes and removes the TypeScript clients of one app.

    Attributes:
        path: the folder; no other app may write to it.
        mend: the command that brings files up to date, for error messages.
    """

    path: Path
    mend: str = "modular-api generate"

    def generate(
        self,
        modules: Sequence[GenerationJob],
        mode: GenerationMode = GenerationMode.AUTO,
        *,
        all_modules: bool = False,
    ) -> Summary:
        """Bring the clients of modules up to date, or find out that they are not.

        Where Node.js or hey-api is missing, the REST clients that would have to be
        written are left out, and the summary says so.

        Args:
            modules: the jobs of the modules; the clients are made from their documents.
            all_modules: whether these are all modules of the app; clients of other
                modules are then removed.
        Raises: as Engine.generate
        """
        jobs = [job for module in modules for job in self._jobs_of(module)]
        left = self._leftovers(jobs) if all_modules else []
        runtime = self._runtime_jobs(jobs)
        if mode is GenerationMode.CHECK:
            self._check([*jobs, *left], runtime)
            fresh = (*runtime, *jobs)
            return Summary(tuple(ModuleSummary(job.shown_as, "fresh") for job in fresh))
        targets, left_out = self._targets(jobs)
        removed = [_removed(job) for job in left]
        done = do_all(
            [
                lambda: Engine([TypeScriptRuntime()]).generate(runtime, mode),
                lambda: Engine(targets).generate(jobs, mode),
            ]
        )
        return Summary((*removed, *done.modules, *left_out))

    def clean(self, modules: Sequence[str]) -> dict[str, list[str]]:
        """Remove the clients of modules; with the last one, what all clients share.

        Returns: the paths below each folder that was cleaned, by the folder's name.
        Raises: UnwritableTree, WriteFailed, UnsafePath
        """
        removed = {
            job.shown_as: _clean(job, _CLIENTS)
            for job in self._on_disk()
            if job.module in modules
        }
        runtime = self._runtime_job()
        if not self._on_disk() and (runtime.directory / STAMP_FILE).exists():
            removed[runtime.shown_as] = _clean(runtime, [TypeScriptRuntime()])
        return removed

    def _jobs_of(self, module: GenerationJob) -> list[GenerationJob]:
        """Split a module by version: each version has its own folder and stamps."""
        versions = sorted({document.version for document in module.documents})
        return [
            GenerationJob(
                module.module,
                self._directory(module.module, version),
                tuple(each for each in module.documents if each.version == version),
                keeps_documents=False,
                title=self._title(self._directory(module.module, version)),
            )
            for version in versions
        ]

    def _runtime_jobs(self, jobs: Sequence[GenerationJob]) -> list[GenerationJob]:
        sockets = (each.kind == "asyncapi" for job in jobs for each in job.documents)
        return [self._runtime_job()] if any(sockets) else []

    def _runtime_job(self) -> GenerationJob:
        directory = self.path / _RUNTIME
        return GenerationJob(_RUNTIME, directory, (), False, self._title(directory))

    def _directory(self, module: str, version: str) -> Path:
        return self.path / module / ("" if version == "v1" else version)

    def _title(self, directory: Path) -> str:
        return f"typescript/{directory.relative_to(self.path).as_posix()}"

    def _leftovers(self, jobs: Sequence[GenerationJob]) -> list[GenerationJob]:
        current = {job.directory for job in jobs}
        return [job for job in self._on_disk() if job.directory not in current]

    def _on_disk(self) -> list[GenerationJob]:
        """Return a job without documents for each folder of clients on disk."""
        folders = {
            stamp.parent.parent if stamp.parent.name == "rest" else stamp.parent
            for pattern in ("*", "*/rest", "*/v*", "*/v*/rest")
            for stamp in self.path.glob(f"{pattern}/{STAMP_FILE}")
        }
        return [
            GenerationJob(name, folder, (), False, self._title(folder))
            for folder in sorted(folders)
            if (name := folder.relative_to(self.path).parts[0]) != _RUNTIME
            and name.isidentifier()
        ]

    def _check(
        self, jobs: Sequence[GenerationJob], runtime: Sequence[GenerationJob]
    ) -> None:
        """Raise GenerationDrift, listing everything that is stale, if anything is."""
        plans = [Engine([TypeScriptRuntime()]).plan(job) for job in runtime]
        plans += map(Engine(_CLIENTS).plan, jobs)
        if stale := [plan for plan in plans if plan.stale]:
            raise GenerationDrift(stale, self.mend)

    def _targets(
        self, jobs: Sequence[GenerationJob]
    ) -> tuple[list[Target], list[ModuleSummary]]:
        """Return the targets that can be rendered here, and those that stay stale."""
        tools = find_node_tools(self.path)
        if not isinstance(tools, MissingNodeTools):
            return [TypeScriptRest(tools), TypeScriptSocket()], []
        rest = Engine([TypeScriptRest()])
        left_out = [
            ModuleSummary(f"{job.shown_as}/rest", "left_out", (tools.why,))
            for job in jobs
            if rest.plan(job).stale
        ]
        return [TypeScriptSocket()], left_out


def _removed(job: GenerationJob) -> ModuleSummary:
    removed = [path for path in _clean(job, _CLIENTS) if not path.endswith(STAMP_FILE)]
    return ModuleSummary(
        job.shown_as, "written", ("no longer generated",), (), tuple(removed)
    )


def _clean(job: GenerationJob, targets: Sequence[Target]) -> list[str]:
    removed = clean_generated(job, targets)
    # Files that somebody added beside the clients stay, and so do their folders.
    with suppress(OSError):
        job.directory.rmdir()
        job.directory.parent.rmdir()
    return removed
