"""EventServer: what cannot be timed from outside the loop."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from email.utils import parsedate_to_datetime

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from modular_api.testing import uvicorn_server
from modular_api.testing.uvicorn_server import EventServer


@pytest.mark.parametrize("rounds", range(6))
async def test_a_connection_made_while_stopping_is_closed(
    plain_app: FastAPI, rounds: int
) -> None:
    """However far the loop has come with accepting it when the stop begins."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ready = asyncio.Event()
        server = EventServer(
            uvicorn.Config(plain_app, log_config=None), drain_timeout_s=30
        )
        serving = asyncio.create_task(server.serve_on(listener, ready.set))
        await ready.wait()
        with socket.create_connection(listener.getsockname()) as peer:
            for _ in range(rounds):
                await asyncio.sleep(0)
            server.request_stop()
            async with asyncio.timeout(5):
                await serving
            peer.settimeout(5)
            with suppress(ConnectionResetError):  # it was not even accepted
                assert await asyncio.to_thread(peer.recv, 1) == b""


async def test_the_date_of_a_response_keeps_up(
    plain_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uvicorn makes the header on its tick, which must go on while nothing happens."""
    monkeypatch.setattr(uvicorn_server, "_TICK_S", 0.01)
    clock = [1_000_000_000.0]
    monkeypatch.setattr("uvicorn.server.time.time", lambda: clock[0])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ready = asyncio.Event()
        server = EventServer(
            uvicorn.Config(plain_app, log_config=None), drain_timeout_s=30
        )
        serving = asyncio.create_task(server.serve_on(listener, ready.set))
        await ready.wait()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            before = await _date(client)
            clock[0] += 60
            for _ in range(100):
                await asyncio.sleep(0.01)
                if await _date(client) == before + 60:
                    break
            assert await _date(client) == before + 60
        server.request_stop()
        await serving


async def _date(client: httpx.AsyncClient) -> float:
    response = await client.get("/")
    return parsedate_to_datetime(response.headers["date"]).timestamp()
