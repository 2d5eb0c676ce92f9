"""What can go wrong while files are generated.

CodegenError
├── DuplicateTarget         two targets would share a folder
├── GenerationDrift         files are not what the code says now (mode `check`)
├── GenerationFailed        a target could not render; nothing was written
│   ├── WorkerCrashed       its process died
│   └── WorkerTooSlow       its process took longer than it may
├── GenerationStopped       the caller stopped it; nothing was written
├── GeneratorMissing        a library that generates is not installed
├── SeveralModulesFailed    more than one module failed; holds their errors
├── UnknownOperation        no method of a socket client can be made of an operation
├── UnsafePath              a name would lead out of the folder it belongs to
└── WriteFailed             the file system refused
    └── UnwritableTree      because of permissions, or a read-only file system
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modular_api.errors import ModularError, describe

if TYPE_CHECKING:
    from modular_api.codegen.plan import ModulePlan

_PERMISSION = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class CodegenError(ModularError):
    """Files could not be generated, or are not what they should be."""


class DuplicateTarget(CodegenError):
    """Two targets would write the same folder, and each other's stamp."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        super().__init__(
            f"Two targets write to '{folder}': give each a folder of its own."
        )


class GenerationDrift(CodegenError):
    """Generated files are not what the code says now.

    Attributes:
        plans: the modules concerned; each lists its stale files and why.
        mend: the command that brings them up to date.
    """

    def __init__(self, plans: Sequence[ModulePlan], mend: str) -> None:
        self.plans = tuple(plans)
        self.mend = mend
        lines = [
            f"  {plan.job.shown_as}/{stale.path}: {stale.why}"
            for plan in self.plans
            for stale in plan.stale
        ]
        super().__init__(
            "Generated files are not what the code says now:\n"
            + "\n".join(lines)
            + f"\nRun `{mend}` and commit the result."
        )


class GenerationFailed(CodegenError):
    """A target could not render a module; the previous files are still in place.

    Attributes:
        module: the module's name.
        target: the target's name.
        reason: what happened, in a sentence.
        details: a traceback or the worker's last words; empty where there are none.
    """

    def __init__(
        self, module: str, target: str, reason: str, details: str = ""
    ) -> None:
        self.module = module
        self.target = target
        self.reason = reason
        self.details = details
        super().__init__(
            f"Could not generate the {target} of module '{module}': {reason}\n"
            "The files generated before are untouched."
        )


class WorkerCrashed(GenerationFailed):
    """The process that renders died before it answered."""


class WorkerTooSlow(GenerationFailed):
    """The process that renders took longer than it may, and was killed."""


class GenerationStopped(CodegenError):
    """The caller stopped the generation; what was not yet written stays undone."""

    def __init__(self) -> None:
        super().__init__("The generation was stopped before it was done.")


class GeneratorMissing(CodegenError):
    """A library that takes part in generating is not installed."""

    def __init__(self, distribution: str) -> None:
        self.distribution = distribution
        super().__init__(
            f"'{distribution}' is not installed, and generating clients needs it: "
            "run `pip install 'modular-api[codegen]'`, or turn generation off."
        )


class SeveralModulesFailed(CodegenError):
    """More than one module failed; the others are up to date.

    Attributes:
        errors: what happened, one error a module.
    """

    def __init__(self, errors: Sequence[CodegenError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class UnknownOperation(CodegenError):
    """The document holds an operation that no method of a client can be made of.

    Attributes:
        operation: its key in the document.
        why: what is wrong with it.
    """

    def __init__(self, operation: str, why: str) -> None:
        self.operation = operation
        self.why = why
        super().__init__(
            f"No method of a client can be made of the socket operation '{operation}': "
            f"{why}."
        )


class UnsafePath(CodegenError):
    """A name from a spec or a renderer would lead out of its folder.

    Attributes:
        path: the name, as it was found.
        folder: where it should have stayed.
    """

    def __init__(self, path: str, folder: Path | str, why: str) -> None:
        self.path = path
        self.folder = folder
        super().__init__(
            f"Refused to write {path!r} below '{folder}': {why}. Nothing was written."
        )


class WriteFailed(CodegenError):
    """The file system refused a write.

    Attributes:
        directory: the module's folder.
        cause: the error of the operating system.
    """

    def __init__(self, directory: Path, cause: OSError, after: str) -> None:
        self.directory = directory
        self.cause = cause
        super().__init__(
            f"Could not write to '{directory}': {describe(cause)}. {after}"
        )


class UnwritableTree(WriteFailed):
    """The folder may not be written to."""

    def __init__(self, directory: Path, cause: OSError) -> None:
        super().__init__(
            directory,
            cause,
            "Make it writable for this user, generate somewhere else with an output "
            "directory, or turn generation off.",
        )


def write_failed(directory: Path, cause: OSError, after: str) -> WriteFailed:
    """Return the error that fits what the operating system said."""
    if cause.errno in _PERMISSION:
        return UnwritableTree(directory, cause)
    return WriteFailed(directory, cause, after)
