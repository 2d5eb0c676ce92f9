"""Apps that run until the test session ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from starlette.applications import Starlette

App = TypeVar("App", bound="Starlette")

_sessions: list[ExitStack] = []
"""What is to be ended with each session; pytest may run inside pytest."""


def begin_session() -> Callable[[], None]:
    """Begin to keep apps running, and return what ends them; the plugin calls both."""
    session = ExitStack()
    _sessions.append(session)

    def end() -> None:
        _sessions.remove(session)
        session.close()

    return end


def keep_running(app: App) -> App:
    """Start an app's lifespan in the background and return the app.

    For functions, which cannot end it as a fixture can: it ends with the test session.

    Raises: BackgroundLifespanError: the lifespan failed (its error is the cause) or was
        too slow, or pytest is not running.
    """
    # The plugin imports this module in every run; whoever runs no app pays nothing.
    from modular_api.testing.background import LifespanInBackground
    from modular_api.testing.errors import BackgroundLifespanError

    if not _sessions:
        raise BackgroundLifespanError(
            "The app would never be ended: no test session is running. Use "
            "`with LifespanInBackground(app)` outside pytest."
        )
    return _sessions[-1].enter_context(LifespanInBackground(app))
