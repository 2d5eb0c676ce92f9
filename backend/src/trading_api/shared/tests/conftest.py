"""How every tier of tests makes a trading app."""

from __future__ import annotations

from collections.abc import Sequence

from modular_api.testing import keep_running
from trading_api.app_factory import AppFactory, ModularApp


def create_test_app(enabled_modules: Sequence[str] | None = None) -> ModularApp:
    """Return a new trading app, running in the background until the session ends.

    So any client of any loop can use it as it is:
    `AsyncClient(transport=ASGITransport(app=app), base_url="http://test")`.

    Args:
        enabled_modules: exactly these modules; None for all, `[]` for none.
    """
    app = AppFactory().create_app(enabled_module_names=enabled_modules)
    return keep_running(app)
