"""Errors of the logs.

ModularError
└── NoLogs   a folder has no logs
"""

from __future__ import annotations

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
