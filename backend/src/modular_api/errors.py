"""The framework's errors.

ModularError
├── ConfigurationError        what was passed or written down is wrong; nothing was started
│   └── RegistryError         every fault found while loading modules, as one error
├── ServiceNotRunning         a module's service was used outside its lifespan
├── ModuleLifespanError       a module failed while the app was starting or stopping
└── SpecError                 a specification cannot be built, read or written

Each error writes its own message and keeps its data on attributes. The subpackages
derive theirs from these: `registry.faults`, `specs.errors`, `codegen.errors`.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path


class ModularError(Exception):
    """Anything the framework raises on purpose."""


class ConfigurationError(ModularError):
    """Something passed to the framework, or written in a file it reads, is wrong."""


class SpecError(ModularError):
    """A specification cannot be built, read or written."""


class ServiceNotRunning(ModularError):
    """A module's service was asked for, but the module's lifespan is not running."""

    def __init__(self, module: str, *, app_runs: bool = False) -> None:
        self.module = module
        if app_runs:
            super().__init__(
                f"Module '{module}' has no service: give its Module(...) a `service=`, "
                "or take the Service parameter out of the handler."
            )
            return
        super().__init__(
            f"The service of module '{module}' is not running: it lives from the start "
            "to the end of the app's lifespan, and no lifespan was entered. Serve the "
            "app with uvicorn, or in tests use the `app` fixture, LiveServer, or "
            "`with TestClient(app)`."
        )


class ModuleLifespanError(ModularError):
    """A module failed while the app was starting or stopping; the others were closed.

    Attributes:
        module: the module's name.
        phase: what was being done, for example `entering its service`.
        place: `file:line` of the deepest frame that belongs to the module, or of the
            deepest frame at all.
    """

    def __init__(
        self,
        module: str,
        phase: str,
        cause: BaseException,
        *,
        directory: Path | None = None,
        place: str | None = None,
    ) -> None:
        self.module = module
        self.phase = phase
        self.place = place or place_of(cause, within=directory)
        super().__init__(
            f"Module '{module}' failed while {phase}, at {self.place}: "
            f"{describe(cause)}"
        )


def describe(error: BaseException) -> str:
    """Return `Type: message`, or the type alone where the message is empty."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place_of(error: BaseException, *, within: Path | None = None) -> str:
    """Return `file:line` of the frame to look at: the deepest one below `within`.

    Without such a frame it is the deepest one. A SyntaxError names its own place.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno or 1}"
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    inside = [f for f in frames if within and Path(f.filename).is_relative_to(within)]
    frame = (inside or frames)[-1]
    return f"{frame.filename}:{frame.lineno}"
