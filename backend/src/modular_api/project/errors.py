"""Errors of finding out which app is meant.

ModularError
└── ConfigurationError
    ├── UsageError            what was asked for is wrong: exit code 2
    │   ├── BadSettings       `[tool.modular_api]` has keys or values nobody knows
    │   ├── NoSource          nothing says which app is meant, or two options do
    │   ├── AppNotFound       `--app` names nothing an app comes from
    │   └── ModulesAreFixed   `--modules` cannot change an app that is built already
    └── AppImportFailed       the code `--app` names raised an exception
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modular_api.errors import ConfigurationError, describe, place_of


class UsageError(ConfigurationError):
    """What the command was asked to do makes no sense; nothing was tried."""


class BadSettings(UsageError):
    """`[tool.modular_api]` cannot be used; `faults` says everything that is wrong."""

    def __init__(self, file: Path, faults: Sequence[str]) -> None:
        self.file = file
        self.faults = tuple(faults)
        lines = "".join(f"\n  - {fault}" for fault in self.faults)
        super().__init__(f"{file}: [tool.modular_api] is wrong:{lines}")


class NoSource(UsageError):
    """Nothing says which app is meant, or two options contradict each other."""


class AppNotFound(UsageError):
    """An import string names nothing an app could come from."""

    def __init__(self, target: str, why: str) -> None:
        self.target = target
        super().__init__(f"There is no app at '{target}': {why}.")


class ModulesAreFixed(UsageError):
    """Modules were chosen for an app that is built already."""

    def __init__(self, target: str) -> None:
        self.target = target
        super().__init__(
            f"'{target}' is an app that is built already, so its modules cannot be "
            "chosen; leave out --modules and --include-uses, or name its AppFactory "
            "in --app."
        )


class AppImportFailed(ConfigurationError):
    """The code an import string names raised an exception."""

    def __init__(self, target: str, cause: BaseException) -> None:
        self.target = target
        self.place = place_of(cause)
        super().__init__(
            f"The app '{target}' cannot be loaded, at {self.place}: {describe(cause)}"
        )
