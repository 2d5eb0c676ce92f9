"""Find out which of a module's generated files are on disk, and with what content."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from modular_api.codegen.job import SPECS_FOLDER, GenerationJob
from modular_api.codegen.plan import ModuleState, TargetState
from modular_api.codegen.stamp import read_stamp
from modular_api.codegen.target import Target


def read_state(job: GenerationJob, targets: Sequence[Target]) -> ModuleState:
    """Read stamps, and the hash of every generated file."""
    return ModuleState(
        specs=_digests(job.directory / SPECS_FOLDER, spec_names(job)),
        targets=[_target_state(job, target) for target in targets],
    )


def spec_names(job: GenerationJob) -> list[str]:
    """List the files in the specs folder that belong to this module, old ones too."""
    if not job.keeps_documents:
        return []
    try:
        names = os.listdir(job.directory / SPECS_FOLDER)
    except OSError:
        return []
    return sorted(filter(job.is_spec_file, names))


def digest_of(path: str | Path) -> str | None:
    """Return the SHA-256 of a regular file, in hex; None for anything else."""
    # O_NOFOLLOW: a link to the right content is still not what was written.
    # O_NONBLOCK: opening a named pipe would wait for its writer.
    try:
        handle = os.open(path, os.O_RDONLY | _O_NOFOLLOW | _O_NONBLOCK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        # Done for every generated file at every start: a file object would double it.
        digest = hashlib.sha256()
        while content := os.read(handle, _CHUNK_BYTES):
            digest.update(content)
        return digest.hexdigest()
    except OSError:
        return None
    finally:
        os.close(handle)


_CHUNK_BYTES = 1 << 20
_O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_O_NONBLOCK = getattr(os, "O_NONBLOCK", 0)


def _target_state(job: GenerationJob, target: Target) -> TargetState:
    folder = job.directory / target.folder
    stamp = read_stamp(folder)
    return TargetState(
        target=target,
        tools=target.tools(),
        stamp=stamp,
        files=_digests(folder, stamp.files),
    )


def _digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    found = {}
    base = os.fspath(folder)
    for name in names:
        digest = digest_of(f"{base}/{name}")
        if digest is not None:
            found[name] = digest
    return found
