"""Errors of the testing tools.

ModularError
├── LiveServerError           a live server did not start, or did not stop, as asked
│   └── PortTaken             somebody listens on the wanted port already
└── BackgroundLifespanError   a lifespan did not start, or did not end, as asked

The error of the app itself, where there is one, is the `__cause__`.
"""

from __future__ import annotations

from modular_api.errors import ModularError, describe


class LiveServerError(ModularError):
    """A live server did not start, or did not stop, as asked."""


class PortTaken(LiveServerError):
    """Somebody listens on the wanted port already."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        super().__init__(
            f"Port {port} on {host} is taken: another process, or another server of "
            "this one, listens there. Stop it, or leave `port` out to get a free one."
        )


class BackgroundLifespanError(ModularError):
    """A lifespan in the background did not start, or did not end, as asked."""


def reason(error: BaseException | None, otherwise: str) -> str:
    """Return what an error says of itself, or `otherwise` where there is none."""
    return describe(error) if error is not None else otherwise
