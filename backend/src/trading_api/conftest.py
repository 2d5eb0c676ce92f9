"""Says how the app of the modules' tests is made.

The fixtures themselves (`apps app ws_apps client async_client running_server
fresh_server`) come with the plugin of `modular_api.testing`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trading_api.app_factory import AppFactory, ModularApp


@pytest.fixture(scope="session")
def create_app() -> Callable[[], ModularApp]:
    """Make a new app of all trading modules, not started."""
    return AppFactory().create_app
