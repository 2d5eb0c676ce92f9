"""The datafeed's endpoints, in the whole app."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from httpx import AsyncClient

pytestmark = pytest.mark.api

DATAFEED = "/api/v1/datafeed"


async def test_symbols_are_listed(async_client: AsyncClient) -> None:
    """Each with all that is known of it."""
    response = await async_client.get(f"{DATAFEED}/symbols")
    assert response.status_code == 200
    symbols = {each["symbol"]: each for each in response.json()}
    assert {"AAPL", "AMZN", "BTCUSD", "EURUSD", "GOOGL", "MSFT", "NVDA", "TSLA"} == set(
        symbols
    )
    assert symbols["EURUSD"] == {
        "symbol": "EURUSD",
        "description": "Euro in US dollars",
        "kind": "forex",
        "exchange": "FOREX",
        "currency": "USD",
        "tick_size": "0.00001",
    }


async def test_one_symbol_is_described(async_client: AsyncClient) -> None:
    """As it stands in the list."""
    symbols = (await async_client.get(f"{DATAFEED}/symbols")).json()
    response = await async_client.get(f"{DATAFEED}/symbols/{symbols[0]['symbol']}")
    assert response.json() == symbols[0]


async def test_a_quote_carries_prices_as_text_and_an_aware_time(
    async_client: AsyncClient,
) -> None:
    """No digit is lost to floating point, no reader has to guess the zone."""
    response = await async_client.get(f"{DATAFEED}/quotes/AAPL")
    assert response.status_code == 200
    quote = response.json()
    assert quote["symbol"] == "AAPL"
    assert Decimal(quote["bid"]) < Decimal(quote["price"]) < Decimal(quote["ask"])
    assert isinstance(quote["price"], str)
    assert datetime.fromisoformat(quote["time"]).tzinfo is not None


async def test_several_quotes_are_told_at_once(async_client: AsyncClient) -> None:
    """Those that were asked for, or all."""
    some = await async_client.get(
        f"{DATAFEED}/quotes", params={"symbols": ["TSLA", "AAPL"]}
    )
    assert [quote["symbol"] for quote in some.json()] == ["TSLA", "AAPL"]
    assert len((await async_client.get(f"{DATAFEED}/quotes")).json()) == 8


async def test_bars_are_told_oldest_first(async_client: AsyncClient) -> None:
    """Days of a range that is long over."""
    response = await async_client.get(
        f"{DATAFEED}/bars/AAPL",
        params={
            "resolution": "1D",
            "start": "2024-01-01T00:00:00Z",
            "end": "2024-01-04T00:00:00Z",
        },
    )
    assert response.status_code == 200
    bars = response.json()
    assert [bar["time"] for bar in bars] == [
        "2024-01-01T00:00:00Z",
        "2024-01-02T00:00:00Z",
        "2024-01-03T00:00:00Z",
    ]
    assert set(bars[0]) == {"time", "open", "high", "low", "close", "volume"}


async def test_bars_are_of_minutes_unless_asked_otherwise(
    async_client: AsyncClient,
) -> None:
    """Five hours of them."""
    bars = (await async_client.get(f"{DATAFEED}/bars/MSFT")).json()
    assert len(bars) == 300
    times = [datetime.fromisoformat(bar["time"]) for bar in bars[:2]]
    assert (times[1] - times[0]).total_seconds() == 60


@pytest.mark.parametrize(
    "path", ["symbols/NOPE", "quotes/NOPE", "quotes?symbols=NOPE", "bars/NOPE"]
)
async def test_an_unknown_symbol_is_not_found(
    async_client: AsyncClient, path: str
) -> None:
    """As a problem that names it."""
    response = await async_client.get(f"{DATAFEED}/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "'NOPE'" in response.json()["detail"]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("resolution=7", "'1', '5', '15', '60' or '1D'"),
        ("limit=0", "greater than or equal to 1"),
        ("limit=1001", "less than or equal to 1000"),
        ("start=2024-01-01T00:00:00", "timezone"),
        ("end=yesterday", "datetime"),
        (
            "start=2024-01-02T00:00:00Z&end=2024-01-01T00:00:00Z",
            "start must be before end",
        ),
    ],
)
async def test_an_impossible_range_is_refused(
    async_client: AsyncClient, query: str, complaint: str
) -> None:
    """With the reason."""
    response = await async_client.get(f"{DATAFEED}/bars/AAPL?{query}")
    assert response.status_code == 422
    assert complaint in response.json()["detail"][0]["msg"]


@pytest.mark.parametrize(
    "path", ["symbols/{symbol}", "quotes", "quotes/{symbol}", "bars/{symbol}"]
)
async def test_refusals_are_documented(async_client: AsyncClient, path: str) -> None:
    """Clients are generated from the document, so it has to tell of every 404."""
    document = (await async_client.get("/api/v1/openapi.json")).json()
    responses = document["paths"][f"{DATAFEED}/{path}"]["get"]["responses"]
    assert "404" in responses
