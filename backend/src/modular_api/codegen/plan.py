"""Decide what is stale, and why. Nothing here touches a file.

`disk.py` finds out what is on disk; `engine.py` acts on the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modular_api.codegen.job import SPECS_FOLDER, GenerationJob
from modular_api.codegen.paths import below
from modular_api.codegen.stamp import Stamp, StampState
from modular_api.codegen.target import Target


@dataclass(frozen=True)
class Stale:
    """A file or a whole folder that is not up to date.

    Attributes:
        path: below the module's folder; empty for that folder itself.
        why: in a few words, for example `edited by hand`.
    """

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}" if self.path else self.why


@dataclass(frozen=True)
class TargetState:
    """The files of one target on disk.

    Attributes:
        tools: the versions that would generate it now.
        stamp: what the folder says it was made from.
        files: SHA-256, by path, of the files that the stamp lists and that exist.
    """

    target: Target
    tools: Mapping[str, str]
    stamp: Stamp
    files: Mapping[str, str]


@dataclass(frozen=True)
class ModuleState:
    """The generated files of one module on disk.

    Attributes:
        specs: SHA-256, by file name, of the documents in the specs folder.
    """

    specs: Mapping[str, str]
    targets: Sequence[TargetState]


@dataclass(frozen=True)
class ModulePlan:
    """What has to be done for one module.

    Attributes:
        stale: everything that is not up to date; empty when all is fresh.
        to_render: the targets that have to be rendered.
    """

    job: GenerationJob
    state: ModuleState
    stale: tuple[Stale, ...]
    to_render: tuple[TargetState, ...]


def make_plan(job: GenerationJob, state: ModuleState) -> ModulePlan:
    """Compare a module's documents with its generated files on disk."""
    stale = list(_stale_specs(job, state))
    to_render = []
    for target in state.targets:
        reasons = list(_stale_target(job, target))
        if reasons:
            stale.extend(reasons)
            to_render.append(target)
    return ModulePlan(job, state, tuple(stale), tuple(to_render))


def _stale_specs(job: GenerationJob, state: ModuleState) -> Iterator[Stale]:
    promised = {
        (name, digest)
        for target in state.targets
        for name, digest in target.stamp.documents.items()
    }
    for name, document in sorted(job.kept_files.items()):
        path = f"{SPECS_FOLDER}/{name}"
        if name not in state.specs:
            yield Stale(path, "missing")
        elif state.specs[name] != document.sha256:
            edited = (name, document.sha256) in promised
            yield Stale(path, "edited by hand" if edited else "the interface changed")
    for name in sorted(state.specs.keys() - job.kept_files.keys()):
        yield Stale(f"{SPECS_FOLDER}/{name}", "no longer generated")


def _stale_target(job: GenerationJob, state: TargetState) -> Iterator[Stale]:
    folder = below(state.target.folder)
    wanted = job.digests_of(state.target.kinds)
    if state.stamp.state is StampState.MISSING and state.target.kinds and not wanted:
        return  # there is nothing to generate it from, and nothing was generated before
    if state.stamp.state is not StampState.COMPLETE:
        yield Stale(folder, _STATES[state.stamp.state])
        return
    for name, change in _changes(state.stamp.documents, wanted):
        yield Stale(folder, f"{name} {_DOCUMENT_CHANGES[change]}")
    for name, _ in _changes(state.stamp.tools, state.tools):
        before = state.stamp.tools.get(name, "(none)")
        now = state.tools.get(name, "(none)")
        yield Stale(folder, f"the generator changed: {name} {before} → {now}")
    for path, change in _changes(state.stamp.files, state.files):
        why = "missing" if change == "removed" else "edited by hand"
        yield Stale(below(state.target.folder, path), why)


_STATES = {
    StampState.INTERRUPTED: "the generation before was interrupted",
    StampState.MISSING: "never generated",
    StampState.UNREADABLE: "its stamp is unreadable",
}
_DOCUMENT_CHANGES = {
    "added": "was added",
    "removed": "was removed",
    "changed": "changed",
}


def _changes(
    before: Mapping[str, str], now: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for name in sorted(before.keys() | now.keys()):
        if name not in before:
            yield name, "added"
        elif name not in now:
            yield name, "removed"
        elif before[name] != now[name]:
            yield name, "changed"
