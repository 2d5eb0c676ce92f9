"""How a process logs, and where to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

MERGED = "all.log"
"""The file with the lines of every process of a deployment, but for nginx's."""

MANAGER = "manager"
"""Stands for the manager where a line names its process and module."""


class LogLevel(StrEnum):
    """How much is logged."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


class LogFormat(StrEnum):
    """What a line looks like."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class LogSettings:
    """How a process logs.

    Attributes:
        folder: of `<server>-<index>.log` and `all.log`; None leaves stdout and stderr
            where they are, which is what containers want.
        level: of everything that `module_levels` does not name.
        module_levels: of the code of single modules, by module name.
        most_bytes: a file that has grown beyond is put aside.
        keep: how many files put aside are kept: `x.log.1` is the youngest.
    """

    folder: Path | None = None
    level: str = "info"
    module_levels: Mapping[str, str] = field(default_factory=dict)
    format: LogFormat = LogFormat.TEXT
    most_bytes: int = 10_000_000
    keep: int = 5
