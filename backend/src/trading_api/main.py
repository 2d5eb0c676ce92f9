"""The trading app for a server: `uvicorn trading_api.main:app`."""

from __future__ import annotations

from trading_api.app_factory import AppFactory
from trading_api.settings import Settings

settings = Settings()
app = AppFactory(
    generation=settings.generation,
    peer_urls={name: str(url) for name, url in settings.peer_urls.items()},
).create_app(settings.enabled_modules)
