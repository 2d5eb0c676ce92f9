"""Idempotency keys in a file: shared by processes, kept across restarts."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request

from modular_api import Module, SqliteStore, idempotent
from modular_api.app.modular_app import ModularApp
from modular_api.errors import ConfigurationError
from modular_api.module.idempotency_store import Claim, IdempotencyStore, KeptAnswer

ANSWER = KeptAnswer(201, ((b"x-shop", b"caf\xe9"),), b"\x00pen")

CLAIMING = """
import asyncio, sys
from modular_api import SqliteStore

async def claim_all():
    store = SqliteStore(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[2])):
        if await store.claim(f"key {number}", "f") is None:
            print(number, flush=True)
    print("done", flush=True)
    sys.stdin.readline()

asyncio.run(claim_all())
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where keys are kept; the folder is missing yet."""
    return tmp_path / "local" / "keys.sqlite3"


def claiming(file: Path, keys: int) -> subprocess.Popen[str]:
    """Start a process that claims so many keys once it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIMING, str(file), str(keys)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def tell(process: subprocess.Popen[str]) -> None:
    """Let it go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def claimed_by(process: subprocess.Popen[str]) -> list[int]:
    """Read what it got, until it is done."""
    assert process.stdout is not None
    return [int(line) for line in iter(process.stdout.readline, "done\n")]


async def test_an_answer_outlives_the_store_that_kept_it(file: Path) -> None:
    """As it does a process: a new one finds it, byte for byte."""
    first = SqliteStore(file)
    assert isinstance(first, IdempotencyStore)
    assert await first.claim("k", "f") is None
    assert await first.claim("k", "g") == Claim("f")
    await first.keep("k", Claim("f", ANSWER))
    assert await SqliteStore(file).claim("k", "g") == Claim("f", ANSWER)


async def test_a_released_key_is_free(file: Path) -> None:
    """Whoever comes next takes it."""
    store = SqliteStore(file)
    assert await store.claim("k", "f") is None
    await store.release("k")
    assert await store.claim("k", "g") is None
    assert await store.claim("k", "h") == Claim("g")


def test_two_processes_never_get_the_same_key(file: Path) -> None:
    """They claim a hundred at the same time; each key has one owner."""
    processes = [claiming(file, 100) for _ in range(2)]
    for process in processes:
        tell(process)
    got = [claimed_by(process) for process in processes]
    for process in processes:
        tell(process)
        assert process.wait(10) == 0
        process.communicate()
    assert sorted(got[0] + got[1]) == list(range(100))


async def test_what_a_killed_process_did_is_not_done_again(file: Path) -> None:
    """While it may be alive the key is taken; later it answers that nobody knows."""
    process = claiming(file, 1)
    tell(process)
    assert claimed_by(process) == [0]
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.communicate()
    assert await SqliteStore(file).claim("key 0", "f") == Claim("f")
    claim = await SqliteStore(file, unanswered_s=0.0).claim("key 0", "f")
    assert claim is not None and claim.answer is not None
    assert claim.answer.status == 500
    assert b"not known" in claim.answer.body


async def test_a_late_answer_is_kept(file: Path) -> None:
    """A request that took longer than expected tells what it did after all."""
    store = SqliteStore(file, unanswered_s=0.0)
    await store.claim("k", "f")
    await store.keep("k", Claim("f", ANSWER))
    assert await store.claim("k", "f") == Claim("f", ANSWER)


async def test_it_forgets_what_is_too_old(file: Path, monkeypatch: Any) -> None:
    """Then the key is free, and the file does not grow for ever."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    store = SqliteStore(file, ttl_s=60)
    await store.claim("k", "f")
    await store.keep("k", Claim("f", ANSWER))
    now += 59
    assert await store.claim("k", "f") is not None
    now += 1
    assert await store.claim("k", "g") is None


async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """With what is wrong with it, and what to do."""
    plain = tmp_path / "plain"
    plain.write_text("no database, and longer than the header of one " * 3)
    for file in (plain, plain / "keys.sqlite3"):
        with pytest.raises(
            ConfigurationError, match=rf"SqliteStore\('{file}'\): .*disk"
        ):
            await SqliteStore(file).claim("k", "f")


async def test_instances_answer_for_one_another(file: Path) -> None:
    """Even for a request that was cancelled: nobody knows what it did."""
    acted: list[str] = []
    entered = asyncio.Event()

    def instance() -> httpx.AsyncClient:
        router = APIRouter()

        @router.post("/orders")
        @idempotent
        async def order(request: Request, slow: bool = False) -> int:
            acted.append("order")
            entered.set()
            await asyncio.sleep(30 if slow else 0)
            return len(acted)

        module = Module(
            routers={"v1": router}, idempotency_store=SqliteStore(file, unanswered_s=30)
        )
        app = ModularApp([module.create_app("shop")])
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://t/api/v1/shop")

    async with instance() as one, instance() as other:
        for client in (one, other, one):
            answer = await client.post("/orders", headers={"Idempotency-Key": "k"})
            assert (answer.status_code, answer.json()) == (200, 1)
        assert answer.headers["idempotency-replayed"] == "true"

        entered.clear()
        again: dict[str, Any] = {"headers": {"Idempotency-Key": "s"}}
        cancelled = asyncio.create_task(one.post("/orders?slow=1", **again))
        await entered.wait()
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert (await other.post("/orders?slow=1", **again)).status_code == 500
        assert acted == ["order", "order"]
