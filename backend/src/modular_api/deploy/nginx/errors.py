"""Errors of the gateway's configuration.

ModularError
└── NginxError
    ├── NginxMissing      there is no nginx to test or run a configuration with
    └── BadNginxConfig    nginx refuses the configuration; the one before it stays
"""

from __future__ import annotations

from pathlib import Path

from modular_api.errors import ModularError


class NginxError(ModularError):
    """The gateway cannot be configured."""


class NginxMissing(NginxError):
    """There is no nginx on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "nginx is not installed, and nothing else tells whether its configuration "
            "is good. `make install` installs it where apt-get may be used; elsewhere "
            "use the system's package manager, as in `brew install nginx`."
        )


class BadNginxConfig(NginxError):
    """nginx refuses a configuration; nothing was replaced.

    Attributes:
        said: what nginx says about it.
    """

    def __init__(self, file: Path, said: str) -> None:
        self.file = file
        self.said = said
        super().__init__(
            f"nginx refuses what was to become {file}, so it stays: {said}"
        )
