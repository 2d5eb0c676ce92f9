"""Generate one module while no other process generates it."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modular_api.codegen.errors import UnsafePath
from modular_api.codegen.job import SPECS_FOLDER, GenerationJob
from modular_api.codegen.lent_workers import LentWorkers
from modular_api.codegen.lock import module_lock
from modular_api.codegen.messages import RenderRequest
from modular_api.codegen.paths import below, check_paths
from modular_api.codegen.plan import ModulePlan, TargetState
from modular_api.codegen.stamp import STAMP_FILE, Stamp
from modular_api.codegen.stopping import Stop
from modular_api.codegen.summary import ModuleSummary
from modular_api.codegen.worker_process import WorkerPool
from modular_api.codegen.write import StampContent, Swap, staging_folder, swap_in

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModuleGeneration:
    """What generating a module needs, besides the module.

    Attributes:
        plan: finds out what is stale; asked again under the lock.
        folders: the folders that may be written, below the module's.
    """

    plan: Callable[[GenerationJob], ModulePlan]
    folders: Sequence[str]
    workers: WorkerPool | LentWorkers
    cache_folder: Path | None
    stop: Stop

    def run(self, job: GenerationJob) -> ModuleSummary:
        """Bring a stale module up to date, unless another process does it meanwhile.

        Raises: CodegenError
        """
        started = time.perf_counter()
        with module_lock(job.directory, self.stop) as work_folder:
            plan = self.plan(job)
            if not plan.stale:
                return ModuleSummary(job.shown_as, "elsewhere")
            with staging_folder(job.directory, work_folder, self.folders) as staging:
                rendered = {
                    state.target.folder: self._render(job, state)
                    for state in plan.to_render
                }
                self.stop.check()
                changes = swap_in(job.directory, staging, swap_of(plan, rendered))
        summary = ModuleSummary(
            job.shown_as,
            "written",
            tuple(str(stale) for stale in plan.stale),
            changes.written,
            changes.removed,
            changes.unchanged,
            time.perf_counter() - started,
        )
        log.info("%s", summary)
        return summary

    def _render(self, job: GenerationJob, state: TargetState) -> Mapping[str, bytes]:
        request = RenderRequest(job, state.target, self.cache_folder)
        with self.workers.borrow() as worker:
            rendered = worker.render(request, self.stop)
        folder = job.directory / state.target.folder
        check_paths(rendered, folder)
        if STAMP_FILE in rendered:
            raise UnsafePath(STAMP_FILE, folder, "that name is the stamp's")
        return rendered


def swap_of(plan: ModulePlan, rendered: Mapping[str, Mapping[str, bytes]]) -> Swap:
    """Return the content that the module's generated files should have.

    Args:
        rendered: the files of each target that had to be rendered, by its folder.
    """
    job = plan.job
    files = {
        f"{SPECS_FOLDER}/{name}": document.content
        for name, document in job.kept_files.items()
    }
    obsolete = {f"{SPECS_FOLDER}/{name}" for name in plan.state.specs}
    stamps = {}
    for state in plan.to_render:
        folder = state.target.folder
        contents = rendered[folder]
        stamp = _stamp(job, state, contents)
        files |= {below(folder, path): text for path, text in contents.items()}
        obsolete |= {below(folder, path) for path in state.stamp.files}
        stamps[below(folder, STAMP_FILE)] = StampContent(
            stamp.interrupted(state.stamp).to_bytes(), stamp.to_bytes()
        )
    return Swap(files, obsolete, stamps)


def _stamp(
    job: GenerationJob, state: TargetState, rendered: Mapping[str, bytes]
) -> Stamp:
    return Stamp(
        documents=job.digests_of(state.target.kinds),
        tools=state.tools,
        files={path: hashlib.sha256(c).hexdigest() for path, c in rendered.items()},
    )
