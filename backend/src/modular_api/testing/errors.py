"""Errors of the testing tools.

ModularError
├── LiveServerError           a live server did not start, or did not stop, as asked
└── BackgroundLifespanError   a lifespan did not start, or did not end, as asked

The error of the app itself, where there is one, is the `__cause__`.
"""

from __future__ import annotations

from modular_api.errors import ModularError, describe


class LiveServerError(ModularError):
    """A live server did not start, or did not stop, as asked."""


class BackgroundLifespanError(ModularError):
    """A lifespan in the background did not start, or did not end, as asked."""


def reason(error: BaseException | None, otherwise: str) -> str:
    """Return what an error says of itself, or `otherwise` where there is none."""
    return describe(error) if error is not None else otherwise
