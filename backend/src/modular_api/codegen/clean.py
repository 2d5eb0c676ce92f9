"""Remove generated files, and only those."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence

from modular_api.codegen.disk import spec_names
from modular_api.codegen.errors import write_failed
from modular_api.codegen.job import SPECS_FOLDER, GenerationJob
from modular_api.codegen.lock import module_lock
from modular_api.codegen.paths import below, check_no_links
from modular_api.codegen.stamp import STAMP_FILE, StampState, read_stamp
from modular_api.codegen.stopping import Stop
from modular_api.codegen.target import Target
from modular_api.codegen.write import remove_file

log = logging.getLogger(__name__)


def clean_generated(job: GenerationJob, targets: Sequence[Target]) -> list[str]:
    """Remove a module's documents, and the files the targets' stamps name.

    Files written by hand beside them stay, and so does a folder without a readable
    stamp, because it is unknown which of its files were generated.

    Args:
        job: its documents are ignored; those on disk are removed.
    Returns: what was removed, below the module's folder.
    Raises: UnwritableTree, WriteFailed, UnsafePath
    """
    if not job.directory.is_dir():
        return []
    with module_lock(job.directory, Stop()) as work_folder:
        paths = [f"{SPECS_FOLDER}/{name}" for name in spec_names(job)]
        for target in targets:
            paths += _generated_files(job, target)
        for path in paths:
            check_no_links(job.directory, path)
        try:
            for path in paths:
                remove_file(job.directory, path)
            shutil.rmtree(work_folder)
        except OSError as error:
            after = "Some generated files are left: run it again."
            raise write_failed(job.directory, error, after) from error
    return paths


def _generated_files(job: GenerationJob, target: Target) -> list[str]:
    folder = job.directory / target.folder
    stamp = read_stamp(folder)
    if stamp.state in (StampState.MISSING, StampState.UNREADABLE):
        if folder.is_dir():
            log.warning("%s has no readable stamp: nothing was removed there", folder)
        return []
    # The stamp goes last: without it the rest could not be found again.
    return [below(target.folder, path) for path in (*sorted(stamp.files), STAMP_FILE)]
