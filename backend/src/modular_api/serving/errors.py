"""Errors of serving an app.

ModularError
├── StartRefused   the app answered the server's start with a refusal
└── PidFileError   a pid file cannot be read, written or taken over
"""

from __future__ import annotations

from modular_api.errors import ModularError


class StartRefused(ModularError):
    """The app told the server that it did not start, and raised nothing."""

    def __init__(self, said: str) -> None:
        super().__init__(f"The app did not start: {said or 'it gave no reason'}")


class PidFileError(ModularError):
    """A pid file cannot be read, written or taken over."""
