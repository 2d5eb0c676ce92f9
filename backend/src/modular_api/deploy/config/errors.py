"""Errors of describing a deployment.

ModularError
└── ConfigurationError
    ├── BadDeployment     everything that is wrong with a configuration; nothing runs
    └── NoDeployment      there is no file, or it must not be overwritten
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modular_api.errors import ConfigurationError


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        line: counted from 1; 0 where there is no file.
        key: where it stands: `servers.broker.port`; empty for the whole.
    """

    line: int
    key: str
    message: str

    def text(self, file: Path | None) -> str:
        """Return `file:line: key: message`, leaving out what is unknown."""
        place = f"{file}:{self.line}: " if file and self.line else ""
        return place + (f"{self.key}: " if self.key else "") + self.message


class BadDeployment(ConfigurationError):
    """A deployment is configured wrongly; nothing was started.

    Attributes:
        file: None where the configuration is Python.
        faults: all of them, in the order of their lines.
    """

    def __init__(self, faults: Sequence[Fault], file: Path | None = None) -> None:
        self.file = file
        self.faults = tuple(sorted(faults))
        lines = "".join(f"\n  - {fault.text(file)}" for fault in self.faults)
        super().__init__(f"The deployment is configured wrongly:{lines}")


class NoDeployment(ConfigurationError):
    """The file of a deployment cannot be read or written."""
