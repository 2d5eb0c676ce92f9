"""A module serves alone, and a module that is not enabled is not there."""

from __future__ import annotations

import pytest
from httpx import ASGITransport, AsyncClient

from trading_api.app_factory import ModularApp
from trading_api.shared.tests.conftest import create_test_app

pytestmark = pytest.mark.integration


def client_of(app: ModularApp) -> AsyncClient:
    """Return a client in the loop of the test."""
    return AsyncClient(transport=ASGITransport(app=app), base_url="http://test")


class TestModuleIsolation:
    """Apps of one module, of none, and of all."""

    async def test_broker_only_app(self, broker_only_app: ModularApp) -> None:
        """The broker answers, the datafeed does not exist."""
        async with client_of(broker_only_app) as client:
            assert (await client.get("/api/v1/broker/accounts")).status_code == 200
            assert (await client.get("/api/v1/datafeed/symbols")).status_code == 404

    async def test_datafeed_only_app(self, datafeed_only_app: ModularApp) -> None:
        """The datafeed answers, the broker does not exist."""
        async with client_of(datafeed_only_app) as client:
            assert (await client.get("/api/v1/datafeed/symbols")).status_code == 200
            assert (await client.get("/api/v1/broker/accounts")).status_code == 404

    async def test_no_modules_app(self, no_modules_app: ModularApp) -> None:
        """Neither exists; the app still answers for itself."""
        async with client_of(no_modules_app) as client:
            assert (await client.get("/api/v1/broker/accounts")).status_code == 404
            assert (await client.get("/api/v1/datafeed/symbols")).status_code == 404
            assert (await client.get("/api/v1/openapi.json")).status_code == 200

    async def test_all_modules(self, async_client: AsyncClient) -> None:
        """Both answer side by side."""
        for path in ("broker/accounts", "datafeed/symbols"):
            assert (await async_client.get(f"/api/v1/{path}")).status_code == 200

    async def test_an_app_made_in_the_test(self) -> None:
        """The pattern of the testing guide: any selection, used as it is."""
        app = create_test_app(enabled_modules=["datafeed"])
        async with client_of(app) as client:
            assert (await client.get("/api/v1/datafeed/symbols")).status_code == 200
            assert (await client.get("/api/v1/broker/accounts")).status_code == 404
