"""Bring the generated files of modules up to date: plan, lock, plan again, render, swap.

When everything is fresh, it stops after the first plan without importing a generator.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from modular_api.codegen.disk import read_state
from modular_api.codegen.errors import (
    CodegenError,
    DuplicateTarget,
    GenerationDrift,
    GenerationStopped,
    SeveralModulesFailed,
    UnwritableTree,
)
from modular_api.codegen.job import SPECS_FOLDER, GenerationJob
from modular_api.codegen.mode import GenerationMode
from modular_api.codegen.plan import ModulePlan, make_plan
from modular_api.codegen.stopping import Stop
from modular_api.codegen.summary import ModuleSummary, Summary
from modular_api.codegen.target import Target

if TYPE_CHECKING:
    from modular_api.codegen.lent_workers import LentWorkers
    from modular_api.codegen.worker_process import WorkerPool

log = logging.getLogger(__name__)

_WORKERS = 2
"""How many processes render at once, if there are enough modules."""


class Engine:
    """Generates the files of modules; one engine may serve many generations.

    Args:
        targets: what is generated for each module, besides its documents.
        cache_folder: where formatted texts are kept between generations; None to keep
            none.
        workers: a pool that stays warm until the caller closes it; without one, each
            generation starts and ends its own.
        mend: the command that brings files up to date, for error messages.
        tolerate_unwritable: treat a read-only tree as mode `off` and log one warning;
            for a mode that was not chosen explicitly.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        cache_folder: Path | None = None,
        workers: WorkerPool | LentWorkers | None = None,
        mend: str = "modular-api generate",
        tolerate_unwritable: bool = False,
    ) -> None:
        folders = [SPECS_FOLDER, *(target.folder for target in targets)]
        for folder in folders:
            if folders.count(folder) > 1:
                raise DuplicateTarget(folder)
        self._targets = tuple(targets)
        self._folders = folders
        self._cache_folder = cache_folder
        self._workers = workers
        self._mend = mend
        self._tolerate_unwritable = tolerate_unwritable

    def using(self, workers: WorkerPool | LentWorkers) -> Engine:
        """Return the same engine with these workers; the caller closes them."""
        engine = copy(self)
        engine._workers = workers
        return engine

    def strict(self) -> Engine:
        """Return the same engine, but a read-only tree is an error for it."""
        engine = copy(self)
        engine._tolerate_unwritable = False
        return engine

    def plan(self, job: GenerationJob) -> ModulePlan:
        """Find out which files of a module are stale, and why; nothing is written."""
        return make_plan(job, read_state(job, self._targets))

    async def generate_async(
        self,
        jobs: Sequence[GenerationJob],
        mode: GenerationMode = GenerationMode.AUTO,
    ) -> Summary:
        """Do what `generate` does, while the event loop stays free.

        Cancelling it kills the workers and waits for the file being written: what is
        already swapped in stays, everything else is as it was.
        """
        stop = Stop()
        work = asyncio.ensure_future(
            asyncio.to_thread(self.generate, jobs, mode, stop=stop)
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.ask()
            await asyncio.wait([work])
            if not work.cancelled():
                work.exception()  # asked for, or asyncio logs it as never retrieved
            raise

    def generate(
        self,
        jobs: Sequence[GenerationJob],
        mode: GenerationMode = GenerationMode.AUTO,
        *,
        stop: Stop | None = None,
    ) -> Summary:
        """Bring the modules' files up to date, or find out that they are not.

        A module that fails keeps its old files and does not stop the others.

        Args:
            stop: lets another thread end the generation.
        Returns: what was done and why; nothing at all in mode `off`.
        Raises:
            GenerationDrift: mode is `check`, and something is stale.
            CodegenError: what failed; SeveralModulesFailed for more than one.
        """
        if mode is GenerationMode.OFF:
            return Summary()
        plans = [self.plan(job) for job in jobs]
        stale = [plan for plan in plans if plan.stale]
        if mode is GenerationMode.CHECK and stale:
            raise GenerationDrift(stale, self._mend)
        done = self._bring_up_to_date(stale, stop or Stop()) if stale else {}
        return Summary(
            tuple(
                done.get(plan.job.directory)
                or ModuleSummary(plan.job.shown_as, "fresh")
                for plan in plans
            )
        )

    def _bring_up_to_date(
        self, plans: Sequence[ModulePlan], stop: Stop
    ) -> dict[Path, ModuleSummary]:
        # Imported here: if all is fresh, no processes or threads are needed.
        from modular_api.codegen.module_generation import ModuleGeneration
        from modular_api.codegen.worker_process import WorkerPool

        done: dict[Path, ModuleSummary] = {}
        errors: list[CodegenError] = []
        unwritable: list[UnwritableTree] = []
        with ExitStack() as stack:
            workers = self._workers or stack.enter_context(
                WorkerPool(min(_WORKERS, len(plans)))
            )
            threads = stack.enter_context(ThreadPoolExecutor(workers.size, "codegen"))
            generation = ModuleGeneration(
                self.plan, self._folders, workers, self._cache_folder, stop
            )
            futures = [threads.submit(generation.run, plan.job) for plan in plans]
            try:
                for plan, future in zip(plans, futures, strict=True):
                    try:
                        done[plan.job.directory] = future.result()
                    except GenerationStopped:
                        raise
                    except CodegenError as error:
                        tolerated = self._tolerate_unwritable
                        if tolerated and isinstance(error, UnwritableTree):
                            unwritable.append(error)
                            done[plan.job.directory] = _left_stale(plan)
                        else:
                            errors.append(error)
            except BaseException:
                # On Ctrl-C, for example: leaving the block would wait for the workers.
                stop.ask()
                raise
        if unwritable:
            _log_unwritable(unwritable)
        if errors:
            raise errors[0] if len(errors) == 1 else SeveralModulesFailed(errors)
        return done


def _left_stale(plan: ModulePlan) -> ModuleSummary:
    reasons = tuple(str(stale) for stale in plan.stale)
    return ModuleSummary(plan.job.shown_as, "unwritable", reasons)


def _log_unwritable(errors: Sequence[UnwritableTree]) -> None:
    others = f" (and {len(errors) - 1} more modules)" if len(errors) > 1 else ""
    log.warning("generation is off, and files stay stale: %s%s", errors[0], others)
