"""Errors of the logs.

ModularError
├── NoLogs         a folder has no logs
└── NoSuchModule   there is no module of this name
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modular_api.errors import ModularError


class NoLogs(ModularError):
    """A folder has no logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"There are no logs in {folder}; start something with "
            "`modular-api manager start`, or name its folder with --local-dir."
        )


class NoSuchModule(ModularError):
    """There is no module of this name whose lines could be shown."""

    def __init__(self, names: Sequence[str], known: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            f"There is no module {', '.join(names)}; there are: {', '.join(known)}."
        )
